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
	/* and what is read behind a short list */
	struct image image = {.count = TREE_AT + (uint32_t)size.nodes + 1};

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

typedef uint32_t search_function(const struct image *image, uint32_t list, uint32_t key);

/* Around each start, and at both ends. */
static void check_list(search_function *search_list, const struct image *image, uint32_t list,
		       const struct start32 *starts, size_t count)
{
	const uint32_t ends[] = {0, SG_PORT_KEY_LAST};

	for (size_t i = 0; i < count; i++) {
		for (int beside = -1; beside <= 1; beside++) {
			uint32_t key = (starts[i].start + (uint32_t)beside) & SG_PORT_KEY_LAST;

			assert_int_equal(search_list(image, list, key),
					 walk_ports(starts, count, key));
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		assert_int_equal(search_list(image, list, ends[i]),
				 walk_ports(starts, count, ends[i]));
}

static void check_ports(const struct start32 *starts, size_t count)
{
	struct tree_size size = ports_tree_size(count);
	struct image image = image_for(size);
	uint64_t *firsts = firsts_for(size.leaves);

	ports_tree_fill(image.nodes + TREE_AT, size, starts, count, firsts);
	check_list(image_search_ports, &image, tree_ref(size, TREE_AT), starts, count);
	for (uint32_t i = 0; count <= SG_SHORT_LIST_STARTS && i < SG_UNITS; i++) {
		memset(&image.nodes[TREE_AT], 0xa5, 2 * sizeof(*image.nodes));
		short_list_fill(image.nodes[TREE_AT].units[i], starts, count);
		check_list(image_search_ports, &image,
			   SG_SHORT_LIST_AT(TREE_AT, i, short_list_units(count)), starts, count);
	}
	image_fini(&image);
	free(firsts);
}

/* Whether there is a table of ports for them, which is right then. */
static bool check_port_table(const struct start32 *starts, size_t count)
{
	struct port_table_size size;
	struct image image;

	if (!port_table_size(starts, count, &size))
		return false;
	image = image_for((struct tree_size){.nodes = size.nodes});
	port_table_fill(image.nodes + TREE_AT, &size, starts, count);
	check_list(image_search_any, &image, SG_PORT_TABLE_AT(TREE_AT), starts, count);
	image_fini(&image);
	return true;
}

static uint32_t walk(const struct address_keys *all, address_value key)
{
	uint32_t answer = 0;

	for (size_t i = 0; i < all->count && all->starts[i].start <= key; i++)
		answer = all->starts[i].answer;
	return answer;
}

static uint32_t search(const struct image *image, uint32_t tree, enum tree_keys keys,
		       address_value key)
{
	uint8_t address[16] = {0};
	int bytes = keys == TREE_KEYS_32 ? 4 : 16;

	if (keys == TREE_KEYS_64)
		return image_search64(image, tree, (uint64_t)key);
	for (int i = 0; i < bytes; i++)
		address[i] = (uint8_t)(key >> (8 * (bytes - 1 - i)));
	return image_search_address(image, tree, keys == TREE_KEYS_32 ? SG_IPV4 : SG_IPV6, address);
}

static int width_of(enum tree_keys keys)
{
	return keys == TREE_KEYS_32 ? 32 : keys == TREE_KEYS_64 ? 64 : 128;
}

static address_value last_of(enum tree_keys keys)
{
	return ~(address_value)0 >> (128 - width_of(keys));
}

/* Returns whether the tree has a table. */
static bool check_addresses(const struct address_start *starts, size_t count, enum tree_keys keys)
{
	const struct address_keys all = {starts, count, keys};
	const address_value last = last_of(keys);
	size_t leaves = address_tree_leaves(&all);
	uint64_t *firsts = firsts_for(leaves);
	struct tree_size size = address_tree_size(&all, leaves, firsts);
	uint32_t tree = tree_ref(size, TREE_AT);
	struct image image = image_for(size);

	address_tree_fill(image.nodes + TREE_AT, &size, &all, firsts);
	for (size_t i = 0; i < count; i++) {
		for (int beside = -1; beside <= 1; beside++) {
			address_value key = (starts[i].start + (address_value)beside) & last;

			assert_int_equal(search(&image, tree, keys, key), walk(&all, key));
		}
	}
	for (int bit = 0; bit < width_of(keys); bit++) {
		address_value key = (address_value)1 << bit;

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

static int by_start(const void *left, const void *right)
{
	const struct start32 *a = left, *b = right;

	return (a->start > b->start) - (a->start < b->start);
}

/* The same without starts that are there twice. */
static size_t distinct(struct start32 *starts, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		if (!kept || starts[kept - 1].start != starts[i].start)
			starts[kept++] = starts[i];
	}
	return kept;
}

static void every_small_port_list_is_right(void **state)
{
	struct start32 starts[MAX_STARTS];
	size_t tables = 0;

	(void)state;
	for (size_t count = 1; count <= MAX_STARTS; count = next_count(count)) {
		for (uint32_t first = 0; first <= 7; first += 7) {
			for (size_t i = 0; i < count; i++)
				starts[i] = (struct start32){first + 3 * (uint32_t)i,
							     SG_DECISION_NONE - 1 - (uint32_t)i};
			check_ports(starts, count);
			tables += check_port_table(starts, count);
			/* up to the last key of all */
			for (size_t i = 0; i < count; i++)
				starts[i].start =
					SG_PORT_KEY_LAST - first - 3000 * (uint32_t)(count - 1 - i);
			check_ports(starts, count);
			tables += check_port_table(starts, count);
		}
	}
	assert_true(tables > 100);
}

/* Where a protocol's ports lie apart and where they do not, in front of nothing and of rules. */
static void every_table_of_ports_is_right(void **state)
{
	struct start32 starts[MAX_STARTS];

	(void)state;
	for (uint32_t step = 1; step <= 2000; step = step * 3 / 2 + 1) {
		for (uint32_t protocol = 1; protocol <= 255; protocol += 127) {
			for (uint32_t open = 0; open <= 1; open++) {
				size_t count = 0;

				for (; count < 300; count++) {
					uint32_t of = protocol - count / 100 % 2;
					uint32_t at = (uint32_t)count * step;

					starts[count].start = SG_PORT_KEY(of, (uint16_t)at);
					starts[count].answer = (uint32_t)count % (2 + open)
								       ? SG_DECISION_NONE
								       : (uint32_t)count;
				}
				qsort(starts, count, sizeof(*starts), by_start);
				count = distinct(starts, count);
				assert_true(check_port_table(starts, count));
			}
		}
	}
}

static void few_ports_need_no_table(void **state)
{
	struct start32 starts[63];
	struct port_table_size size;

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(starts); i++)
		starts[i] = (struct start32){1000 * i, i};
	assert_false(port_table_size(starts, ARRAY_SIZE(starts), &size));
}

/* Where the starts lie. */
enum layout {
	DENSE,		/* every key */
	FROM_ZERO,	/* every other one */
	UP_TO_THE_LAST, /* the same, at the other end */
	SPREAD,		/* over all keys, none of them even but the first */
	CLUSTERS,	/* groups of some, far from each other */
	AT_QUARTERS,	/* in front of and behind each border of the keys' quarters */
	IN_QUARTERS,	/* in the middle of the second and the last one */
	OVER_A_QUARTER, /* all over the first one */
	LAYOUTS,
};

/* One of `count` starts, half of them from the quarter's first key on, the others up to its last one. */
static address_value at_quarter(address_value first, size_t i, size_t count, address_value quarter)
{
	return i < count / 2 ? first + 2 * i : first + quarter - 1 - 2 * (count - 1 - i);
}

static address_value start_of(enum layout layout, size_t i, size_t count, enum tree_keys keys)
{
	const address_value last = last_of(keys), quarter = last / 4 + 1;
	size_t part = count / 4 + 1;

	switch (layout) {
	case DENSE:
		return i;
	case FROM_ZERO:
		return 2 * i;
	case UP_TO_THE_LAST:
		return last - 2 * (count - 1 - i);
	case SPREAD:
		return (last / (MAX_STARTS + 1) * i) | 1;
	case AT_QUARTERS:
		return at_quarter(i / part * quarter, i % part, part, quarter);
	case OVER_A_QUARTER:
		return (quarter / count * i) | 1;
	case IN_QUARTERS:
		return quarter * (i < count / 2 ? 1 : 3) + quarter / 3 + i;
	default:
		return last / 16 * 2 + last / 4096 * (i / 20) + 5 * (i % 20);
	}
}

/* Of an IPv6 address the upper half is one of the above, of every other one the lower one not 0. */
static address_value start6_of(enum layout layout, size_t i, size_t count)
{
	address_value upper;

	/* three in an upper half, one of them perhaps at its end */
	if (layout == DENSE)
		return (address_value)(2 * (i / 3)) << 64 | (uint64_t)(i % 3 * 0x7fffffffffffffff);
	upper = start_of(layout, i, count, TREE_KEYS_64);
	return upper << 64 | (i % 2 ? 0x8000000000000001 * i : 0);
}

static size_t check_layouts(enum tree_keys keys)
{
	struct address_start starts[MAX_STARTS];
	size_t tables = 0;

	for (size_t count = 1; count <= MAX_STARTS; count = next_count(count)) {
		for (int layout = 0; layout < LAYOUTS; layout++) {
			for (size_t i = 0; i < count; i++) {
				/* values with every bit, so that a lost one shows */
				starts[i].answer = SG_ANSWER_VALUE - (uint32_t)i;
				starts[i].start = 0;
				if (i)
					starts[i].start = start_of(layout, i, count, keys);
				if (i && keys == TREE_KEYS_128)
					starts[i].start = start6_of(layout, i, count);
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
	assert_int_equal(check_layouts(TREE_KEYS_64), 0);
}

static void every_small_tree_of_ipv6_addresses_is_right(void **state)
{
	(void)state;
	assert_true(check_layouts(TREE_KEYS_128) > 10);
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
	struct address_start addresses[9];
	struct address_keys all = {addresses, 9, TREE_KEYS_32};

	(void)state;
	for (uint32_t i = 0; i < 9; i++)
		addresses[i] = (struct address_start){(address_value)i << 24, i};
	assert_int_equal(ports_tree_size(8).nodes, 1);
	assert_int_equal(ports_tree_size(9).nodes, 3);
	assert_int_equal(ports_tree_size(17).nodes, 4);
	assert_int_equal(address_nodes(&all), 3);
	all.count = 8;
	assert_int_equal(address_nodes(&all), 1);
	all.keys = TREE_KEYS_64;
	assert_int_equal(address_nodes(&all), 3);
	all.count = 6;
	assert_int_equal(address_nodes(&all), 1);
	/* and behind the first quarter of all addresses a leaf of its own */
	all.keys = TREE_KEYS_128;
	all.count = 4;
	assert_int_equal(address_nodes(&all), 3);
	addresses[1].start = (address_value)3 << 126;
	all.count = 2;
	assert_int_equal(address_nodes(&all), 3);
	all.count = 1;
	assert_int_equal(address_nodes(&all), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_small_port_list_is_right),
		cmocka_unit_test(every_table_of_ports_is_right),
		cmocka_unit_test(few_ports_need_no_table),
		cmocka_unit_test(every_small_tree_of_32_bit_keys_is_right),
		cmocka_unit_test(every_small_tree_of_64_bit_keys_is_right),
		cmocka_unit_test(every_small_tree_of_ipv6_addresses_is_right),
		cmocka_unit_test(a_tree_has_no_more_nodes_than_it_needs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
