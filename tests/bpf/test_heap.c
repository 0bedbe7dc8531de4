// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_heap.c - where policy images go, how long they stay whole and when
 * their space is used again; and the bindings that say which are in use.
 *
 * Images here are patterns, of any size that a test wants: nothing of this
 * reads what an image means.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/harness.h"
#include "kern/internal.h"
#include "model/code.h"
#include "util/cleanup.h"

#define HALF (SG_HEAP_NODES / 5 * 2) /* two fit, three do not */
#define MANY (SG_MAX_DIRTY_EXTENTS + 6)
#define FAR SG_NEAR_IFINDEXES

static struct image pattern(uint32_t nodes, uint32_t seed)
{
	struct image image = {.nodes = calloc(nodes, sizeof(*image.nodes)), .count = nodes};

	assert_non_null(image.nodes);
	for (uint32_t i = 0; i < nodes; i++) {
		for (int j = 0; j < 16; j++)
			image.nodes[i].rule_id[j] = seed ^ i * 16 ^ j;
	}
	image.nodes[1].header =
		(struct sg_image_header){.magic = SG_IMAGE_MAGIC, .hash = seed, .nodes = nodes};
	return image;
}

static void begin(struct kern *kern)
{
	struct error err;

	if (heap_begin(kern, &err))
		fail_msg("%s", err.message);
}

static uint64_t publish(struct kern *kern, const struct image *image)
{
	struct error err;
	uint64_t word = 0;

	if (heap_publish(kern, image, &word, &err))
		fail_msg("%s", err.message);
	assert_true(heap_holds(kern, word, image));
	return word;
}

static uint64_t publish_pattern(struct kern *kern, uint32_t nodes, uint32_t seed)
{
	AUTO(image_fini) struct image image = pattern(nodes, seed);

	return publish(kern, &image);
}

static bool holds_pattern(const struct kern *kern, uint64_t word, uint32_t nodes, uint32_t seed)
{
	AUTO(image_fini) struct image image = pattern(nodes, seed);

	return heap_holds(kern, word, &image);
}

static void bind_word(struct kern *kern, uint32_t ifindex, uint64_t word)
{
	struct binding binding = {.policy = word, .owner = SG_OWNER(1, 0)};
	struct error err;

	if (binding_set(kern, ifindex, &binding, &err))
		fail_msg("%s", err.message);
}

static void unbind_word(struct kern *kern, uint32_t ifindex)
{
	struct error err;

	if (binding_clear(kern, ifindex, &err))
		fail_msg("%s", err.message);
}

/* Interface indexes that are bound. */
struct found {
	uint32_t items[MANY * 2];
	size_t count;
};

static int note_index(uint32_t ifindex, const struct binding *binding, void *context)
{
	struct found *found = context;

	(void)binding;
	assert_true(found->count < MANY * 2);
	found->items[found->count++] = ifindex;
	return 0;
}

/* Nothing bound, nothing dirty, in a transaction of its own. */
static struct kern *empty_heap(void **state)
{
	struct kern *kern = harness_of(state)->kern;
	struct found found = {};

	assert_int_equal(binding_each(kern, note_index, &found), 0);
	for (size_t i = 0; i < found.count; i++)
		unbind_word(kern, found.items[i]);
	kern->meta->dirty_count = 0;
	begin(kern);
	return kern;
}

static uint32_t near_or_far(uint32_t i)
{
	return i % 2 ? 1 + i : FAR + i;
}

static bool overlap(uint64_t a, uint32_t a_nodes, uint64_t b, uint32_t b_nodes)
{
	return SG_POLICY_ROOT(a) < SG_POLICY_ROOT(b) + b_nodes &&
	       SG_POLICY_ROOT(b) < SG_POLICY_ROOT(a) + a_nodes;
}

static void the_same_bytes_are_there_once(void **state)
{
	struct kern *kern = empty_heap(state);
	uint64_t word = publish_pattern(kern, 100, 1);
	struct heap_use use;

	assert_true(publish_pattern(kern, 100, 1) == word);
	bind_word(kern, 1, word);
	bind_word(kern, FAR, word);
	begin(kern);
	assert_true(publish_pattern(kern, 100, 1) == word);
	heap_use(kern, &use);
	assert_int_equal(use.images, 1);
	assert_int_equal(use.used, 100);
}

