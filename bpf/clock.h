/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * clock.h - the time of the connection table: jiffies, since reading them
 * costs no call, in units of about a quarter of a second.
 */
#ifndef BPF_CLOCK_H
#define BPF_CLOCK_H

#include "maps.h"

static __always_inline const struct sg_settings *settings_get(void)
{
	return MAP_VALUE(sg_settings);
}

/* It wraps around after thirty years; only differences are ever compared. */
static __always_inline __u32 clock_now(const struct sg_settings *settings)
{
	return (__u32)(bpf_jiffies64() >> (settings->clock_shift & 31)) + settings->clock_offset;
}

static __always_inline bool is_past(const struct sg_settings *settings, __u8 phase, __u32 seen,
				    __u32 now)
{
	return (__s32)(now - seen) > (__s32)settings->timeout[phase & 15];
}

static __always_inline bool is_expired(const struct sg_settings *settings,
				       const struct sg_connection *entry, __u32 now)
{
	return is_past(settings, entry->phase, entry->seen, now);
}

#endif
