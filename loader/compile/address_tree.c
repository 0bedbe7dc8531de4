// SPDX-License-Identifier: GPL-2.0-only
/*
 * address_tree.c - intervals of addresses as trees with keys of 32 bits, or of
 * 64-bit halves.
 *
 * An IPv6 tree is searched for the high half. Where an interval starts within
 * a high half, that half's answer is a tree of low halves. It holds for this
 * one high half only, so the next one has a start of its own.
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

int address_starts_add(struct address_starts *starts, address_value start, uint32_t ref)
{
	if (starts->count && starts->items[starts->count - 1].start == start)
		starts->count--;
	if (ref == (starts->count ? starts->items[starts->count - 1].ref : 0))
		return 0;
	if (ARRAY_GROW(starts->items, starts->count, starts->capacity))
		return -ENOMEM;
	starts->items[starts->count++] = (struct address_start){start, ref};
	return 0;
}

void address_starts_fini(struct address_starts *starts)
{
	free(starts->items);
	memset(starts, 0, sizeof(*starts));
}

static void starts64_fini(struct starts64 *starts)
{
	free(starts->items);
}

static int push(struct starts64 *starts, uint64_t start, uint32_t answer)
{
	if (ARRAY_GROW(starts->items, starts->count, starts->capacity))
		return -ENOMEM;
	starts->items[starts->count++] = (struct start64){start, answer};
	return 0;
}

/* Below the first address, nothing. */
static int push_beginning(struct starts64 *starts, address_value first)
{
	return first ? push(starts, 0, 0) : 0;
}

static int add_ipv4(struct image_builder *builder, const struct address_starts *starts,
		    uint32_t *ref_out)
{
	AUTO(starts64_fini) struct starts64 all = {0};
	int r;

	if (array_reserve(&all.items, &all.capacity, starts->count + 1, sizeof(*all.items)))
		return -ENOMEM;
	r = push_beginning(&all, starts->items[0].start);
	for (size_t i = 0; !r && i < starts->count; i++)
		r = push(&all, (uint64_t)starts->items[i].start, starts->items[i].ref);
	return r ? r : image_add_addresses(builder, &all, TREE_KEYS_32, ref_out);
}

/*
 * Add the tree of the low halves of `count` starts that share their high half;
 * `carried` is the list in force where it begins.
 */
static int add_low_halves(struct image_builder *builder, const struct address_start *starts,
			  size_t count, uint32_t carried, struct starts64 *low, uint32_t *ref_out)
{
	int r;

	low->count = 0;
	if ((uint64_t)starts[0].start) {
		r = push(low, 0, carried);
		if (r)
			return r;
	}
	for (size_t i = 0; i < count; i++) {
		r = push(low, (uint64_t)starts[i].start, starts[i].ref);
		if (r)
			return r;
	}
	return image_add_addresses(builder, low, TREE_KEYS_64, ref_out);
}

static int add_ipv6(struct image_builder *builder, const struct address_starts *starts,
		    uint32_t *ref_out)
{
	AUTO(starts64_fini) struct starts64 high = {0};
	AUTO(starts64_fini) struct starts64 low = {0};
	uint32_t carried = 0;
	int r;

	r = push_beginning(&high, starts->items[0].start >> 64);
	if (r)
		return r;
	for (size_t i = 0, count; i < starts->count; i += count) {
		const struct address_start *here = &starts->items[i];
		uint64_t half = (uint64_t)(here->start >> 64);
		uint64_t next = i + 1;
		uint32_t ref;

		for (count = 1; i + count < starts->count; count++) {
			next = (uint64_t)(here[count].start >> 64);
			if (next != half)
				break;
		}
		if (count == 1 && !(uint64_t)here->start) {
			r = push(&high, half, here->ref);
			if (r)
				return r;
			carried = here->ref;
			continue;
		}
		r = add_low_halves(builder, here, count, carried, &low, &ref);
		if (!r)
			r = push(&high, half, ref | SG_ANSWER_LOW_HALF);
		if (r)
			return r;
		carried = here[count - 1].ref;
		if (half == UINT64_MAX || (i + count < starts->count && next == half + 1))
			continue;
		r = push(&high, half + 1, carried);
		if (r)
			return r;
	}
	return image_add_addresses(builder, &high, TREE_KEYS_64, ref_out);
}

int address_tree_add(struct image_builder *builder, enum sg_family family,
		     const struct address_starts *starts, uint32_t *ref_out)
{
	*ref_out = 0;
	if (!starts->count)
		return 0;
	return family == SG_IPV4 ? add_ipv4(builder, starts, ref_out)
				 : add_ipv6(builder, starts, ref_out);
}
