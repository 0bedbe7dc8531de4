// SPDX-License-Identifier: GPL-2.0-only
/*
 * scene_state.c - packets whose replies the rules reject: they need the
 * connection table, or the table of fragments.
 *
 * The instance may send nothing but DNS, so a reply that passes proves that
 * its connection is known.
 */
#include <errno.h>
#include <string.h>

#include "bench/scenes.h"
#include "model/code.h"
#include "util/array.h"

#define CHUNK 8192 /* handshakes at a time; an instance can have no more than it has room for */

static struct bench_labels labels_of(const struct scene_plan *plan, const char *what,
				     const char *heat)
{
	return (struct bench_labels){
		.hook = plan->is_xdp ? "xdp" : "tc",
		.family = plan->family == SG_IPV4 ? "ipv4" : "ipv6",
		.mix = bench_mix_text(MIX_PUBLIC),
		.rules = plan->rules,
		.groups = 2,
		.what = what,
		.heat = heat,
		.instances = 1,
	};
}

static struct bench_policy_spec spec_of(const struct session *session,
					const struct scene_plan *plan, enum sg_family family)
{
	return (struct bench_policy_spec){
		.mix = MIX_PUBLIC,
		.family = family,
		.rules = plan->rules,
		.groups = 2,
		.seed = session->options->seed,
	};
}

static struct bench_runner *add_judged(struct scene *scene, enum trial_program program,
				       enum bench_way way, enum sg_reason reason, uint64_t word)
{
	struct bench_runner *runner = scene_add(scene, program, way);

	runner->is_judged = true;
	runner->direction = program == TRIAL_TC_TX ? SG_EGRESS : SG_INGRESS;
	runner->reason = reason;
	runner->policy = word;
	return runner;
}

/* One packet that must pass. */
static int send_one(struct session *session, enum trial_program program, const uint8_t *frame,
		    struct error *err)
{
	struct trial_run run = {0};
	int r = trial_repeat(session->trial, program, frame, 1, &run, err);

	if (!r && !run.accepted)
		return error_set(err, EPROTO, CODE_INTERNAL_SERVER_ERROR,
				 "a packet that should have made a connection was dropped");
	return r;
}

int stage_handshake(struct session *session, const struct bench_flow *flow, struct error *err)
{
	uint8_t frame[SG_BENCH_FRAME_BYTES];
	int r;

	frame_fill(frame, flow, true, BENCH_SYN);
	r = send_one(session, TRIAL_TC_RX, frame, err);
	frame_fill(frame, flow, false, BENCH_SYN_ACK);
	if (!r)
		r = send_one(session, TRIAL_TC_TX, frame, err);
	frame_fill(frame, flow, true, BENCH_ACK);
	return r ? r : send_one(session, TRIAL_TC_RX, frame, err);
}

/* A packet that no rule accepts, to an instance that has connections. */
static int add_dropped(struct session *session, struct scene *scene, const struct scene_plan *plan,
		       const struct published *published, struct error *err)
{
	struct random random = random_seeded(session->options->seed);
	struct bench_runner *runner = add_judged(scene, stage_program(plan->is_xdp), WAY_REPEAT,
						 SG_REASON_NO_RULE, published->word);
	struct bench_flow flow;
	int r = bench_flow_pick(&published->policy, FATE_NO_RULE, &random, &flow, err);

	if (!r)
		frame_fill(runner->frame, &flow, true, BENCH_ACK);
	runner->labels = labels_of(plan, "no-rule-with-state", "hot");
	return r;
}

/* The hot cases of one family. */
static int add_hot(struct session *session, struct scene *scene, const struct scene_plan *plan,
		   const struct published *published, const struct stage_bases *bases,
		   struct error *err)
{
	enum trial_program rx = stage_program(plan->is_xdp);
	struct random random = random_seeded(session->options->seed);
	struct bench_runner *runner;
	uint8_t first[SG_BENCH_FRAME_BYTES];
	struct bench_flow flow;
	uint32_t begin = scene->count;
	int r = bench_flow_pick(&published->policy, FATE_LAST_RULE, &random, &flow, err);

	trial_set_policy(session->trial, published->word);
	if (!r)
		r = stage_handshake(session, &flow, err);
	if (r)
		return r;
	runner = add_judged(scene, rx, WAY_REPEAT, SG_REASON_RULE_ACCEPT, published->word);
	frame_fill(runner->frame, &flow, true, BENCH_ACK);
	runner->labels = labels_of(plan, "established", "hot");
	if (!plan->is_xdp) {
		runner = add_judged(scene, TRIAL_TC_TX, WAY_REPEAT, SG_REASON_REPLY,
				    published->word);
		frame_fill(runner->frame, &flow, false, BENCH_ACK);
		runner->labels = labels_of(plan, "reply", "hot");
	}
	frame_fill_fragment(first, &flow, true);
	r = send_one(session, rx, first, err);
	runner = add_judged(scene, rx, WAY_REPEAT, SG_REASON_FRAGMENT, published->word);
	frame_fill_fragment(runner->frame, &flow, false);
	runner->labels = labels_of(plan, "fragment", "hot");
	if (!r)
		r = add_dropped(session, scene, plan, published, err);
	for (uint32_t i = begin; i < scene->count; i++) {
		scene->runners[i].empty = bases->empty[plan->family][WAY_REPEAT];
		scene->runners[i].reference = bases->reference[plan->family][WAY_REPEAT];
	}
	return r;
}