static void different_images_do_not_overlap(void **state)
{
	struct kern *kern = empty_heap(state);
	uint64_t words[MANY];

	for (uint32_t i = 0; i < MANY; i++)
		words[i] = publish_pattern(kern, 2 + i * 37 % 50, i);
	for (uint32_t i = 0; i < MANY; i++) {
		assert_true(holds_pattern(kern, words[i], 2 + i * 37 % 50, i));
		for (uint32_t j = 0; j < i; j++) {
			assert_false(overlap(words[i], 2 + i * 37 % 50, words[j], 2 + j * 37 % 50));
			assert_true(SG_POLICY_GENERATION(words[i]) !=
				    SG_POLICY_GENERATION(words[j]));
		}
	}
}

static void a_word_says_which_directions_need_state(void **state)
{
	struct kern *kern = empty_heap(state);
	AUTO(image_fini) struct image image = pattern(4, 1);

	for (uint32_t stateless = 0; stateless < 16; stateless++) {
		uint64_t word;

		for (uint32_t i = 0; i < 4; i++)
			image.nodes[0].root.layers[i].flags =
				stateless >> i & 1 ? SG_LAYERS_REPLIES_ACCEPTED : 0;
		word = publish(kern, &image);
		for (uint32_t i = 0; i < 4; i++)
			assert_int_equal(!(word & SG_POLICY_STATEFUL(i)), stateless >> i & 1);
		/* found again, it has the same */
		assert_int_equal(publish(kern, &image), word);
	}
}

static void an_image_that_was_never_bound_takes_no_space(void **state)
{
	struct kern *kern = empty_heap(state);
	uint64_t first = publish_pattern(kern, HALF, 1);

	begin(kern);
	assert_int_equal(SG_POLICY_ROOT(publish_pattern(kern, HALF, 2)), SG_POLICY_ROOT(first));
	assert_int_equal(kern->meta->dirty_count, 0);
}

static void space_that_was_given_up_waits_for_a_grace_period(void **state)
{
	struct kern *kern = empty_heap(state);
	uint64_t first = publish_pattern(kern, HALF, 1), small, again;

	bind_word(kern, 1, first);
	begin(kern);
	bind_word(kern, 1, publish_pattern(kern, HALF, 2));
	assert_int_equal(kern->meta->dirty_count, 1);
	begin(kern);
	small = publish_pattern(kern, 10, 3);
	assert_false(overlap(first, HALF, small, 10));
	assert_true(holds_pattern(kern, first, HALF, 1));
	assert_int_equal(kern->meta->dirty_count, 1);

	/* Only the first one's space is left: taken, after the wait that makes it clean. */
	again = publish_pattern(kern, HALF, 4);
	assert_int_equal(SG_POLICY_ROOT(again), SG_POLICY_ROOT(first));
	assert_int_equal(kern->meta->dirty_count, 0);
}

static void a_full_heap_refuses_and_keeps_what_it_has(void **state)
{
	struct kern *kern = empty_heap(state);
	AUTO(image_fini) struct image third = pattern(HALF, 3);
	uint64_t one = publish_pattern(kern, HALF, 1), two = publish_pattern(kern, HALF, 2);
	uint64_t word = 42;
	struct error err;

	bind_word(kern, 1, one);
	bind_word(kern, FAR, two);
	begin(kern);
	assert_int_equal(heap_publish(kern, &third, &word, &err), -ENOSPC);
	assert_string_equal(err.code, CODE_OPERATION_DENIED_POLICY_TOO_LARGE);
	assert_int_equal(word, 42);
	assert_true(holds_pattern(kern, one, HALF, 1));
	assert_true(holds_pattern(kern, two, HALF, 2));

	unbind_word(kern, FAR);
	/* The transaction that gives space up may have to take it back. */
	assert_int_equal(heap_publish(kern, &third, &word, &err), -ENOSPC);
	assert_true(holds_pattern(kern, two, HALF, 2));
	begin(kern);
	assert_true(overlap(publish(kern, &third), HALF, two, HALF));
	assert_true(holds_pattern(kern, one, HALF, 1));
}

static void the_list_of_dirty_space_is_emptied_when_it_is_full(void **state)
{
	struct kern *kern = empty_heap(state);

	bind_word(kern, 1, publish_pattern(kern, 10, 0));
	for (uint32_t i = 1; i <= SG_MAX_DIRTY_EXTENTS; i++) {
		begin(kern);
		bind_word(kern, 1, publish_pattern(kern, 10, i));
		assert_int_equal(kern->meta->dirty_count, i);
	}
	begin(kern);
	bind_word(kern, 1, publish_pattern(kern, 10, MANY));
	assert_int_equal(kern->meta->dirty_count, 1);
}

