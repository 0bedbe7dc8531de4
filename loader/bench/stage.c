// SPDX-License-Identifier: GPL-2.0-only
/*
 * stage.c - what scenes share: policies in the heap, frames in the ring, and
 * the programs to compare with.
 */
#include "bench/scenes.h"

int stage_begin(struct session *session, struct error *err)
{
	return heap_begin(session->kern, err);
}

int stage_policy(struct session *session, const struct bench_policy_spec *spec,
		 struct published *published, struct error *err)
{
	int r = bench_policy_make(spec, &published->policy, err);

	return r ? r : heap_publish(session->kern, &published->policy.image, &published->word, err);
}

void published_fini(struct published *published)
{
	bench_policy_fini(&published->policy);
}

int stage_bind(struct session *session, uint64_t word, struct error *err)
{
	struct connection_table table;
	struct binding binding = {
		.policy = word,
		.owner = share_owner(session->kern, BENCH_SLOT),
	};
	int r;

	connection_table(session->kern, &table);
	binding.share = table.window / 2;
	r = binding_set(session->kern, TRIAL_IFINDEX, &binding, err);
	return r ? r : connections_flush(session->kern, BENCH_SLOT, TRIAL_IFINDEX, err);
}

int stage_ring(struct session *session, const struct bench_policy *policy, enum bench_fate fate,
	       uint32_t first, uint32_t count, struct error *err)
{
	struct random random = random_seeded(session->options->seed + first + fate);

	for (uint32_t i = first; i < first + count; i++) {
		struct bench_flow flow;
		int r = bench_flow_pick(policy, fate, &random, &flow, err);

		if (r)
			return r;
		ring_put(trial_ring(session->trial), i, &flow);
	}
	return 0;
}

void runner_packets(const struct session *session, struct bench_runner *runner,
		    enum sg_family family, uint32_t first, uint32_t count)
{
	struct bench_flow flow = ring_get(trial_ring(session->trial), family, first);

	frame_fill(runner->frame, &flow, runner->program != TRIAL_TC_TX, BENCH_ACK);
	runner->packets = (struct trial_packets){.first = first, .count = count};
}

enum trial_program stage_program(bool is_xdp)
{
	return is_xdp ? TRIAL_XDP_RX : TRIAL_TC_RX;
}

void stage_bases_add(struct session *session, struct scene *scene, bool is_xdp,
		     const uint32_t ring[2], struct stage_bases *bases_out)
{
	for (enum bench_way way = WAY_REPEAT; way <= WAY_DRIVE; way++) {
		for (enum sg_family family = SG_IPV4; family <= SG_IPV6; family++) {
			enum trial_program program =
				(is_xdp ? TRIAL_XDP_REFERENCE4 : TRIAL_TC_REFERENCE4) + family;
			struct bench_runner *empty, *reference;

			/* a driver has more to do for an IPv6 packet: empty is what has the same to do */
			empty = scene_add(scene, is_xdp ? TRIAL_XDP_EMPTY : TRIAL_TC_EMPTY, way);
			bases_out->empty[family][way] = scene_index(scene, empty);
			runner_packets(session, empty, family, ring[family], STAGE_RING);
			reference = scene_add(scene, program, way);
			bases_out->reference[family][way] = scene_index(scene, reference);
			runner_packets(session, reference, family, ring[family], STAGE_RING);
			reference->empty = bases_out->empty[family][way];
		}
	}
}
