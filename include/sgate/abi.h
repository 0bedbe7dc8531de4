/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * abi.h - the bytes that the BPF programs and the loader share: with the
 * headers it includes, everything that lies in a pinned map.
 *
 * Change a layout and SG_ABI_VERSION goes up.
 */
#ifndef SGATE_ABI_H
#define SGATE_ABI_H

#include <linux/types.h>

#include "sgate/connection.h"
#include "sgate/limits.h"
#include "sgate/policy.h"
#include "sgate/reason.h"

#define SG_ABI_VERSION 14

/*
 * What the packets of one interface meet. The loader writes `policy` last and
 * with one store, so a packet sees the old policy or the new one, whole. An
 * entry that is all zeroes is no entry: its packets are dropped.
 *
 * It is read for every packet, so it is short: those of thousands of interfaces
 * stay in the caches.
 */
struct sg_binding {
	__u64 policy;  /* SG_POLICY_WORD; 0: none */
	__u32 owner;   /* SG_OWNER: the instance's slot, from 1 on, and epoch */
	__u32 options; /* SG_OPTION_* */
};

/* What few packets need of it. */
struct sg_rest {
	__be16 ethertype[SG_MAX_ETHERTYPES]; /* allowed beside IP and ARP; 0: unused */
	__u32 guard; /* heap index of the guard image's root; 0: addresses are not known */
	__u32 share; /* connections that it may have; half of them unreplied */
	/*
	 * Programs are just being put on an interface that is in use: until then
	 * (units of sg_settings), TCP segments that begin no connection pass, so that
	 * those of running ones are still answered and the answers make their entries.
	 * 0 when that is over; the time is for a loader that dies meanwhile.
	 */
	__u32 starts_until;
	__u32 reserved;
};

/* Both, of an interface index from SG_NEAR_IFINDEXES on. */
struct sg_far {
	struct sg_binding binding;
	struct sg_rest rest;
};

/*
 * Heap index of the image's root, its generation in the high half, and between
 * them a bit for each SG_LAYERS_INDEX, set where the image's layers have no
 * SG_LAYERS_REPLIES_ACCEPTED: then the connection table is asked before the rules,
 * and most packets are known without a look at the image. Whatever the bit says, the
 * image decides.
 */
#define SG_POLICY_WORD(root, generation) ((__u64)(generation) << 32 | (__u32)(root))
#define SG_POLICY_STATEFUL(index) (1U << (SG_POLICY_ROOT_BITS + (index)))
#define SG_POLICY_ROOT_BITS 24
#define SG_POLICY_ROOT(word) ((__u32)(word) & ((1U << SG_POLICY_ROOT_BITS) - 1))
#define SG_POLICY_GENERATION(word) ((__u32)((word) >> 32))

/* The instance is at the other end of the interface: what is received is its egress. */
#define SG_OPTION_GUEST 0x1U
/* Neighbour discovery, MLD and DHCP are judged by the rules as well. */
#define SG_OPTION_STRICT 0x2U
/* Frames begin with the IP header: the interface has no link layer of its own. */
#define SG_OPTION_NO_LINK_HEADER 0x4U
/* Its sg_rest has a guard, or a time in starts_until. */
#define SG_OPTION_GUARDED 0x8U
#define SG_OPTION_STARTING 0x10U

/* How the programs are attached, for the loader that takes them off again. */
#define SG_OPTION_RX_SHIFT 8  /* enum sg_hook of received packets */
#define SG_OPTION_TX_SHIFT 12 /* enum sg_hook of sent packets */
#define SG_OPTION_HOOK_MASK 0xfU
/* The clsact qdisc was not there before: removed with the last filter. */
#define SG_OPTION_OWN_CLSACT 0x10000U

enum sg_hook {
	SG_HOOK_NONE,
	SG_HOOK_TCX,
	SG_HOOK_CLSACT,
	SG_HOOK_XDP,
	SG_HOOK_XDP_GENERIC,
};

struct sg_counter {
	__u64 packets; /* as on the wire: a GSO packet counts its segments */
	__u64 bytes;   /* with the link header */
};

/* All of one slot. */
struct sg_counters {
	struct sg_counter by[2][SG_MAX_REASONS]; /* enum sg_direction, enum sg_reason */
};

/*
 * Where they are: a part for each CPU, in it a row for each direction and
 * reason, in that a counter for each slot. Most packets have one reason, so
 * what they count lies close together, however many instances they are of.
 */
struct sg_counter_layout {
	__u32 slots;
	__u32 part; /* counters of a CPU, and what is left of their last page */
};

#define SG_COUNTER_ROW(direction, reason) ((direction)*SG_MAX_REASONS + (reason))
#define SG_COUNTER_ROWS SG_COUNTER_ROW(2, 0)
#define SG_COUNTER_INDEX(layout, cpu, row, slot) \
	((cpu) * (layout).part + (row) * (layout).slots + (slot))

/* Space that was given up and may still be read until a grace period has passed. */
struct sg_extent {
	__u32 first; /* heap index */
	__u32 nodes;
};

#define SG_MAX_DIRTY_EXTENTS 64

/* What the loader must know of these maps; the programs do not read it. */
struct sg_meta {
	__u32 abi_version;
	__u32 last_generation; /* of an image */
	__u64 netns_device;    /* st_dev and st_ino of the network namespace whose */
	__u64 netns_inode;     /* interface indexes the bindings mean */
	__u64 programs;	       /* hash of the BPF objects that are pinned */
	__u32 dirty_count;
	__u32 near_end; /* no entry of sg_bindings was written from this index on */
	__u64 store;	/* of the state directory whose instances the bindings are; 0: nobody's */
	struct sg_extent dirty[SG_MAX_DIRTY_EXTENTS];
};

_Static_assert(SG_HEAP_NODES < 1U << SG_POLICY_ROOT_BITS, "a root fits below the bits");
_Static_assert(sizeof(struct sg_binding) == 16, "four in a cache line");
_Static_assert(sizeof(struct sg_rest) == 32, "half a cache line");
_Static_assert(sizeof(struct sg_far) == 48, "no padding");
_Static_assert(sizeof(struct sg_counter) == 16, "never in two cache lines");
_Static_assert(sizeof(struct sg_counters) == 768, "no padding");
_Static_assert(__builtin_offsetof(struct sg_meta, dirty) == 48, "no padding");
_Static_assert(sizeof(struct sg_meta) == 560, "no padding");

#endif
