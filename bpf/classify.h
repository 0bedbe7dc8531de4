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
#define SEARCH_FAILED_BIT 0x80000000U

static __always_inline const union sg_node *heap_get(void)
{
	return MAP_VALUE(sg_heap);
}

static __always_inline const union sg_node *heap_node(const union sg_node *heap, __u64 at)
{
	/* what is compared is what is used, also for the compiler */
	SG_OPAQUE(at);
	__builtin_assume(heap + at != NULL);
	return at < SG_HEAP_NODES ? heap + at : NULL;
}

#define HEAP_BYTES ((__u64)SG_HEAP_NODES * sizeof(union sg_node))

/* So many bytes of the heap; NULL: they are not all there. */
static __always_inline const void *heap_bytes(const union sg_node *heap, __u64 at, __u32 bytes)
{
	SG_OPAQUE(at);
	__builtin_assume((const void *)heap + at != NULL);
	return at <= HEAP_BYTES - bytes ? (const void *)heap + at : NULL;
}

/* Starts of 64 bits or of 32: the compiler knows which, wherever `is_64` is asked. */
static __always_inline __u64 child_of(const union sg_node *node, __u64 step, bool is_64)
{
	return is_64 ? sg_inner64_child(&node->inner64, step)
		     : sg_inner32_child(&node->inner32, step);
}

#define OUTSIDE (~0ULL) /* no heap index */

/* The heap index of the node that the table of the tree at `first` leads to, or OUTSIDE. */
static __always_inline __u64 table_top(const union sg_node *heap, __u64 first, __u64 key,
				       __u64 step, bool is_64)
{
	const union sg_node *node = heap_node(heap, first);
	const __u32 *entry;
	const __u64 *list;
	__u64 word;

	if (!node)
		return OUTSIDE;
	entry = heap_bytes(heap,
			   (first + 1) * sizeof(*heap) +
				   sg_table_index(&node->table, key) * sizeof(*entry),
			   sizeof(*entry));
	if (!entry)
		return OUTSIDE;
	word = *entry;
	list = heap_bytes(heap, (first + node->table.list) * sizeof(*heap) + word * sizeof(*list),
			  SG_LIST_WORDS * sizeof(*list));
	if (!list)
		return OUTSIDE;
	first += node->table.level;
	return is_64 ? first + word + sg_starts64_count(list, SG_LIST_WORDS, step)
		     : first + 2 * word + sg_list32_count(list, step);
}

/* The leaf below heap index `at` of the tree at `first`; NULL: outside of the heap. */
static __always_inline const union sg_node *
leaf_below(const union sg_node *heap, __u64 first, __u64 at, __u32 levels, __u64 step, bool is_64)
{
	/* the compiler must not know the limit: verifiers before Linux 6.3 see no other end */
	SG_OPAQUE(levels);
	NO_UNROLL
	for (__u32 level = 0; level < SG_MAX_LEVELS && level < levels; level++) {
		const union sg_node *node = heap_node(heap, at);

		if (!node)
			return NULL;
		at = first + child_of(node, step, is_64);
	}
	return heap_node(heap, at);
}

/* The leaf for a key, in a tree with a table perhaps. */
static __always_inline const union sg_node *leaf_for(const union sg_node *heap, __u32 root,
						     __u32 tree, __u64 key, __u64 step, bool is_64)
{
	__u64 first = root + SG_TREE_NODE(tree), at = first;

	if (tree & SG_TREE_TABLE)
		at = table_top(heap, first, key, step, is_64);
	return leaf_below(heap, first, at, SG_TREE_LEVELS(tree), step, is_64);
}

static __always_inline __u32 search_32(const union sg_node *heap, __u32 root, __u32 tree, __u32 key)
{
	const union sg_node *leaf =
		leaf_for(heap, root, tree, key, SG_HALVES(key >> SG_BLOCK_SHIFT_32), false);

	return leaf ? sg_leaf32_answer(&leaf->leaf32, key) : SEARCH_FAILED;
}

static __always_inline __u32 search_64(const union sg_node *heap, __u32 root, __u32 tree, __u64 key)
{
	__u64 first = root + SG_TREE_NODE(tree);
	const union sg_node *leaf = leaf_below(heap, first, first, SG_TREE_LEVELS(tree),
					       key >> SG_BLOCK_SHIFT_64, true);

	return leaf ? sg_leaf64_answer(&leaf->leaf64, key) : SEARCH_FAILED;
}

