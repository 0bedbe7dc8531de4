// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_compile_tree.c - trees of every small size answer every key near every
 * start as a walk over the starts does.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "compile/tree.h"
#include "util/array.h"

#define MAX_STARTS 600
#define NONE 0x3ffffff0U

static uint32_t search32(const struct sg_node32 *nodes, size_t count, uint32_t key)
{
	uint32_t answer = NONE;
	uint32_t index = 0;

	for (int level = 0; level < SG_MAX_LEVELS_32; level++) {
		assert_true(index < count);
		if (!sg_node32_step(&nodes[index], key, index * SG_FANOUT_32 + 1, &index, &answer))
			return answer;
	}
	fail_msg("too many levels");
	return answer;
}

static uint32_t walk32(const struct start32 *starts, size_t count, uint32_t key)
{
	uint32_t answer = NONE;

	for (size_t i = 0; i < count && starts[i].start <= key; i++)
		answer = starts[i].answer;
	return answer;
}

static void check32(const struct start32 *starts, size_t count)
{
	size_t node_count = tree32_nodes(count);
	struct sg_node32 *nodes = malloc(node_count * sizeof(*nodes));

	assert_non_null(nodes);
	memset(nodes, 0xa5, node_count * sizeof(*nodes));
	tree32_fill(nodes, starts, count, UINT32_MAX);
	for (size_t i = 0; i < count; i++) {
		for (int beside = -1; beside <= 1; beside++) {
			uint32_t key = starts[i].start + (uint32_t)beside;

			assert_int_equal(search32(nodes, node_count, key),
					 walk32(starts, count, key));
		}
	}
	assert_int_equal(search32(nodes, node_count, 0), walk32(starts, count, 0));
	assert_int_equal(search32(nodes, node_count, UINT32_MAX),
			 walk32(starts, count, UINT32_MAX));
	free(nodes);
}

static uint32_t search64(const struct sg_node64 *nodes, size_t count, uint64_t key)
{
	uint32_t answer = NONE;
	uint32_t index = 0;

	for (int level = 0; level < SG_MAX_LEVELS_64; level++) {
		assert_true(index < count);
		if (!sg_node64_step(&nodes[index], key, index * SG_FANOUT_64 + 1, &index, &answer))
			return answer;
	}
	fail_msg("too many levels");
	return answer;
}

static uint32_t walk64(const struct start64 *starts, size_t count, uint64_t key)
{
	uint32_t answer = NONE;

	for (size_t i = 0; i < count && starts[i].start <= key; i++)
		answer = starts[i].answer;
	return answer;
}

static void check64(const struct start64 *starts, size_t count)
{
	size_t node_count = tree64_nodes(count);
	struct sg_node64 *nodes = malloc(node_count * sizeof(*nodes));

	assert_non_null(nodes);
	memset(nodes, 0xa5, node_count * sizeof(*nodes));
	tree64_fill(nodes, starts, count);
	for (size_t i = 0; i < count; i++) {
		for (int beside = -1; beside <= 1; beside++) {
			uint64_t key = starts[i].start + (uint64_t)(int64_t)beside;

			assert_int_equal(search64(nodes, node_count, key),
					 walk64(starts, count, key));
		}
	}
	assert_int_equal(search64(nodes, node_count, 0), walk64(starts, count, 0));
	assert_int_equal(search64(nodes, node_count, UINT64_MAX),
			 walk64(starts, count, UINT64_MAX));
	free(nodes);
}

/* Where the starts lie: from 0 on, up to the greatest key, or spread with room between. */
enum layout {
	FROM_ZERO,
	UP_TO_THE_LAST,
	SPREAD,
	LAYOUTS,
};

static void every_small_tree_of_32_bit_starts_is_right(void **state)
{
	struct start32 starts[MAX_STARTS];

	(void)state;
	for (size_t count = 1; count <= MAX_STARTS; count += count < 200 ? 1 : 37) {
		for (int layout = 0; layout < LAYOUTS; layout++) {
			for (size_t i = 0; i < count; i++) {
				uint32_t start =
					layout == FROM_ZERO ? 2 * (uint32_t)i
					: layout == SPREAD
						? 1000 + 0x600000 * (uint32_t)i
						: UINT32_MAX - 2 * (uint32_t)(count - 1 - i);

				/* Values with every bit, so that a lost flag shows. */
				starts[i] = (struct start32){start, SG_ANSWER_VALUE - (uint32_t)i};
			}
			check32(starts, count);
		}
	}
}

static void every_small_tree_of_64_bit_starts_is_right(void **state)
{
	struct start64 starts[MAX_STARTS];

	(void)state;
	for (size_t count = 1; count <= MAX_STARTS; count += count < 200 ? 1 : 37) {
		for (int layout = 0; layout < LAYOUTS; layout++) {
			for (size_t i = 0; i < count; i++) {
				uint64_t start =
					layout == FROM_ZERO ? 2 * (uint64_t)i
					: layout == SPREAD
						? 1000 + 0x60000000000000 * (uint64_t)i
						: UINT64_MAX - 2 * (uint64_t)(count - 1 - i);
				uint32_t low = i % 3 ? SG_ANSWER_LOW_HALF : 0;

				starts[i] = (struct start64){start,
							     (SG_ANSWER_VALUE - (uint32_t)i) | low};
			}
			check64(starts, count);
		}
	}
}

static void a_tree_has_no_more_nodes_than_it_needs(void **state)
{
	(void)state;
	assert_int_equal(tree32_nodes(0), 0);
	assert_int_equal(tree32_nodes(8), 1);
	assert_int_equal(tree32_nodes(9), 2);
	assert_int_equal(tree64_nodes(0), 0);
	assert_int_equal(tree64_nodes(5), 1);
	assert_int_equal(tree64_nodes(6), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_small_tree_of_32_bit_starts_is_right),
		cmocka_unit_test(every_small_tree_of_64_bit_starts_is_right),
		cmocka_unit_test(a_tree_has_no_more_nodes_than_it_needs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
