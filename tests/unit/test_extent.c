// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_extent.c - runs of heap nodes, and the room between them, against a map
 * with a byte for each node.
 *
 * SGATE_SEED sets the seed, which every run prints.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "kern/extent.h"
#include "unit/gen_policy.h"
#include "util/cleanup.h"

#define RANDOM_LAYOUTS 300
#define REQUESTS_A_LAYOUT 6

/* A byte for each node of the heap: whether an extent has it. */
static uint8_t taken[SG_HEAP_NODES];

static struct gen_random generator;

static uint32_t random_below(uint32_t limit)
{
	return gen_below(&generator, limit);
}

static void take(struct extents *extents, uint32_t first, uint32_t nodes)
{
	assert_int_equal(extents_add(extents, (struct sg_extent){first, nodes}), 0);
	memset(&taken[first], 1, nodes);
}

/* The first node of the first run of free nodes that is long enough, found one by one. */
static uint32_t slow_find(uint32_t nodes)
{
	uint32_t run = 0;

	for (uint32_t i = 1; i < SG_HEAP_NODES; i++) {
		run = taken[i] ? 0 : run + 1;
		if (run == nodes)
			return i + 1 - nodes;
	}
	return 0;
}

static void forget_all(void)
{
	memset(taken, 0, sizeof(taken));
}

static void the_empty_heap_has_room_for_all_but_node_0(void **state)
{
	struct extents none = {};

	(void)state;
	assert_int_equal(extents_find_room(&none, 1), 1);
	assert_int_equal(extents_find_room(&none, SG_HEAP_NODES - 1), 1);
	assert_int_equal(extents_find_room(&none, SG_HEAP_NODES), 0);
}

static void a_gap_of_the_exact_size_is_found_at_each_place(void **state)
{
	static const struct {
		struct sg_extent left, right; /* of the gap */
		uint32_t nodes, expected;
	} rows[] = {
		{{11, 5}, {16, SG_HEAP_NODES - 16}, 10, 1},
		{{11, 5}, {16, SG_HEAP_NODES - 16}, 11, 0},
		{{1, 99}, {110, SG_HEAP_NODES - 110}, 10, 100},
		{{1, 99}, {110, SG_HEAP_NODES - 110}, 11, 0},
		{{1, 9}, {10, SG_HEAP_NODES - 20}, 10, SG_HEAP_NODES - 10},
		{{1, 9}, {10, SG_HEAP_NODES - 20}, 11, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		AUTO(extents_fini) struct extents extents = {};

		assert_int_equal(extents_add(&extents, rows[i].right), 0);
		assert_int_equal(extents_add(&extents, rows[i].left), 0);
		extents_sort(&extents);
		assert_int_equal(extents_find_room(&extents, rows[i].nodes), rows[i].expected);
	}
}

static void what_lies_inside_another_extent_hides_no_room_and_makes_none(void **state)
{
	AUTO(extents_fini) struct extents extents = {};

	(void)state;
	assert_int_equal(extents_add(&extents, (struct sg_extent){1, 1000}), 0);
	assert_int_equal(extents_add(&extents, (struct sg_extent){10, 5}), 0);
	extents_sort(&extents);
	assert_int_equal(extents_find_room(&extents, 1), 1001);
}

static void repeats_count_once_and_empty_extents_not_at_all(void **state)
{
	AUTO(extents_fini) struct extents extents = {};

	(void)state;
	for (int i = 0; i < 10; i++) {
		assert_int_equal(extents_add(&extents, (struct sg_extent){40, 7}), 0);
		assert_int_equal(extents_add(&extents, (struct sg_extent){20, 3}), 0);
		assert_int_equal(extents_add(&extents, (struct sg_extent){30, 0}), 0);
	}
	extents_sort(&extents);
	assert_int_equal(extents.count, 2);
	assert_int_equal(extents.items[0].first, 20);
	assert_int_equal(extents.items[1].first, 40);
	assert_int_equal(extents_nodes(&extents), 10);
}

/* Extents over all of the heap, of sizes around `size`, in a random order. */
static void random_layout(struct extents *extents, uint32_t size)
{
	uint32_t at = 1 + random_below(2 * size);

	while (at < SG_HEAP_NODES) {
		uint32_t nodes = 1 + random_below(2 * size);

		if (nodes > SG_HEAP_NODES - at)
			nodes = SG_HEAP_NODES - at;
		take(extents, at, nodes);
		at += nodes + (random_below(3) ? 0 : random_below(size));
	}
	for (size_t i = extents->count; i > 1; i--) {
		size_t other = random_below((uint32_t)i);
		struct sg_extent kept = extents->items[i - 1];

		extents->items[i - 1] = extents->items[other];
		extents->items[other] = kept;
	}
}

static void room_is_what_the_slow_search_finds(void **state)
{
	(void)state;
	generator.state = gen_seed(1);
	print_message("seed %llu\n", (unsigned long long)generator.state);
	for (int i = 0; i < RANDOM_LAYOUTS; i++) {
		AUTO(extents_fini) struct extents extents = {};
		uint32_t size = 1U << (4 + random_below(13)); /* 16 ... 65,536 */

		forget_all();
		random_layout(&extents, size);
		extents_sort(&extents);
		for (int j = 0; j < REQUESTS_A_LAYOUT; j++) {
			uint32_t nodes = 1 + random_below(size);

			assert_int_equal(extents_find_room(&extents, nodes), slow_find(nodes));
		}
	}
}

static void what_is_put_in_its_place_needs_no_sorting(void **state)
{
	(void)state;
	generator.state = gen_seed(2);
	print_message("seed %llu\n", (unsigned long long)generator.state);
	for (int i = 0; i < RANDOM_LAYOUTS / 10; i++) {
		AUTO(extents_fini) struct extents layout = {}, inserted = {};

		forget_all();
		random_layout(&layout, 1U << (8 + random_below(9)));
		for (size_t j = 0; j < layout.count; j++)
			assert_int_equal(extents_insert(&inserted, layout.items[j]), 0);
		assert_int_equal(extents_insert(&inserted, (struct sg_extent){9, 0}), 0);
		extents_sort(&layout);
		assert_int_equal(inserted.count, layout.count);
		assert_memory_equal(inserted.items, layout.items,
				    layout.count * sizeof(*layout.items));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_empty_heap_has_room_for_all_but_node_0),
		cmocka_unit_test(a_gap_of_the_exact_size_is_found_at_each_place),
		cmocka_unit_test(what_lies_inside_another_extent_hides_no_room_and_makes_none),
		cmocka_unit_test(repeats_count_once_and_empty_extents_not_at_all),
		cmocka_unit_test(room_is_what_the_slow_search_finds),
		cmocka_unit_test(what_is_put_in_its_place_needs_no_sorting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
