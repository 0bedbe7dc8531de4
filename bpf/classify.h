/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * classify.h - search the policy image: the rules of both groups in at most
 * three pairs of tree searches, whatever their number (include/sgate/policy.h).
 *
 * The plain packet (plain.h) searches in the program itself, since a call costs
 * as much as a level of a tree. All others call sg_decide, which the verifier
 * checks once and not for every way that leads to it.
 */
#ifndef BPF_CLASSIFY_H
#define BPF_CLASSIFY_H

#include "maps.h"
#include "packet.h"

/* What a search returns besides an answer, which has at most 31 bits. */
#define SEARCH_FAILED 0xffffffffU /* a node could not be read: nothing that was found counts */

static __always_inline const union sg_node *heap_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&sg_heap, &zero);
}

static __always_inline const union sg_node *heap_node(const union sg_node *heap, __u32 index)
{
	__u64 at = index;

	/* what is compared is what is used, also for the compiler */
	SG_OPAQUE(at);
	return at < SG_HEAP_NODES ? heap + at : NULL;
}

/* The answer of the tree of 32-bit starts at heap index `tree`, or SG_DECISION_NONE. */
static __always_inline __u32 search_32(const union sg_node *heap, __u32 tree, __u32 key)
{
	/* of a node at heap index n the leftmost child is at tree + (n - tree) * fanout + 1 */
	__u32 answer = SG_DECISION_NONE, at = tree, bias = 1 - tree * (SG_FANOUT_32 - 1);

	NO_UNROLL
	for (int level = 0; level < SG_MAX_LEVELS_32; level++) {
		const union sg_node *node = heap_node(heap, at);

		if (!node)
			return SEARCH_FAILED;
		if (!sg_node32_step(&node->n32, key, at * SG_FANOUT_32 + bias, &at, &answer))
			return answer;
	}
	return SEARCH_FAILED;
}

/* The same in a port list, a little faster. */
static __always_inline __u32 search_ports(const union sg_node *heap, __u32 list, __u32 key)
{
	__u32 answer = SG_DECISION_NONE, at = list, bias = 1 - list * (SG_FANOUT_32 - 1);
	__u64 lanes = sg_ports_lanes(key);

	NO_UNROLL
	for (int level = 0; level < SG_MAX_LEVELS_32; level++) {
		const union sg_node *node = heap_node(heap, at);

		if (!node)
			return SEARCH_FAILED;
		if (!sg_ports_step(&node->n32, lanes, at * SG_FANOUT_32 + bias, &at, &answer))
			return answer;
	}
	return SEARCH_FAILED;
}

/* The same for 64-bit starts; the answer comes with SG_ANSWER_LOW_HALF. */
static __always_inline __u32 search_64(const union sg_node *heap, __u32 tree, __u64 key)
{
	/* of a node at heap index n the leftmost child is at tree + (n - tree) * fanout + 1 */
	__u32 answer = SG_DECISION_NONE, at = tree, bias = 1 - tree * (SG_FANOUT_64 - 1);

	NO_UNROLL
	for (int level = 0; level < SG_MAX_LEVELS_64; level++) {
		const union sg_node *node = heap_node(heap, at);

		if (!node)
			return SEARCH_FAILED;
		if (!sg_node64_step(&node->n64, key, at * SG_FANOUT_64 + bias, &at, &answer))
			return answer;
	}
	return SEARCH_FAILED;
}

/* The answer of an address tree of the image at `root`, or SG_DECISION_NONE. */
static __always_inline __u32 search_address(const union sg_node *heap, __u32 root, __u32 tree,
					    __u8 family, __u64 high, __u64 low)
{
	__u32 answer;

	if (family == SG_IPV4)
		return search_32(heap, root + tree, low);
	answer = search_64(heap, root + tree, high);
	if (answer != SEARCH_FAILED && answer & SG_ANSWER_LOW_HALF)
		answer = search_64(heap, root + (answer & SG_ANSWER_VALUE), low);
	return answer;
}

/* The decision of a layer with addresses. */
static __always_inline __u32 search_layer(const union sg_node *heap, __u32 root, __u32 tree,
					  __u8 family, __u64 high, __u64 low, __u32 key)
{
	__u32 ports;

	if (!tree)
		return SG_DECISION_NONE;
	ports = search_address(heap, root, tree, family, high, low);
	if (ports == SEARCH_FAILED)
		return SEARCH_FAILED;
	if (!ports || ports == SG_DECISION_NONE)
		return SG_DECISION_NONE;
	return search_ports(heap, root + ports, key);
}