static void an_image_of_many_instances_is_dirty_once(void **state)
{
	struct kern *kern = empty_heap(state);
	uint64_t word = publish_pattern(kern, 10, 1), next;

	for (uint32_t i = 1; i <= 10; i++)
		bind_word(kern, i, word);
	begin(kern);
	next = publish_pattern(kern, 10, 2);
	for (uint32_t i = 1; i <= 10; i++)
		bind_word(kern, i, next);
	assert_int_equal(kern->meta->dirty_count, 1);
	assert_int_equal(kern->meta->dirty[0].first, SG_POLICY_ROOT(word));
	assert_int_equal(kern->meta->dirty[0].nodes, 10);
}

/*
 * More images than the dirty list holds are given up in one transaction, which
 * then fills the heap and fails: each is whole when it is bound again.
 */
static void what_a_transaction_gave_up_is_whole_until_its_end(void **state)
{
	struct kern *kern = empty_heap(state);
	uint64_t words[MANY], next;
	AUTO(image_fini) struct image filler = pattern(SG_HEAP_NODES / 8, 1000);
	uint64_t word;
	struct error err;

	for (uint32_t i = 0; i < MANY; i++) {
		words[i] = publish_pattern(kern, 100, i);
		bind_word(kern, near_or_far(i), words[i]);
	}
	begin(kern);
	next = publish_pattern(kern, 100, MANY);
	for (uint32_t i = 0; i < MANY; i++)
		bind_word(kern, near_or_far(i), next);
	while (!heap_publish(kern, &filler, &word, &err))
		filler.nodes[1].header.hash++;
	assert_string_equal(err.code, CODE_OPERATION_DENIED_POLICY_TOO_LARGE);
	for (uint32_t i = 0; i < MANY; i++) {
		assert_true(holds_pattern(kern, words[i], 100, i));
		bind_word(kern, near_or_far(i), words[i]);
	}
	begin(kern);
	(void)publish_pattern(kern, SG_HEAP_NODES / 2, MANY + 1);
	for (uint32_t i = 0; i < MANY; i++)
		assert_true(holds_pattern(kern, words[i], 100, i));
}

static void bindings_of_small_and_large_indexes_are_found(void **state)
{
	static const uint32_t indexes[] = {1, 2, FAR - 1, FAR, FAR + 1, INT32_MAX};
	const size_t count = sizeof(indexes) / sizeof(indexes[0]);
	struct kern *kern = empty_heap(state);
	uint64_t word = publish_pattern(kern, 10, 1);
	struct binding binding;
	struct found found = {};

	for (size_t i = 0; i < count; i++) {
		assert_false(binding_get(kern, indexes[i], &binding));
		bind_word(kern, indexes[i], word);
		assert_true(binding_get(kern, indexes[i], &binding));
		assert_true(binding.policy == word);
	}
	assert_int_equal(binding_each(kern, note_index, &found), 0);
	assert_int_equal(found.count, count);
	for (size_t i = 0; i < count; i++) {
		unbind_word(kern, indexes[i]);
		assert_false(binding_get(kern, indexes[i], &binding));
		/* as good as done: nothing to clear is no error */
		unbind_word(kern, indexes[i]);
	}
	found.count = 0;
	assert_int_equal(binding_each(kern, note_index, &found), 0);
	assert_int_equal(found.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_bytes_are_there_once),
		cmocka_unit_test(different_images_do_not_overlap),
		cmocka_unit_test(a_word_says_which_directions_need_state),
		cmocka_unit_test(an_image_that_was_never_bound_takes_no_space),
		cmocka_unit_test(space_that_was_given_up_waits_for_a_grace_period),
		cmocka_unit_test(a_full_heap_refuses_and_keeps_what_it_has),
		cmocka_unit_test(the_list_of_dirty_space_is_emptied_when_it_is_full),
		cmocka_unit_test(an_image_of_many_instances_is_dirty_once),
		cmocka_unit_test(what_a_transaction_gave_up_is_whole_until_its_end),
		cmocka_unit_test(bindings_of_small_and_large_indexes_are_found),
	};

	return cmocka_run_group_tests(tests, harness_open, harness_close);
}
