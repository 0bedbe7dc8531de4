/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * lock.h - locks of the connection table, one for every SG_LOCKSth bucket or
 * word of marks. Nobody holds two.
 */
#ifndef BPF_LOCK_H
#define BPF_LOCK_H

#include "maps.h"

static __always_inline struct sg_lock *lock_get(__u32 number)
{
	__u32 index = number & (SG_LOCKS - 1);

	return bpf_map_lookup_elem(&sg_locks, &index);
}

#endif
