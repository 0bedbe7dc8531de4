// SPDX-License-Identifier: GPL-2.0-only
/*
 * address_tree.c - intervals of addresses as trees.
 *
 * In a tree of IPv6 addresses, few starts can have the same upper half. Where
 * there are more, that half's answer is a tree of lower halves. It holds for
 * this one upper half only, so the next one has a start of its own.
 */
#include "compile/address_tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"
#include "util/cleanup.h"

address_value address_last(enum sg_family family)
{
	return family == SG_IPV4 ? UINT32_MAX : ~(address_value)0;
}

address_value address_first(const struct prefix *prefix)
{
	size_t bytes = prefix->family == SG_IPV4 ? 4 : 16;
	address_value value = 0;

	for (size_t i = 0; i < bytes; i++)
		value = value << 8 | prefix->bytes[i];
	return value;
}

static int push(struct address_starts *starts, address_value start, uint32_t answer)
{
	if (ARRAY_GROW(starts->items, starts->count, starts->capacity))
		return -ENOMEM;
	starts->items[starts->count++] = (struct address_start){start, answer};
	return 0;
}

/* The same in the place of an equal start. */
static int put(struct address_starts *starts, address_value start, uint32_t answer)
{
	if (starts->count && starts->items[starts->count - 1].start == start)
		starts->count--;
	return push(starts, start, answer);
}

int address_starts_add(struct address_starts *starts, address_value start, uint32_t answer)
{
	if (starts->count && starts->items[starts->count - 1].start == start)
		starts->count--;
	if (answer == (starts->count ? starts->items[starts->count - 1].answer : 0))
		return 0;
	/* a tree begins with key 0 */
	if (!starts->count && start && push(starts, 0, 0))
		return -ENOMEM;
	return push(starts, start, answer);
}

void address_starts_fini(struct address_starts *starts)
{
	free(starts->items);
	memset(starts, 0, sizeof(*starts));
}

/* The starts of one upper half, or of one block, and the answer in front of them. */
struct part {
	const struct address_start *starts;
	size_t count;
	uint32_t before;
};

#define HALF_SHIFT 64
#define BLOCK_SHIFT (HALF_SHIFT + SG_BLOCK_SHIFT_64)

/* The starts from items[first] on that are the same in the bits from `shift` on. */
static struct part part_at(const struct address_start *items, size_t first, size_t count, int shift)
{
	struct part part = {
		.starts = items + first,
		.count = 1,
		.before = first ? items[first - 1].answer : 0,
	};

	while (first + part.count < count &&
	       part.starts[part.count].start >> shift == part.starts->start >> shift)
		part.count++;
	return part;
}

/* Make the low halves of a part a tree of their own, which is for this upper half only. */
static int add_low_halves(struct image_builder *builder, const struct part *part,
			  struct address_starts *low, uint32_t *ref_out)
{
	int r = 0;

	low->count = 0;
	if ((uint64_t)part->starts->start)
		r = push(low, 0, part->before);
	for (size_t i = 0; !r && i < part->count; i++)
		r = push(low, (uint64_t)part->starts[i].start, part->starts[i].answer);
	return r ? r : image_add_addresses(builder, low, TREE_KEYS_64, ref_out);
}

/* One upper half of a block with too many starts. */
static int add_half(struct image_builder *builder, const struct part *half,
		    struct address_starts *low, struct address_starts *high)
{
	address_value begin = half->starts->start >> HALF_SHIFT << HALF_SHIFT;
	address_value end = begin + ((address_value)1 << HALF_SHIFT);
	uint32_t ref;
	int r;

	if (half->count == 1 && half->starts->start == begin)
		return put(high, begin, half->starts->answer);
	r = add_low_halves(builder, half, low, &ref);
	if (!r)
		r = put(high, begin, ref | SG_ANSWER_LOW_HALF);
	/* behind the last half of all nothing goes on */
	return r || !end ? r : put(high, end, half->starts[half->count - 1].answer);
}

/*
 * A leaf has room for a block with few starts. In one with more each upper half
 * has one answer, which says where to look for the lower one.
 */
static int add_block(struct image_builder *builder, const struct part *block,
		     struct address_starts *low, struct address_starts *high)
{
	int r = 0;

	if (block->count < SG_LEAF_128) {
		for (size_t i = 0; !r && i < block->count; i++)
			r = put(high, block->starts[i].start, block->starts[i].answer);
		return r;
	}
	for (size_t i = 0, count; !r && i < block->count; i += count) {
		struct part half = part_at(block->starts, i, block->count, HALF_SHIFT);

		count = half.count;
		if (!i)
			half.before = block->before;
		r = add_half(builder, &half, low, high);
	}
	return r;
}

static int add_ipv6(struct image_builder *builder, const struct address_starts *starts,
		    uint32_t *ref_out)
{
	AUTO(address_starts_fini) struct address_starts high = {0};
	AUTO(address_starts_fini) struct address_starts low = {0};

	for (size_t i = 0; i < starts->count;) {
		struct part block = part_at(starts->items, i, starts->count, BLOCK_SHIFT);
		int r = add_block(builder, &block, &low, &high);

		if (r)
			return r;
		i += block.count;
	}
	return image_add_addresses(builder, &high, TREE_KEYS_128, ref_out);
}

int address_tree_add(struct image_builder *builder, enum sg_family family,
		     const struct address_starts *starts, uint32_t *ref_out)
{
	*ref_out = 0;
	if (!starts->count)
		return 0;
	if (family == SG_IPV6)
		return add_ipv6(builder, starts, ref_out);
	return image_add_addresses(builder, starts, TREE_KEYS_32, ref_out);
}
