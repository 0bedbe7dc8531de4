// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_state_model.c - two instances, random packets that have to do with each
 * other, policies that come and go, time that passes: verdict and reason are
 * those of the model for every packet.
 *
 * SGATE_SEED=N starts with another seed; a failure names the seed to repeat.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/harness.h"
#include "bpf/interface.h"
#include "bpf/random_rules.h"
#include "bpf/state_model.h"
#include "bpf/state_table.h"
#include "bpf/traffic.h"
#include "compile/guard.h"
#include "kern/internal.h"

/* Every world begins with an empty table and policies of its own. */
#define WORLDS 100
#define PACKETS 10000
#define POLICIES 8
#define SIDES 2

static const uint32_t ifindexes[SIDES] = {301, 302};

/* An instance, as it is and as the model has it. */
struct side {
	struct harness harness;
	struct state_model model;
	struct traffic traffic;
	struct mac mac;
	struct prefix addresses[2 * TRAFFIC_LOCALS];
	struct known_addresses own;
};

struct world {
	uint64_t seed;
	struct gen_random random; /* of events */
	struct random_rules policies[POLICIES];
	struct image images[POLICIES];
	struct side sides[SIDES];
	size_t seen[SG_REASON_COUNT];
};

static void bind_policy(struct world *world, struct side *side, uint32_t number)
{
	struct binding binding;

	harness_bind_image(&side->harness, &world->images[number], side->model.options);
	assert_true(binding_get(side->harness.kern, side->harness.ifindex, &binding));
	side->model.policy = &world->policies[number].policy;
	side->model.word = binding.policy;
}

static void make_own(struct side *side)
{
	size_t count = 0;

	side->mac = (struct mac){{2, 0, 0, 0, 0, 1}};
	for (int family = 0; family < 2; family++) {
		for (int i = 0; i < TRAFFIC_LOCALS; i++)
			prefix_parse(traffic_locals[family][i], &side->addresses[count++], NULL);
	}
	side->own = (struct known_addresses){&side->mac, 1, side->addresses, count};
}

static void guard(struct side *side, bool on)
{
	struct image image;
	struct error err;

	side->model.guard = on ? &side->own : NULL;
	if (!on) {
		harness_guard(&side->harness, NULL);
		return;
	}
	if (guard_compile(side->own.macs, side->own.mac_count, side->own.addresses,
			  side->own.address_count, &image, &err))
		fail_msg("%s", err.message);
	harness_guard(&side->harness, &image);
	image_fini(&image);
}

static void make_policies(struct world *world)
{
	struct error err;

	for (int i = 0; i < POLICIES; i++) {
		random_rules(&world->random, &world->policies[i]);
		if (compile(&world->policies[i].policy, SG_HEAP_NODES, &world->images[i], &err))
			fail_msg("%s", err.message);
	}
}

/* One is a guest, so that each program sees both directions. */
static void world_begin(struct world *world, uint64_t seed)
{
	world->seed = seed;
	world->random.state = seed;
	make_policies(world);
	table_forget_fragments(&world->sides[0].harness);
	for (uint32_t i = 0; i < SIDES; i++) {
		struct side *side = &world->sides[i];

		harness_name(&side->harness, "SGATE_SEED=%llu", (unsigned long long)seed);
		side->model.options = i ? SG_OPTION_GUEST : 0;
		side->model.settings = side->harness.kern->settings;
		side->model.clock_base = side->harness.clock_base;
		traffic_init(&side->traffic, seed);
		make_own(side);
		side->harness.guard = 0;
		bind_policy(world, side, gen_below(&world->random, POLICIES));
		guard(side, gen_below(&world->random, 2));
		harness_flush(&side->harness);
		state_model_flush(&side->model);
	}
}

static void world_end(struct world *world)
{
	for (int i = 0; i < SIDES; i++) {
		table_check_model(&world->sides[i].harness, &world->sides[i].model);
		table_check_counts(&world->sides[i].harness);
	}
	for (int i = 0; i < POLICIES; i++)
		image_fini(&world->images[i]);
}