/* Both families, one policy each; what `add` needs for each is added, then all is measured. */
typedef int add_cases(struct session *session, struct scene *scene, const struct scene_plan *plan,
		      const struct published *published, const struct stage_bases *bases,
		      struct error *err);

static int both_families(struct session *session, const struct scene_plan *plan, add_cases *add,
			 struct error *err)
{
	struct scene scene = {.count = 0};
	struct published published[2] = {0};
	uint32_t ring[2] = {0, STAGE_RING};
	struct stage_bases bases;
	int r = stage_begin(session, err);

	for (enum sg_family family = SG_IPV4; !r && family <= SG_IPV6; family++) {
		struct bench_policy_spec spec = spec_of(session, plan, family);

		r = stage_policy(session, &spec, &published[family], err);
		if (!r)
			r = stage_ring(session, &published[family].policy, FATE_LAST_RULE,
				       ring[family], STAGE_RING, err);
	}
	if (!r)
		r = stage_bind(session, published[SG_IPV4].word, err);
	if (!r)
		stage_bases_add(session, &scene, plan->is_xdp, ring, &bases);
	for (enum sg_family family = SG_IPV4; !r && family <= SG_IPV6; family++) {
		struct scene_plan one = *plan;

		one.family = family;
		r = add(session, &scene, &one, &published[family], &bases, err);
	}
	if (!r)
		r = scene_measure(session, &scene, err);
	for (enum sg_family family = SG_IPV4; family <= SG_IPV6; family++)
		published_fini(&published[family]);
	return r;
}

int scene_state(struct session *session, const struct scene_plan *plan, struct error *err)
{
	return both_families(session, plan, add_hot, err);
}

/* Each packet of the ring begins a connection. */
static int add_first(struct session *session, struct scene *scene, const struct scene_plan *plan,
		     const struct published *published, const struct stage_bases *bases,
		     struct error *err)
{
	uint32_t first = 2 * STAGE_RING;
	struct random random = random_seeded(session->options->seed + 1);
	struct bench_flow flow;
	struct bench_runner *runner = add_judged(scene, stage_program(plan->is_xdp), WAY_ONCE,
						 SG_REASON_RULE_ACCEPT, published->word);

	for (uint32_t i = first; i < first + STAGE_RING; i++) {
		int r = bench_flow_pick(&published->policy, FATE_LAST_RULE, &random, &flow, err);

		if (r)
			return r;
		ring_put(trial_ring(session->trial), i, &flow);
	}
	runner_packets(session, runner, plan->family, first, STAGE_RING);
	frame_fill(runner->frame, &flow, true, BENCH_SYN);
	runner->labels = labels_of(plan, "first-packet", "cold");
	runner->empty = bases->empty[plan->family][WAY_DRIVE];
	runner->reference = bases->reference[plan->family][WAY_DRIVE];
	return 0;
}

/* That the last slice left its connections, all but a few of the same addresses and ports. */
static int check_connections(struct session *session, uint32_t expected, struct error *err)
{
	struct share_use use;
	int r = share_use(session->kern, BENCH_SLOT, &use, err);

	if (!r && (use.entries > expected || use.entries < expected - expected / 500))
		return error_set(err, EPROTO, CODE_INTERNAL_SERVER_ERROR,
				 "%u connections are known where %u were opened", use.entries,
				 expected);
	return r;
}

int scene_first(struct session *session, const struct scene_plan *plan, struct error *err)
{
	size_t before = session->report->case_count;
	int r = both_families(session, plan, add_first, err);

	if (r || session->report->case_count == before)
		return r;
	return check_connections(session, STAGE_RING, err);
}

/*
 * A few find the buckets where they could be full, and have no entry: packets
 * of the connection before take their places.
 */
static int mend_crowd(struct session *session, const struct bench_flow *flows, uint32_t from,
		      uint32_t count, struct error *err)
{
	const struct trial_ring *ring = trial_ring(session->trial);
	const struct bench_flow *known = flows;

	for (uint32_t i = 0; i < count; i++) {
		struct trial_run received = {0}, sent = {0};
		uint8_t frame[SG_BENCH_FRAME_BYTES];
		int r;

		frame_fill(frame, &flows[i], true, BENCH_ACK);
		r = trial_repeat(session->trial, TRIAL_TC_RX, frame, 1, &received, err);
		frame_fill(frame, &flows[i], false, BENCH_ACK);
		if (!r)
			r = trial_repeat(session->trial, TRIAL_TC_TX, frame, 1, &sent, err);
		if (r)
			return r;
		if (received.accepted && sent.accepted)
			known = &flows[i];
		ring_put(ring, from + i, known);
	}
	return 0;
}