static __always_inline __u32 search_128(const union sg_node *heap, __u32 root, __u32 tree,
					__u64 high, __u64 low)
{
	const union sg_node *leaf =
		leaf_for(heap, root, tree, high, high >> SG_BLOCK_SHIFT_64, true);
	__u32 answer;

	if (!leaf)
		return SEARCH_FAILED;
	answer = sg_leaf128_answer(&leaf->leaf128, high, low);
	return answer & SG_ANSWER_LOW_HALF ? search_64(heap, root, answer, low) : answer;
}

/* The answer of an address tree of the image at `root`. */
static __always_inline __u32 search_address(const union sg_node *heap, __u32 root, __u32 tree,
					    __u8 family, __u64 high, __u64 low)
{
	return family == SG_IPV4 ? search_32(heap, root, tree, low)
				 : search_128(heap, root, tree, high, low);
}

/* The port list of the rules for an address; 0: there is none. */
static __always_inline __u32 search_layer(const union sg_node *heap, __u32 root, __u32 tree,
					  __u8 family, __u64 high, __u64 low)
{
	return tree ? search_address(heap, root, tree, family, high, low) : 0;
}

/* The decision of a port list, or of none. */
static __always_inline __u32 search_ports(const union sg_node *heap, __u32 root, __u32 list,
					  __u32 key)
{
	__u64 halves = SG_HALVES(key);
	__u64 first = root + SG_TREE_NODE(list);
	const union sg_node *leaf;

	if (!list)
		return SG_DECISION_NONE;
	if (list == SEARCH_FAILED)
		return SEARCH_FAILED;
	/* most lists; on their way nothing is jumped over */
	if (list & SG_SHORT_LIST) {
		const __u64 *units = heap_bytes(
			heap, first * sizeof(*heap) + SG_SHORT_LIST_UNIT(list) * SG_UNIT_BYTES,
			SG_UNITS * SG_UNIT_BYTES);

		return units ? sg_short_list_answer(units, SG_SHORT_LIST_UNITS(list), halves)
			     : SEARCH_FAILED;
	}
	leaf = leaf_below(heap, first, first, SG_TREE_LEVELS(list), halves, false);
	return leaf ? sg_leaf_ports_answer(&leaf->leaf_ports, halves) : SEARCH_FAILED;
}

/* The decision of a table of ports. */
static __always_inline __u32 search_port_table(const union sg_node *heap, __u32 root, __u32 table,
					       __u32 key)
{
	__u64 first = root + SG_TREE_NODE(table);
	__u64 at = first * sizeof(*heap);
	const sg_port_entry *entry;
	const union sg_node *leaf;
	const __u32 *entries;

	entries = heap_bytes(heap, at + (key >> 16) * sizeof(*entries), sizeof(*entries));
	if (!entries)
		return SEARCH_FAILED;
	entry = heap_bytes(heap, at + (__u64)sg_port_entry_index(*entries, key) * sizeof(*entry),
			   sizeof(*entry));
	if (!entry)
		return SEARCH_FAILED;
	leaf = heap_node(heap, first + *entry);
	return leaf ? sg_leaf_ports_answer(&leaf->leaf_ports, SG_HALVES(key)) : SEARCH_FAILED;
}

/* The decision of the rules for any remote. */
static __always_inline __u32 search_any(const union sg_node *heap, __u32 root, __u32 any, __u32 key)
{
	return any & SG_PORT_TABLE ? search_port_table(heap, root, any, key)
				   : search_ports(heap, root, any, key);
}

/* As what may match where there is no filter. */
#define PREFIXES_MAY_MATCH 1

/*
 * Whether the filter of the layers says that no rule matches; if not, bit 0 of
 * *prefixes_out is whether one that names a prefix may. A filter that cannot be
 * read says nothing: the search that follows will tell.
 */
