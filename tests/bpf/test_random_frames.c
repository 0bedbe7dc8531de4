// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_random_frames.c - frames that are almost right get the model's reason
 * from every program.
 *
 * SGATE_SEED=N starts with another seed; a failure names the seed to repeat.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <stdio.h>

#include "bpf/harness.h"
#include "bpf/state_model.h"
#include "bpf/random_frame.h"
#include "kern/internal.h"

/* Instances, and frames to each. */
#define INSTANCES 400
#define FRAMES 500

/* What other tests see to: this one's frames have little to do with each other. */
#define ELSEWHERE \
	(1U << SG_REASON_NO_INSTANCE | 1U << SG_REASON_POLICY_UNREADABLE | \
	 1U << SG_REASON_FRAGMENT_TINY | 1U << SG_REASON_REPLY | 1U << SG_REASON_RELATED | \
	 1U << SG_REASON_FRAGMENT | 1U << SG_REASON_SPOOFED | 1U << SG_REASON_SHARE_FULL | \
	 1U << SG_REASON_TABLE_FULL)

/* An instance with random rules and options. */
struct subject {
	uint64_t seed;
	struct gen_policy gen;
	struct gen_random random; /* of the frames */
	struct policy policy;
	struct state_model model;
};

static void subject_make(struct subject *subject, uint64_t seed)
{
	static const uint16_t types[] = {0x88cc, 0x8100, 0x0100};
	struct gen_random *random = &subject->random;

	*subject = (struct subject){
		.seed = seed,
		.gen = gen_policy(seed, &(struct gen_options){.min_rules = 1, .max_rules = 60}),
		.random.state = ~seed,
	};
	subject->policy = subject->gen.policy;
	if (!gen_below(random, 16)) {
		subject->policy = (struct policy){.without_groups = true};
		subject->policy.pass = gen_below(random, 2);
	}
	subject->model.policy = &subject->policy;
	if (!gen_below(random, 4))
		subject->model.options |= SG_OPTION_STRICT;
	/* Every change of side waits for the kernel. */
	if (seed & 8)
		subject->model.options |= SG_OPTION_GUEST;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (!gen_below(random, 2))
			subject->model.allowed[gen_below(random, SG_MAX_ETHERTYPES)] = types[i];
	}
}

static void subject_bind(struct harness *harness, struct subject *subject)
{
	struct binding binding;

	harness_bind(harness, &subject->policy, subject->model.options);
	assert_true(binding_get(harness->kern, 1, &binding));
	for (int i = 0; i < SG_MAX_ETHERTYPES; i++)
		binding.ethertype[i] = htons(subject->model.allowed[i]);
	harness_bind_raw(harness, &binding);
	harness_flush(harness);
	subject->model.word = binding.policy;
	subject->model.settings = harness->kern->settings;
	subject->model.clock_base = harness->clock_base;
}

static void print_frame(const struct frame *frame)
{
	for (uint32_t i = 0; i < frame->length; i++)
		fprintf(stderr, "%02x%s", frame->bytes[i], i % 32 == 31 ? "\n" : "");
	fprintf(stderr, "\n");
}

static void check(struct harness *harness, struct subject *subject, const struct frame *frame,
		  size_t seen[SG_REASON_COUNT])
{
	for (enum program program = 0; program < PROGRAMS; program++) {
		enum sg_reason expected, found;

		if (!harness_takes(program, frame))
			continue;
		expected = state_model_judge(&subject->model, harness_direction(harness, program),
					     frame->bytes, frame->length);
		found = harness_run(harness, program, frame);
		seen[expected]++;
		if (found == expected)
			continue;
		print_frame(frame);
		fail_msg("%s: program %d says %s, the model %s", harness->name, program,
			 reason_label(found), reason_label(expected));
	}
}

static void every_frame_gets_the_reason_of_the_model(void **state)
{
	struct harness *harness = harness_of(state);
	size_t seen[SG_REASON_COUNT] = {0};
	uint64_t seed = gen_seed(1);

	print_message("SGATE_SEED=%llu\n", (unsigned long long)seed);
	for (int i = 0; i < INSTANCES; i++, seed++) {
		static struct subject subject;
		struct frame frame;

		subject_make(&subject, seed);
		subject_bind(harness, &subject);
		for (int j = 0; j < FRAMES; j++) {
			harness_name(harness, "SGATE_SEED=%llu, frame %d", (unsigned long long)seed,
				     j);
			random_frame(&subject.random, &subject.gen, &frame);
			check(harness, &subject, &frame, seen);
		}
		gen_policy_fini(&subject.gen);
	}
	/* The frames must be worth something: each way a frame can go is taken often. */
	for (int reason = 0; reason < SG_REASON_COUNT; reason++) {
		print_message("%8zu %s\n", seen[reason], reason_label(reason));
		if (!(ELSEWHERE >> reason & 1))
			assert_in_range(seen[reason], INSTANCES * FRAMES / 400, SIZE_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_frame_gets_the_reason_of_the_model),
	};

	return cmocka_run_group_tests(tests, harness_open, harness_close);
}