/* Packets that were accepted, and replies that were. */
static int count_passed(struct session *session, uint64_t *passed_out, struct error *err)
{
	struct sg_counters counters = {0};
	int r = counters_read(session->kern, BENCH_SLOT, &counters, err);

	*passed_out = counters.by[SG_INGRESS][SG_REASON_RULE_ACCEPT].packets +
		      counters.by[SG_EGRESS][SG_REASON_REPLY].packets;
	return r;
}

/* Packets of the ring's connections, one each, sent by the instance or received. */
static int drive_crowd(struct session *session, bool is_sent, const struct bench_flow *flow,
		       uint8_t tcp_flags, uint32_t from, uint32_t count, struct error *err)
{
	uint8_t frame[SG_BENCH_FRAME_BYTES];
	struct trial_packets packets = {.first = from, .count = count};
	struct trial_run run = {0};

	frame_fill(frame, flow, !is_sent, tcp_flags);
	return trial_drive(session->trial, is_sent ? TRIAL_TC_TX : TRIAL_TC_RX, frame, &packets,
			   count, &run, err);
}

/* Open the connections of flows picked at random, which the ring gets. */
static int open_crowd(struct session *session, const struct published *published, struct error *err)
{
	static const uint8_t flags[][2] = {{BENCH_SYN, BENCH_SYN_ACK}, {BENCH_ACK, BENCH_ACK}};
	struct random random = random_seeded(session->options->seed + 2);
	struct bench_flow flows[CHUNK];
	uint64_t before = 0, after = 0;
	int r = 0;

	for (uint32_t from = 0; from < BENCH_CONNECTIONS; from += CHUNK) {
		uint32_t count =
			BENCH_CONNECTIONS - from < CHUNK ? BENCH_CONNECTIONS - from : CHUNK;

		for (uint32_t i = 0; !r && i < count; i++) {
			r = bench_flow_pick(&published->policy, FATE_LAST_RULE, &random, &flows[i],
					    err);
			if (!r)
				ring_put(trial_ring(session->trial), from + i, &flows[i]);
		}
		if (!r)
			r = count_passed(session, &before, err);
		for (size_t step = 0; !r && step < ARRAY_SIZE(flags); step++) {
			r = drive_crowd(session, false, flows, flags[step][0], from, count, err);
			if (!r)
				r = drive_crowd(session, true, flows, flags[step][1], from, count,
						err);
		}
		if (!r)
			r = count_passed(session, &after, err);
		if (!r && after - before != (uint64_t)count * 2 * ARRAY_SIZE(flags))
			r = mend_crowd(session, flows, from, count, err);
	}
	return r;
}

/* Packets of all the connections, one after the other, with what they are compared with. */
static void add_crowd(const struct session *session, struct scene *scene,
		      const struct scene_plan *plan, uint64_t word)
{
	struct bench_runner *empty = scene_add(scene, TRIAL_TC_EMPTY, WAY_DRIVE);
	struct bench_runner *reference =
		scene_add(scene, TRIAL_TC_REFERENCE4 + plan->family, WAY_DRIVE);

	reference->empty = scene_index(scene, empty);
	for (int way = 0; way < 2; way++) {
		struct bench_runner *runner =
			add_judged(scene, way ? TRIAL_TC_TX : TRIAL_TC_RX, WAY_DRIVE,
				   way ? SG_REASON_REPLY : SG_REASON_RULE_ACCEPT, word);

		runner->empty = scene_index(scene, empty);
		runner->reference = scene_index(scene, reference);
		runner->labels = labels_of(plan, way ? "reply" : "established", "among-100000");
	}
	for (uint32_t i = 0; i < scene->count; i++)
		runner_packets(session, &scene->runners[i], plan->family, 0, BENCH_CONNECTIONS);
}

int scene_crowd(struct session *session, const struct scene_plan *plan, struct error *err)
{
	struct scene scene = {.count = 0};
	struct bench_policy_spec spec = spec_of(session, plan, plan->family);
	struct published published = {0};
	int r = stage_begin(session, err);

	if (!r)
		r = stage_policy(session, &spec, &published, err);
	if (!r)
		r = stage_bind(session, published.word, err);
	if (!r)
		add_crowd(session, &scene, plan, published.word);
	if (!r && scene_is_wanted(session, &scene)) {
		r = open_crowd(session, &published, err);
		if (!r)
			r = check_connections(session, BENCH_CONNECTIONS, err);
		if (!r)
			r = scene_measure(session, &scene, err);
	}
	published_fini(&published);
	return r;
}
