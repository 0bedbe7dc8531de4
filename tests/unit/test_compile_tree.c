// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_compile_tree.c - trees of every small size, with and without a table,
 * answer every key near every start as a walk over the starts does.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "compile/search.h"
#include "compile/tree.h"
#include "util/array.h"

#define MAX_STARTS 5200
#define TREE_AT 2

static uint64_t *firsts_for(size_t leaves)
{
	uint64_t *firsts = malloc(leaves * sizeof(*firsts));

	assert_non_null(firsts);
	return firsts;
}

/* An image with one tree in it. */
static struct image image_for(struct tree_size size)
{
	struct image image = {.count = TREE_AT + (uint32_t)size.nodes};

	image.nodes = malloc(image.count * sizeof(*image.nodes));
	assert_non_null(image.nodes);
	memset(image.nodes, 0xa5, image.count * sizeof(*image.nodes));
	return image;
}

static uint32_t walk_ports(const struct start32 *starts, size_t count, uint32_t key)
{
	uint32_t answer = SG_DECISION_NONE;

	for (size_t i = 0; i < count && starts[i].start <= key; i++)
		answer = starts[i].answer;
	return answer;
}

static void check_ports(const struct start32 *starts, size_t count)
{
	struct tree_size size = ports_tree_size(starts, count);
	uint32_t tree = tree_ref(size, TREE_AT);
	struct image image = image_for(size);
	uint64_t *firsts = firsts_for(size.leaves);
	const uint32_t ends[] = {0, SG_PORT_KEY_LAST};

	ports_tree_fill(image.nodes + TREE_AT, size, starts, count, firsts);
	for (size_t i = 0; i < count; i++) {
		for (int beside = -1; beside <= 1; beside++) {
			uint32_t key = (starts[i].start + (uint32_t)beside) & SG_PORT_KEY_LAST;

			assert_int_equal(image_search_ports(&image, tree, key),
					 walk_ports(starts, count, key));
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		assert_int_equal(image_search_ports(&image, tree, ends[i]),
				 walk_ports(starts, count, ends[i]));
	image_fini(&image);
	free(firsts);
}

static uint32_t walk(const struct address_keys *all, uint64_t key)
{
	uint32_t answer = 0;

	for (size_t i = 0; i < all->count && all->starts[i].start <= key; i++)
		answer = all->starts[i].answer;
	return answer;
}

static uint32_t search(const struct image *image, uint32_t tree, enum tree_keys keys, uint64_t key)
{
	uint8_t address[16] = {0};

	if (keys == TREE_KEYS_64)
		return image_search64(image, tree, key);
	for (int i = 0; i < 4; i++)
		address[i] = (uint8_t)(key >> (24 - 8 * i));
	return image_search_address(image, tree, SG_IPV4, address);
}

/* Returns whether the tree has a table. */
static bool check_addresses(const struct start64 *starts, size_t count, enum tree_keys keys)
{
	const struct address_keys all = {starts, count, keys};
	const uint64_t last = keys == TREE_KEYS_64 ? UINT64_MAX : UINT32_MAX;
	size_t leaves = address_tree_leaves(&all);
	uint64_t *firsts = firsts_for(leaves);
	struct tree_size size = address_tree_size(&all, leaves, firsts);
	uint32_t tree = tree_ref(size, TREE_AT);
	struct image image = image_for(size);

	address_tree_fill(image.nodes + TREE_AT, &size, &all, firsts);
	for (size_t i = 0; i < count; i++) {
		for (int beside = -1; beside <= 1; beside++) {
			uint64_t key = (starts[i].start + (uint64_t)(int64_t)beside) & last;

			assert_int_equal(search(&image, tree, keys, key), walk(&all, key));
		}
	}
	for (unsigned int bit = 0; bit < (keys == TREE_KEYS_64 ? 64 : 32); bit++) {
		uint64_t key = (uint64_t)1 << bit;

		assert_int_equal(search(&image, tree, keys, key), walk(&all, key));
		assert_int_equal(search(&image, tree, keys, last - key), walk(&all, last - key));
	}
	assert_int_equal(search(&image, tree, keys, last), walk(&all, last));
	image_fini(&image);
	free(firsts);
	return size.table_entries;
}

static size_t next_count(size_t count)
{
	if (count < 200)
		return count + 1;
	return count < 600 ? count + 37 : count * 17 / 10;
}

static void every_small_port_list_is_right(void **state)
{
	struct start32 starts[MAX_STARTS];

	(void)state;
	for (size_t count = 1; count <= MAX_STARTS; count = next_count(count)) {
		for (uint32_t first = 0; first <= 7; first += 7) {
			for (size_t i = 0; i < count; i++)
				starts[i] = (struct start32){first + 3 * (uint32_t)i,
							     SG_DECISION_NONE - 1 - (uint32_t)i};
			check_ports(starts, count);
			/* up to the last key of all */
			for (size_t i = 0; i < count; i++)
				starts[i].start =
					SG_PORT_KEY_LAST - first - 3000 * (uint32_t)(count - 1 - i);
			check_ports(starts, count);
		}
	}
}

/* Where the starts lie. */
enum layout {
	DENSE,		/* every key */
	FROM_ZERO,	/* every other one */
	UP_TO_THE_LAST, /* the same, at the other end */
	SPREAD,		/* over all keys, none of them even but the first */
	CLUSTERS,	/* groups of some, far from each other */
	LAYOUTS,
};

static uint64_t start_of(enum layout layout, size_t i, size_t count, enum tree_keys keys)
{
	const uint64_t last = keys == TREE_KEYS_64 ? UINT64_MAX : UINT32_MAX;

	switch (layout) {
	case DENSE:
		return i;
	case FROM_ZERO:
		return 2 * i;
	case UP_TO_THE_LAST:
		return last - 2 * (count - 1 - i);
	case SPREAD:
		return (last / (MAX_STARTS + 1) * i) | 1;
	default:
		return last / 16 * 2 + last / 4096 * (i / 20) + 5 * (i % 20);
	}
}

static size_t check_layouts(enum tree_keys keys)
{
	struct start64 starts[MAX_STARTS];
	size_t tables = 0;

	for (size_t count = 1; count <= MAX_STARTS; count = next_count(count)) {
		for (int layout = 0; layout < LAYOUTS; layout++) {
			for (size_t i = 0; i < count; i++) {
				uint32_t low =
					keys == TREE_KEYS_64 && i % 3 ? SG_ANSWER_LOW_HALF : 0;

				/* values with every bit, so that a lost one shows */
				starts[i].answer = (SG_ANSWER_VALUE - (uint32_t)i) | low;
				starts[i].start = i ? start_of(layout, i, count, keys) : 0;
			}
			tables += check_addresses(starts, count, keys);
		}
	}
	return tables;
}

static void every_small_tree_of_32_bit_keys_is_right(void **state)
{
	(void)state;
	/* some of them have a table */
	assert_true(check_layouts(TREE_KEYS_32) > 10);
}

static void every_small_tree_of_64_bit_keys_is_right(void **state)
{
	(void)state;
	assert_true(check_layouts(TREE_KEYS_64) > 10);
}

static size_t address_nodes(const struct address_keys *all)
{
	size_t leaves = address_tree_leaves(all);
	uint64_t *firsts = firsts_for(leaves);
	size_t nodes = address_tree_size(all, leaves, firsts).nodes;

	free(firsts);
	return nodes;
}

static void a_tree_has_no_more_nodes_than_it_needs(void **state)
{
	struct start32 ports[17];
	struct start64 addresses[9];
	struct address_keys all = {addresses, 9, TREE_KEYS_32};

	(void)state;
	for (uint32_t i = 0; i < 17; i++)
		ports[i] = (struct start32){5 * i, i};
	for (uint32_t i = 0; i < 9; i++)
		addresses[i] = (struct start64){(uint64_t)i << 24, i};
	assert_int_equal(ports_tree_size(ports, 8).nodes, 1);
	assert_int_equal(ports_tree_size(ports, 9).nodes, 3);
	assert_int_equal(ports_tree_size(ports + 1, 8).nodes, 3);
	assert_int_equal(ports_tree_size(ports, 17).nodes, 4);
	assert_int_equal(address_nodes(&all), 3);
	all.count = 8;
	assert_int_equal(address_nodes(&all), 1);
	all.keys = TREE_KEYS_64;
	assert_int_equal(address_nodes(&all), 3);
	all.count = 6;
	assert_int_equal(address_nodes(&all), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_small_port_list_is_right),
		cmocka_unit_test(every_small_tree_of_32_bit_keys_is_right),
		cmocka_unit_test(every_small_tree_of_64_bit_keys_is_right),
		cmocka_unit_test(a_tree_has_no_more_nodes_than_it_needs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
