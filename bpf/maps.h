/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * maps.h - the maps of the data path. The loader pins them by name and is the
 * only writer unless said otherwise.
 */
#ifndef BPF_MAPS_H
#define BPF_MAPS_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "headers.h"
#include "sgate/abi.h"

/*
 * Address of the value of an array of one: an instruction, where a look-up is a dozen.
 * Of each instruction that refers to such a map the loader makes one that refers to
 * its value (loader/kern/map_value.c). So no such map is passed to a helper.
 */
#define MAP_VALUE(map) ((void *)&(map))

/* Key: interface index. Value: its binding, all zeroes for none. Never full: it is an array. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SG_NEAR_IFINDEXES);
	__type(key, __u32);
	__type(value, struct sg_binding);
} sg_bindings SEC(".maps");

/* The same, for what few packets need. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SG_NEAR_IFINDEXES);
	__type(key, __u32);
	__type(value, struct sg_rest);
} sg_rest SEC(".maps");

/* Both for interface indexes from SG_NEAR_IFINDEXES on. Full: the attach is refused. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, SG_SLOTS(SG_INSTANCES));
	__type(key, __u32);
	__type(value, struct sg_far);
} sg_bindings_far SEC(".maps");

/* Key: node of the policy heap. Full: the change is refused and the old policy kept. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__uint(value_size, SG_HEAP_NODES * sizeof(union sg_node));
} sg_heap SEC(".maps");

/*
 * Key: SG_COUNTER_INDEX. The programs add, each CPU in its own part; the loader
 * reads, and clears what a slot has when nobody has the slot any more. The
 * loader sets the size: a part for each CPU, in it a slot for each instance.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sg_counter);
} sg_counters SEC(".maps");

/* One entry, for the loader alone; here so that it is made and pinned with the others. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sg_meta);
} sg_meta SEC(".maps");

/*
 * Key: bucket. Entries of IPv4. Full where a new connection is to be: it is refused, see
 * connection.h. The programs write, under the bucket's lock; the loader clears
 * entries that have no owner any more. The loader sets the size.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SG_BUCKETS);
	__type(key, __u32);
	__type(value, struct sg_bucket);
} sg_connections SEC(".maps");

/* The same for IPv6. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SG_BUCKETS);
	__type(key, __u32);
	__type(value, struct sg_bucket6);
} sg_connections6 SEC(".maps");

/* Key: bucket. The tags of its entries; written and sized likewise. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SG_BUCKETS);
	__type(key, __u32);
	__type(value, struct sg_tags);
} sg_tags SEC(".maps");

/*
 * Buckets of the table less one: that of the maps, which are pinned when the loader puts it
 * here. The verifier knows it, so it makes any number an index of what follows.
 */
const volatile __u32 sg_bucket_mask;

/* A struct sg_hints a bucket. Written by the programs alone, under the bucket's lock. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE); /* for whole pages, so that lines are not cut */
	__uint(max_entries, 1);
	__type(key, __u32);
	__uint(value_size, SG_BUCKETS * sizeof(struct sg_hints));
} sg_hints SEC(".maps");

/* By SG_REMOTE_INDEX. The programs count, and the loader for entries that it clears. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__uint(value_size, SG_BUCKETS *SG_BUCKET_REMOTES * sizeof(sg_remote));
} sg_remotes SEC(".maps");

/* A bit of each of those that is not 0, of some that are. The programs alone write. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE); /* for whole pages, so that lines are not cut */
	__uint(max_entries, 1);
	__type(key, __u32);
	__uint(value_size, SG_BUCKETS *SG_BUCKET_REMOTES / SG_REMOTE_MARKS * sizeof(__u64));
} sg_remote_marks SEC(".maps");

/*
 * A struct sg_steady a bucket: what most packets find instead of their entry. Written by the
 * programs alone, under the bucket's lock.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE); /* for whole pages, so that lines are not cut */
	__uint(max_entries, 1);
	__type(key, __u32);
	__uint(value_size, SG_BUCKETS * sizeof(struct sg_steady));
} sg_steady SEC(".maps");

/* Key: bucket modulo SG_LOCKS. Apart from the buckets, which are memory of the loader as well. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SG_LOCKS);
	__type(key, __u32);
	__type(value, struct sg_lock);
} sg_locks SEC(".maps");

/*
 * Key: slot. The programs count, under the share's own lock; the loader sets
 * limits and epochs, and the size.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SG_SLOTS(SG_INSTANCES));
	__type(key, __u32);
	__type(value, struct sg_share);
} sg_shares SEC(".maps");

/* Written by the loader alone. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sg_settings);
} sg_settings SEC(".maps");

/*
 * What the rules said of the last plain packet on this CPU. Images are never
 * changed and a policy word is never used again, so they say it of the next one
 * with the same values too: packets often come in trains.
 */
struct sg_last {
	__u64 policy; /* word; 0: there was none */
	__u64 remote[2];
	__u32 key; /* LAST_KEY */
	__u32 decision;
	__u64 asked; /* the lower half of the remote address that was asked for last */
};

/*
 * What is read of the packet at hand, for nobody beyond it. Not on the stack:
 * the verifier follows every value that a stack holds, and none in a map, so
 * its work stays in proportion to the program.
 */
struct sg_scratch {
	struct headers headers;
	struct headers quoted; /* of the packet inside of an ICMP error */
	struct flow flow;      /* of the one or the other */
	struct place place;    /* of that flow, once it is looked for */
	__u32 length;	       /* of the frame, in bytes */
	__u32 slot;	       /* that is counted for; 0: none's */
	__u32 judged;	       /* what connection_judged() said of a plain packet */
	__u32 steady_run;      /* plain packets one after the other that a word was found for */
	struct sg_last last;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sg_scratch);
} sg_scratch SEC(".maps");

/*
 * Accepted first fragments, written by the programs alone. Full: the one that
 * was used least lately goes, and what remains of its packet is dropped.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SG_MAX_FRAGMENTS);
	__type(key, struct sg_fragment_key);
	__type(value, struct sg_fragment);
} sg_fragments SEC(".maps");

#endif
