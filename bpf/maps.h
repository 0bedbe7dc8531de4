/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * maps.h - the maps of the data path. The loader pins them by name and is the
 * only writer unless said otherwise.
 */
#ifndef BPF_MAPS_H
#define BPF_MAPS_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "sgate/abi.h"

/* Key: interface index. Value: its binding, all zeroes for none. Never full: it is an array. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SG_NEAR_IFINDEXES);
	__type(key, __u32);
	__type(value, struct sg_binding);
} sg_bindings SEC(".maps");

/* The same for interface indexes from SG_NEAR_IFINDEXES on. Full: the attach is refused. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, SG_MAX_SLOTS);
	__type(key, __u32);
	__type(value, struct sg_binding);
} sg_bindings_far SEC(".maps");

/* Key: node of the policy heap. Full: the change is refused and the old policy kept. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SG_HEAP_NODES);
	__type(key, __u32);
	__type(value, union sg_node);
} sg_heap SEC(".maps");

/* Key: slot. The programs add, the loader reads, and clears when a slot gets a new instance. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SG_MAX_SLOTS);
	__type(key, __u32);
	__type(value, struct sg_counters);
} sg_counters SEC(".maps");

/* One entry, for the loader alone; here so that it is made and pinned with the others. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sg_meta);
} sg_meta SEC(".maps");

#endif
