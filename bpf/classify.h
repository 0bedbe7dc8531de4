/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * classify.h - search the policy image: the rules of both groups in at most
 * three pairs of tree searches, whatever their number (include/sgate/policy.h).
 */
#ifndef BPF_CLASSIFY_H
#define BPF_CLASSIFY_H

#include "maps.h"
#include "packet.h"

/*
 * What a search returns besides an answer, which has at most 31 bits.
 *
 * The searches are functions of their own with nothing but integers: the
 * verifier checks them once and not for every way that leads to them, so the
 * programs load on every kernel, and a packet touches less code.
 */
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

/* The port list of the packet's remote address: a reference, or 0 or SG_DECISION_NONE for none. */
static __always_inline __u32 search_address(const struct packet *pkt, __u32 root, __u32 tree)
{
	bool source = pkt->direction == SG_INGRESS;
	__u32 answer;

	if (pkt->family == SG_IPV4)
		return sg_search_32(root + tree, source ? pkt->source4 : pkt->destination4);
	answer = sg_search_64(root + tree, source ? pkt->source6[0] : pkt->destination6[0]);
	if (answer != SEARCH_FAILED && answer & SG_ANSWER_LOW_HALF)
		answer = sg_search_64(root + (answer & SG_ANSWER_VALUE),
				      source ? pkt->source6[1] : pkt->destination6[1]);
	return answer;
}

/* The decision of a layer with addresses. */
static __always_inline __u32 search_layer(const struct packet *pkt, __u32 root, __u32 tree,
					  __u32 key)
{
	__u32 ports;

	if (!tree)
		return SG_DECISION_NONE;
	ports = search_address(pkt, root, tree);
	if (ports == SEARCH_FAILED)
		return SEARCH_FAILED;
	if (!ports || ports == SG_DECISION_NONE)
		return SG_DECISION_NONE;
	return sg_search_32(root + ports, key);
}

static __always_inline enum sg_reason decision_reason(__u32 decision)
{
	if (decision == SG_DECISION_NONE)
		return SG_REASON_NO_RULE;
	return decision & 1 ? SG_REASON_RULE_ACCEPT : SG_REASON_RULE_DENY;
}

/* What the rules say: of the layers' decisions the smallest wins. */
static __always_inline enum sg_reason classify(const struct packet *pkt, __u64 policy)
{
	__u32 root = SG_POLICY_ROOT(policy);
	const union sg_node *node = heap_node(root);
	__u32 key = SG_PORT_KEY(pkt->protocol, pkt->low16);
	__u32 any = SG_DECISION_NONE, narrow, wide;
	const struct sg_layers *layers;

	if (!node)
		return SG_REASON_POLICY_UNREADABLE;
	/* the mask changes nothing; it is for the verifier */
	layers = &node->root.layers[SG_LAYERS_INDEX(pkt->direction, pkt->family) & 3];
	if (layers->flags & SG_LAYERS_NO_GROUP_PASS)
		return SG_REASON_NO_GROUP_PASS;
	if (layers->flags & SG_LAYERS_NO_GROUP_DROP)
		return SG_REASON_NO_GROUP;
	if (layers->any)
		any = sg_search_32(root + layers->any, key);
	narrow = search_layer(pkt, root, layers->narrow, key);
	wide = search_layer(pkt, root, layers->wide, key);
	if (any == SEARCH_FAILED || narrow == SEARCH_FAILED || wide == SEARCH_FAILED)
		return SG_REASON_POLICY_UNREADABLE;
	if (narrow < any)
		any = narrow;
	return decision_reason(wide < any ? wide : any);
}

#endif