static __always_inline bool filter_excludes(const union sg_node *heap, __u32 root,
					    const struct sg_layers *layers, __u8 family, __u64 high,
					    __u64 low, __u32 key, __u64 *prefixes_out)
{
	__u64 at = root + SG_LAYERS_FILTER(layers->flags), index;
	__u32 class = sg_filter_class(key);
	const union sg_node *node;
	const __u64 *word;

	*prefixes_out = PREFIXES_MAY_MATCH;
	if (at == root)
		return false;
	node = heap_node(heap, at);
	if (!node)
		return false;
	index = sg_filter_index(&node->filter, family == SG_IPV4 ? low : high, key);
	word = heap_bytes(heap, (at + 1) * sizeof(*heap) + index * sizeof(*word), sizeof(*word));
	if (!word)
		return false;
	*prefixes_out = sg_filter_may_match(*word, class);
	return !((*prefixes_out | sg_filter_may_match(node->filter.any, class)) & 1);
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

/* `which` is SG_LAYERS_INDEX. */
static __always_inline const struct sg_layers *layers_of(const union sg_node *heap, __u32 root,
							 __u32 which)
{
	const union sg_node *node = heap_node(heap, root);

	if (!node)
		return NULL;
	/* not before the comparison, for the verifier */
	SG_OPAQUE(node);
	__builtin_assume(node != NULL);
	return &node->root.layers[which & 3];
}

/* The smaller one, without a branch; SEARCH_FAILED is told by its highest bit. */
static __always_inline __u32 stronger(__u32 a, __u32 b)
{
	__s64 more = (__s64)a - b;

	SG_OPAQUE(more);
	return b + (__u32)(more & more >> 63);
}

/*
 * The decision of the image at `root`: of its layers' decisions the smallest
 * wins. The address is that of the remote side; `prefixes` is what the filter
 * says of it.
 */
static __always_inline __u32 decide(const union sg_node *heap, __u32 root,
				    const struct sg_layers *layers, __u8 family, __u64 high,
				    __u64 low, __u32 key, __u64 prefixes)
{
	__u32 any, narrow = 0, wide = 0;

	if (!(layers->flags &
	      (SG_LAYERS_LIST | SG_LAYERS_NO_GROUP_PASS | SG_LAYERS_NO_GROUP_DROP))) {
		/* the longest ways first, so that the processor goes the short one meanwhile */
		/* a branch, so that the searches need not wait for the filter's word */
		if (prefixes & 1) {
			narrow = search_layer(heap, root, layers->narrow, family, high, low);
			wide = search_layer(heap, root, layers->wide, family, high, low);
		}
		any = search_any(heap, root, layers->any, key);
		narrow = search_ports(heap, root, narrow, key);
		wide = search_ports(heap, root, wide, key);
		if ((any | narrow | wide) & SEARCH_FAILED_BIT)
			return SEARCH_FAILED;
		return stronger(wide, stronger(narrow, any));
	}
	if (layers->flags & SG_LAYERS_LIST)
		return search_list(heap, root + layers->any, layers->narrow, family, high, low,
				   key);
	return layers->flags & SG_LAYERS_NO_GROUP_PASS ? DECISION_NO_GROUP_PASS
						       : DECISION_NO_GROUP_DROP;
}

/* The same from its root on; `which` is SG_LAYERS_INDEX. */
__noinline __u32 sg_decide(__u32 root, __u32 which, __u64 high, __u64 low, __u32 key)
{
	const union sg_node *heap = heap_get();
	const struct sg_layers *layers = layers_of(heap, root, which);

	return layers ? decide(heap, root, layers, which & 1, high, low, key, PREFIXES_MAY_MATCH)
		      : SEARCH_FAILED;
}

/* An address tree on its own, for guards. */
__noinline __u32 sg_search_address(__u32 root, __u32 tree, __u32 family, __u64 high, __u64 low)
{
	return search_address(heap_get(), root, tree, family, high, low);
}

__noinline __u32 sg_search_64(__u32 root, __u32 tree, __u64 key)
{
	return search_64(heap_get(), root, tree, key);
}

static __always_inline enum sg_reason decision_reason(__u32 decision)
{
	if (decision < SG_DECISION_NONE)
		return decision & 1 ? SG_REASON_RULE_ACCEPT : SG_REASON_RULE_DENY;
	switch (decision) {
	case SEARCH_FAILED:
		return SG_REASON_POLICY_UNREADABLE;
	case DECISION_NO_GROUP_DROP:
		return SG_REASON_NO_GROUP;
	case DECISION_NO_GROUP_PASS:
		return SG_REASON_NO_GROUP_PASS;
	default:
		return SG_REASON_NO_RULE;
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