/* About as long as something lives, in units of the clock. */
static void let_time_pass(struct world *world)
{
	const struct sg_settings *settings = world->sides[0].model.settings;
	struct gen_random *random = &world->random;
	uint32_t units = settings->timeout[gen_below(random, SG_PHASE_COUNT)];

	switch (gen_below(random, 8)) {
	case 0:
		units += gen_below(random, 3) - 1;
		break;
	case 1:
		units /= 2;
		break;
	case 2:
		units = gen_below(random, 3);
		break;
	case 3:
		units = settings->fragment_timeout + gen_below(random, 2);
		break;
	default:
		units = gen_below(random, 20 * settings->second);
		break;
	}
	harness_pass_units(&world->sides[0].harness, units);
}

static void something_happens(struct world *world)
{
	struct side *side = &world->sides[gen_below(&world->random, SIDES)];

	switch (gen_below(&world->random, 16)) {
	case 0:
	case 1:
	case 2:
	case 3:
	case 4:
		bind_policy(world, side, gen_below(&world->random, POLICIES));
		break;
	case 5:
		if (gen_below(&world->random, 4))
			break;
		harness_flush(&side->harness);
		state_model_flush(&side->model);
		break;
	case 6:
		side->model.options ^= SG_OPTION_STRICT;
		bind_policy(world, side, gen_below(&world->random, POLICIES));
		break;
	case 7:
		guard(side, gen_below(&world->random, 2));
		break;
	default:
		let_time_pass(world);
		break;
	}
}

static void print_frame(const struct frame *frame)
{
	for (uint32_t i = 0; i < frame->length; i++)
		fprintf(stderr, "%02x%s", frame->bytes[i], i % 32 == 31 ? "\n" : "");
	fprintf(stderr, "\n");
}

static void one_packet(struct world *world, struct side *side)
{
	enum program program = gen_below(&world->random, PROGRAMS);
	enum sg_direction direction = harness_direction(&side->harness, program);
	enum sg_reason expected, found;
	struct frame frame;

	traffic_next(&side->traffic, direction, &frame);
	if (!harness_takes(program, &frame))
		return;
	expected = state_model_judge(&side->model, direction, frame.bytes, frame.length);
	found = harness_run(&side->harness, program, &frame);
	world->seen[expected]++;
	if (found == expected)
		return;
	print_frame(&frame);
	fail_msg("%s: program %d says %s of this %s, the model %s", side->harness.name, program,
		 reason_label(found), direction == SG_INGRESS ? "ingress" : "egress",
		 reason_label(expected));
}

static void run_world(struct world *world, uint64_t seed)
{
	world_begin(world, seed);
	for (int i = 0; i < PACKETS; i++) {
		if (!gen_below(&world->random, 80))
			something_happens(world);
		one_packet(world, &world->sides[gen_below(&world->random, SIDES)]);
	}
	world_end(world);
}

static void every_packet_gets_the_reason_of_the_model(void **state)
{
	struct harness *harness = harness_of(state);
	struct world *world = calloc(1, sizeof(*world));
	uint64_t seed = gen_seed(1);

	assert_non_null(world);
	print_message("SGATE_SEED=%llu\n", (unsigned long long)seed);
	for (uint32_t i = 0; i < SIDES; i++)
		world->sides[i].harness = harness_second(harness, ifindexes[i], 20 + i);
	/* the table is one window: their entries lie side by side */
	harness->kern->settings->bucket_mask = harness->kern->settings->window_mask;
	for (int i = 0; i < WORLDS; i++)
		run_world(world, seed + i);
	/* The packets must be worth something: each way a packet can go is taken often. */
	for (int reason = 0; reason < SG_REASON_COUNT; reason++) {
		print_message("%8zu %s\n", world->seen[reason], reason_label(reason));
		if (reason == SG_REASON_NO_INSTANCE || reason == SG_REASON_POLICY_UNREADABLE ||
		    reason == SG_REASON_EXTENSION_HEADERS ||
		    reason == SG_REASON_ETHERTYPE_ALLOWED || reason == SG_REASON_SHARE_FULL ||
		    reason == SG_REASON_TABLE_FULL)
			continue;
		assert_in_range(world->seen[reason], WORLDS * PACKETS / 2000, SIZE_MAX);
	}
	free(world);
}

static int open_with_interfaces(void **state)
{
	return interfaces_make(ifindexes, SIDES) ? -1 : harness_open(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_packet_gets_the_reason_of_the_model),
	};

	return cmocka_run_group_tests(tests, open_with_interfaces, harness_close);
}