/* The decision of a list. */
static __always_inline __u32 search_list(const union sg_node *heap, __u32 list, __u32 nodes,
					 __u8 family, __u64 high, __u64 low, __u32 key)
{
	NO_UNROLL
	for (__u32 i = 0; i < SG_MAX_LINES && i < nodes; i++) {
		const union sg_node *node = heap_node(heap, list + i);

		if (!node)
			return SEARCH_FAILED;
		if (family == SG_IPV6) {
			if (sg_line64_matches(&node->list64, high, low, key))
				return node->list64.decision;
			continue;
		}
		SG_UNROLL
		for (int j = 0; j < SG_LINES_32; j++) {
			if (sg_line32_matches(&node->list32.line[j], low, key))
				return node->list32.line[j].decision;
		}
	}
	return SG_DECISION_NONE;
}

/* What the image says of a packet, and what it says of all of them. */
#define DECISION_NO_GROUP_DROP 0xfffffff0U
#define DECISION_NO_GROUP_PASS 0xfffffff1U

static __always_inline const struct sg_layers *layers_of(const union sg_node *heap, __u32 root,
							 __u32 direction, __u8 family)
{
	const union sg_node *node = heap_node(heap, root);

	/* the mask changes nothing; it is for the verifier */
	return node ? &node->root.layers[SG_LAYERS_INDEX(direction, family) & 3] : NULL;
}

/*
 * The decision of the image at `root`: of its layers' decisions the smallest
 * wins. The address is that of the remote side.
 */
static __always_inline __u32 decide(const union sg_node *heap, __u32 root,
				    const struct sg_layers *layers, __u8 family, __u64 high,
				    __u64 low, __u32 key)
{
	__u32 any = SG_DECISION_NONE, narrow, wide;

	if (layers->flags & SG_LAYERS_NO_GROUP_PASS)
		return DECISION_NO_GROUP_PASS;
	if (layers->flags & SG_LAYERS_NO_GROUP_DROP)
		return DECISION_NO_GROUP_DROP;
	if (layers->flags & SG_LAYERS_LIST)
		return search_list(heap, root + layers->any, layers->narrow, family, high, low,
				   key);
	if (layers->any)
		any = search_ports(heap, root + layers->any, key);
	narrow = search_layer(heap, root, layers->narrow, family, high, low, key);
	wide = search_layer(heap, root, layers->wide, family, high, low, key);
	if (any == SEARCH_FAILED || narrow == SEARCH_FAILED || wide == SEARCH_FAILED)
		return SEARCH_FAILED;
	if (narrow < any)
		any = narrow;
	return wide < any ? wide : any;
}

/* The same from its root on; `which` is SG_LAYERS_INDEX. */
__noinline __u32 sg_decide(__u32 root, __u32 which, __u64 high, __u64 low, __u32 key)
{
	const union sg_node *heap = heap_get();
	const struct sg_layers *layers =
		heap ? layers_of(heap, root, which >> 1 & 1, which & 1) : NULL;

	return layers ? decide(heap, root, layers, which & 1, high, low, key) : SEARCH_FAILED;
}

/* An address tree on its own, for guards. */
__noinline __u32 sg_search_address(__u32 root, __u32 tree, __u32 family, __u64 high, __u64 low)
{
	const union sg_node *heap = heap_get();

	return heap ? search_address(heap, root, tree, family, high, low) : SEARCH_FAILED;
}

__noinline __u32 sg_search_64(__u32 tree, __u64 key)
{
	const union sg_node *heap = heap_get();

	return heap ? search_64(heap, tree, key) : SEARCH_FAILED;
}

static __always_inline enum sg_reason decision_reason(__u32 decision)
{
	switch (decision) {
	case SEARCH_FAILED:
		return SG_REASON_POLICY_UNREADABLE;
	case DECISION_NO_GROUP_DROP:
		return SG_REASON_NO_GROUP;
	case DECISION_NO_GROUP_PASS:
		return SG_REASON_NO_GROUP_PASS;
	case SG_DECISION_NONE:
		return SG_REASON_NO_RULE;
	default:
		return decision & 1 ? SG_REASON_RULE_ACCEPT : SG_REASON_RULE_DENY;
	}
}

/* What the rules say of a packet of the instance. */
static __always_inline enum sg_reason classify(__u64 policy, const struct headers *headers,
					       __u32 direction)
{
	bool in = direction == SG_INGRESS;

	return decision_reason(sg_decide(SG_POLICY_ROOT(policy),
					 SG_LAYERS_INDEX(direction, headers->family),
					 in ? headers->source[0] : headers->destination[0],
					 in ? headers->source[1] : headers->destination[1],
					 SG_PORT_KEY(headers->protocol, headers->low16)));
}

#endif
