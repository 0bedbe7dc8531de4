// SPDX-License-Identifier: GPL-2.0-only
/*
 * scene_machine.c - what is no case of a packet: two CPUs against one, and the
 * time to make a policy.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "bench/scenes.h"
#include "model/code.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/monotonic.h"

#define CPUS 2
#define PUBLICATIONS 5
#define SLICE_RUNS 40000

/* One CPU's part: packets of a connection of its own. */
struct worker {
	struct session *session;
	pthread_barrier_t *start;
	int cpu;
	uint8_t frame[SG_BENCH_FRAME_BYTES];
	struct trial_run run;
	struct error err;
	int result;
};

static void *work(void *argument)
{
	struct worker *worker = argument;
	struct trial_run warm = {0};
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(worker->cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
	worker->result = trial_repeat(worker->session->trial, TRIAL_TC_RX, worker->frame,
				      SLICE_RUNS / 10, &warm, &worker->err);
	pthread_barrier_wait(worker->start);
	if (!worker->result)
		worker->result = trial_repeat(worker->session->trial, TRIAL_TC_RX, worker->frame,
					      SLICE_RUNS, &worker->run, &worker->err);
	return NULL;
}

/* The first `count` workers from `first` on, at the same time. */
static int run_workers(struct worker *workers, int first, int count, struct error *err)
{
	pthread_t threads[CPUS];
	pthread_barrier_t start;
	int started = 0, r = 0;

	pthread_barrier_init(&start, NULL, count);
	for (int i = first; i < first + count; i++) {
		workers[i].start = &start;
		/* nobody waits at the barrier yet but those that were started, one at most */
		if (pthread_create(&threads[started], NULL, work, &workers[i]))
			break;
		started++;
	}
	if (started < count) {
		if (started)
			pthread_barrier_wait(&start);
		r = error_set(err, EAGAIN, CODE_INTERNAL_SERVER_ERROR, "cannot start a thread");
	}
	for (int i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&start);
	for (int i = first; !r && i < first + count; i++) {
		if (workers[i].result) {
			*err = workers[i].err;
			r = workers[i].result;
		}
	}
	return r;
}

/* Of each CPU, alone and together with the other one. */
struct two_tapes {
	struct bench_sample *alone[CPUS];
	struct bench_sample *together[CPUS];
};

/* One round. */
static int two_against_one(struct worker *workers, const struct two_tapes *tapes, uint32_t round,
			   struct error *err)
{
	int r = 0;

	for (int i = 0; !r && i < CPUS; i++) {
		r = run_workers(workers, i, 1, err);
		tapes->alone[i][round].ns = workers[i].run.ns;
	}
	if (!r)
		r = run_workers(workers, 0, CPUS, err);
	for (int i = 0; i < CPUS; i++)
		tapes->together[i][round].ns = workers[i].run.ns;
	return r;
}

/* Packets a second together, against one CPU's. */
static double scaling(const double alone_ns[CPUS], const double together_ns[CPUS])
{
	double alone = 0, together = 0;

	for (int i = 0; i < CPUS; i++) {
		alone += 1 / alone_ns[i] / CPUS;
		together += 1 / together_ns[i];
	}
	return together / alone;
}

static double round_scaling(const struct two_tapes *tapes, uint32_t round)
{
	double alone[CPUS], together[CPUS];

	for (int i = 0; i < CPUS; i++) {
		alone[i] = tapes->alone[i][round].ns;
		together[i] = tapes->together[i][round].ns;
	}
	return scaling(alone, together);
}

static double scaling_of_least(const struct two_tapes *tapes, uint32_t rounds)
{
	double alone[CPUS], together[CPUS];

	for (int i = 0; i < CPUS; i++) {
		alone[i] = lowest_ns(tapes->alone[i], rounds, BENCH_LEAST);
		together[i] = lowest_ns(tapes->together[i], rounds, BENCH_LEAST);
	}
	return scaling(alone, together);
}

/*
 * The slices of a round follow each other at once and meet the same times, so what
 * counts is what each round says, and of those the median: other work can make
 * the one or the other slower.
 */
static int compute_scaling(const struct two_tapes *tapes, uint32_t rounds,
			   struct bench_scaling *scaling_out, struct error *err)
{
	AUTO_FREE double *ratios = calloc(rounds, sizeof(*ratios));

	if (!ratios)
		return bench_no_memory(err);
	for (uint32_t i = 0; i < rounds; i++)
		ratios[i] = round_scaling(tapes, i);
	*scaling_out = (struct bench_scaling){
		.net = spread_of(ratios, rounds),
		.ratio_of_least = scaling_of_least(tapes, rounds),
	};
	return 0;
}

/* The first two CPUs there are; whether there are two. */
static bool find_cpus(struct worker *workers)
{
	int found = 0;
	cpu_set_t all;

	memset(&all, 0xff, sizeof(all));
	/* the kernel keeps those that there are */
	if (sched_setaffinity(0, sizeof(all), &all) || sched_getaffinity(0, sizeof(all), &all))
		return false;
	for (int cpu = 0; cpu < CPU_SETSIZE && found < CPUS; cpu++) {
		if (CPU_ISSET(cpu, &all))
			workers[found++].cpu = cpu;
	}
	return found == CPUS;
}

static int prepare_workers(struct session *session, const struct published *published,
			   struct worker *workers, struct error *err)
{
	struct random random = random_seeded(session->options->seed);
	int r = 0;

	for (int i = 0; !r && i < CPUS; i++) {
		struct bench_flow flow;

		workers[i].session = session;
		r = bench_flow_pick(&published->policy, FATE_LAST_RULE, &random, &flow, err);
		if (!r)
			r = stage_handshake(session, &flow, err);
		if (!r)
			frame_fill(workers[i].frame, &flow, true, BENCH_ACK);
	}
	return r;
}

static int take_tapes(struct session *session, struct two_tapes *tapes, struct error *err)
{
	for (int i = 0; i < CPUS; i++) {
		tapes->alone[i] = tapes_next(&session->tapes, session->rounds);
		tapes->together[i] = tapes_next(&session->tapes, session->rounds);
		if (!tapes->alone[i] || !tapes->together[i])
			return bench_no_memory(err);
	}
	return 0;
}

static int measure_two(struct session *session, struct worker *workers, struct error *err)
{
	struct pass_rounds pass = pass_rounds(session, session->rounds);
	uint64_t expected =
		(uint64_t)(pass.end - pass.first) * 2 * CPUS * (SLICE_RUNS + SLICE_RUNS / 10);
	struct sg_counters before = {0}, after = {0};
	struct two_tapes tapes = {0};
	int r = take_tapes(session, &tapes, err);

	if (!r)
		r = counters_read(session->kern, BENCH_SLOT, &before, err);
	for (uint32_t i = pass.first; !r && i < pass.end; i++) {
		if (*session->options->stop)
			return error_set(err, EINTR, CODE_INTERNAL_SERVER_ERROR, "interrupted");
		r = two_against_one(workers, &tapes, i, err);
	}
	if (!r)
		r = counters_read(session->kern, BENCH_SLOT, &after, err);
	if (r)
		return r;
	if (after.by[SG_INGRESS][SG_REASON_RULE_ACCEPT].packets -
		    before.by[SG_INGRESS][SG_REASON_RULE_ACCEPT].packets !=
	    expected)
		return error_set(err, EPROTO, CODE_INTERNAL_SERVER_ERROR,
				 "two CPUs did not accept all packets");
	if (!is_last_pass(session))
		return 0;
	return compute_scaling(&tapes, session->rounds, &session->report->two_cpus, err);
}

int scene_two_cpus(struct session *session, const struct scene_plan *plan, struct error *err)
{
	struct published published = {0};
	struct worker workers[CPUS] = {0};
	struct bench_policy_spec spec = {MIX_PUBLIC, SG_IPV4, plan->rules,
					 2,	     false,   session->options->seed};
	cpu_set_t own;
	int r;

	if (session->options->only && strcmp(session->options->only, plan->name))
		return 0;
	sched_getaffinity(0, sizeof(own), &own);
	if (!find_cpus(workers)) {
		sched_setaffinity(0, sizeof(own), &own);
		return 0;
	}
	r = stage_begin(session, err);
	if (!r)
		r = stage_policy(session, &spec, &published, err);
	if (!r)
		r = stage_bind(session, published.word, err);
	if (!r)
		r = prepare_workers(session, &published, workers, err);
	if (!r)
		r = measure_two(session, workers, err);
	sched_setaffinity(0, sizeof(own), &own);
	published_fini(&published);
	return r;
}

/* A policy of its own each time, so that the heap does not have it already. */
static int publish_one(struct session *session, uint32_t rules, uint32_t turn,
		       struct bench_publish *publish, double ms_out[2], struct error *err)
{
	struct bench_policy_spec spec = {MIX_PUBLIC, SG_IPV4, rules,
					 2,	     true,    session->options->seed + 100 + turn};
	AUTO(bench_policy_fini) struct bench_policy policy = {0};
	AUTO(image_fini) struct image image = {0};
	uint64_t start, compiled;
	uint64_t word = 0;
	int r = stage_begin(session, err);

	if (!r)
		r = bench_policy_make(&spec, &policy, err);
	if (r)
		return r;
	start = monotonic_ns();
	r = compile(&policy.policy, SG_HEAP_NODES, &image, err);
	compiled = monotonic_ns();
	if (!r)
		r = heap_publish(session->kern, &image, &word, err);
	if (!r)
		r = stage_bind(session, word, err);
	ms_out[0] = (double)(compiled - start) / 1e6;
	ms_out[1] = (double)(monotonic_ns() - compiled) / 1e6;
	publish->image_bytes = image.count * sizeof(union sg_node);
	return r;
}

int scene_publish(struct session *session, const struct scene_plan *plan, struct error *err)
{
	struct bench_report *report = session->report;
	struct bench_publish publish = {.rules = plan->rules};
	double compile_ms[PUBLICATIONS], publish_ms[PUBLICATIONS], both[2] = {0};

	if (session->options->only && strcmp(session->options->only, plan->name))
		return 0;
	for (uint32_t i = 0; i < PUBLICATIONS; i++) {
		int r = publish_one(session, plan->rules, i, &publish, both, err);

		if (r)
			return r;
		compile_ms[i] = both[0];
		publish_ms[i] = both[1];
	}
	publish.compile_ms = spread_of(compile_ms, PUBLICATIONS);
	publish.publish_ms = spread_of(publish_ms, PUBLICATIONS);
	if (ARRAY_GROW(report->publish, report->publish_count, report->publish_capacity))
		return bench_no_memory(err);
	report->publish[report->publish_count++] = publish;
	return 0;
}
