/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * classify.h - search the policy image: the rules of both groups in at most
 * three pairs of tree searches, whatever their number (include/sgate/policy.h).
 *
 * The searches are functions of their own with nothing but integers: the
 * verifier checks them once and not for every way that leads to them, so the
 * programs load on every kernel, and a packet touches less code.
 */
#ifndef BPF_CLASSIFY_H
#define BPF_CLASSIFY_H

#include "maps.h"
#include "packet.h"

/* What a search returns besides an answer, which has at most 31 bits. */
#define SEARCH_FAILED 0xffffffffU /* a node could not be read: nothing that was found counts */

static __always_inline const union sg_node *heap_node(__u32 index)
{
	return bpf_map_lookup_elem(&sg_heap, &index);
}

/* The answer of the tree of 32-bit starts at heap index `tree`, or SG_DECISION_NONE. */
__noinline __u32 sg_search_32(__u32 tree, __u32 key)
{
	__u32 answer = SG_DECISION_NONE, index = 0;

	for (int level = 0; level < SG_MAX_LEVELS_32; level++) {
		const union sg_node *node = heap_node(tree + index);

		if (!node)
			return SEARCH_FAILED;
		if (!sg_node32_step(&node->n32, key, &index, &answer))
			return answer;
	}
	return SEARCH_FAILED;
}

/* The same for 64-bit starts; the answer comes with SG_ANSWER_LOW_HALF. */
__noinline __u32 sg_search_64(__u32 tree, __u64 key)
{
	__u32 answer = SG_DECISION_NONE, index = 0;

	for (int level = 0; level < SG_MAX_LEVELS_64; level++) {
		const union sg_node *node = heap_node(tree + index);

		if (!node)
			return SEARCH_FAILED;
		if (!sg_node64_step(&node->n64, key, &index, &answer))
			return answer;
	}
	return SEARCH_FAILED;
}

/* The answer of an address tree of the image at `root`, or SG_DECISION_NONE. */
static __always_inline __u32 search_address(__u32 root, __u32 tree, __u8 family, __u64 high,
					    __u64 low)
{
	__u32 answer;

	if (family == SG_IPV4)
		return sg_search_32(root + tree, low);
	answer = sg_search_64(root + tree, high);
	if (answer != SEARCH_FAILED && answer & SG_ANSWER_LOW_HALF)
		answer = sg_search_64(root + (answer & SG_ANSWER_VALUE), low);
	return answer;
}

/* The decision of a layer with addresses. */
static __always_inline __u32 search_layer(__u32 root, __u32 tree, __u8 family, __u64 high,
					  __u64 low, __u32 key)
{
	__u32 ports;

	if (!tree)
		return SG_DECISION_NONE;
	ports = search_address(root, tree, family, high, low);
	if (ports == SEARCH_FAILED)
		return SEARCH_FAILED;
	if (!ports || ports == SG_DECISION_NONE)
		return SG_DECISION_NONE;
	return sg_search_32(root + ports, key);
}

/* What the image says of a packet, and what it says of all of them. */
#define DECISION_NO_GROUP_DROP 0xfffffff0U
#define DECISION_NO_GROUP_PASS 0xfffffff1U

static __always_inline const struct sg_layers *layers_of(__u32 root, __u32 direction, __u8 family)
{
	const union sg_node *node = heap_node(root);

	/* the mask changes nothing; it is for the verifier */
	return node ? &node->root.layers[SG_LAYERS_INDEX(direction, family) & 3] : NULL;
}

/*
 * The decision of the image at `root`: of its layers' decisions the smallest
 * wins. `which` is SG_LAYERS_INDEX, the address that of the remote side.
 */
__noinline __u32 sg_decide(__u32 root, __u32 which, __u64 high, __u64 low, __u32 key)
{
	const struct sg_layers *layers = layers_of(root, which >> 1 & 1, which & 1);
	__u32 any = SG_DECISION_NONE, narrow, wide;
	__u8 family = which & 1;

	if (!layers)
		return SEARCH_FAILED;
	if (layers->flags & SG_LAYERS_NO_GROUP_PASS)
		return DECISION_NO_GROUP_PASS;
	if (layers->flags & SG_LAYERS_NO_GROUP_DROP)
		return DECISION_NO_GROUP_DROP;
	if (layers->any)
		any = sg_search_32(root + layers->any, key);
	narrow = search_layer(root, layers->narrow, family, high, low, key);
	wide = search_layer(root, layers->wide, family, high, low, key);
	if (any == SEARCH_FAILED || narrow == SEARCH_FAILED || wide == SEARCH_FAILED)
		return SEARCH_FAILED;
	if (narrow < any)
		any = narrow;
	return wide < any ? wide : any;
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
