// SPDX-License-Identifier: GPL-2.0-only
/*
 * scene_instances.c - packets of one, of a hundred and of ten thousand
 * instances in no order.
 *
 * Interfaces are not needed: the program takes the interface index from the
 * driver (bench.bpf.c), and bindings are made for indexes that nobody has.
 */
#include <string.h>

#include "bench/scenes.h"
#include "util/array.h"

#define FIRST_IFINDEX 1000
#define INSTANCE_RING 32768 /* packets, several of each instance */

static int bind_instances(struct session *session, uint64_t word, struct error *err)
{
	struct binding binding = {.policy = word, .share = 1024};
	int r = 0;

	for (uint32_t i = 0; !r && i < BENCH_INSTANCES; i++) {
		binding.owner = share_owner(session->kern, BENCH_SLOT + i);
		r = binding_set(session->kern, FIRST_IFINDEX + i, &binding, err);
	}
	return r;
}

static int unbind_instances(struct session *session, struct error *err)
{
	int r = 0;

	for (uint32_t i = 0; !r && i < BENCH_INSTANCES; i++)
		r = binding_clear(session->kern, FIRST_IFINDEX + i, err);
	return r;
}

/* The same packets for each number of instances. */
static void add_cases(struct session *session, struct scene *scene, uint32_t rules)
{
	static const uint32_t numbers[] = {1, 100, BENCH_INSTANCES};
	struct bench_runner *empty = scene_add(scene, TRIAL_TC_EMPTY, WAY_DRIVE);
	struct bench_runner *reference = scene_add(scene, TRIAL_TC_REFERENCE4, WAY_DRIVE);

	runner_packets(session, empty, SG_IPV4, 0, INSTANCE_RING);
	runner_packets(session, reference, SG_IPV4, 0, INSTANCE_RING);
	reference->empty = scene_index(scene, empty);
	for (uint32_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		struct bench_runner *runner = scene_add(scene, TRIAL_TC_INSTANCE, WAY_DRIVE);

		runner_packets(session, runner, SG_IPV4, 0, INSTANCE_RING);
		runner->packets.ifindex = FIRST_IFINDEX;
		runner->packets.instances = numbers[i];
		runner->is_judged = true;
		runner->direction = SG_INGRESS;
		runner->reason = SG_REASON_RULE_ACCEPT;
		runner->slots = numbers[i];
		runner->empty = scene_index(scene, empty);
		runner->reference = scene_index(scene, reference);
		runner->labels = (struct bench_labels){
			"tc", "ipv4", "public", rules, 2, "random-instance", "cold", numbers[i]};
	}
}

int scene_instances(struct session *session, const struct scene_plan *plan, struct error *err)
{
	struct scene scene = {.count = 0};
	struct published published = {0};
	struct bench_policy_spec spec = {MIX_PUBLIC, SG_IPV4, plan->rules,
					 2,	     true,    session->options->seed};
	int r = stage_begin(session, err);

	if (!r)
		r = stage_policy(session, &spec, &published, err);
	if (!r)
		r = stage_ring(session, &published.policy, FATE_LAST_RULE, 0, INSTANCE_RING, err);
	if (!r)
		r = bind_instances(session, published.word, err);
	if (!r) {
		session->report->instances = BENCH_INSTANCES;
		add_cases(session, &scene, plan->rules);
		r = scene_measure(session, &scene, err);
	}
	if (!r)
		r = unbind_instances(session, err);
	published_fini(&published);
	return r;
}
