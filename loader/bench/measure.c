// SPDX-License-Identifier: GPL-2.0-only
/*
 * measure.c - slices, rounds and the figures that they make.
 *
 * Other work on the machine makes some slices slow. Runners take turns, so a
 * slow time meets all of them; a figure is the median over the rounds of what
 * each round says, and a ratio that of the ratios of the rounds.
 */
#include "bench/measure.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/code.h"
#include "util/array.h"
#include "util/cleanup.h"

#define CALIBRATION_RUNS 2000
#define WARM_RUNS 256
/* The wait before an XDP program lets the processor slow down: for some milliseconds all costs half more. */
#define XDP_SLICES 20

static int no_memory(struct error *err)
{
	return error_set(err, ENOMEM, CODE_INTERNAL_SERVER_ERROR, "out of memory");
}

void scene_fini(struct scene *scene)
{
	for (uint32_t i = 0; i < scene->count; i++) {
		free(scene->runners[i].ns);
		free(scene->runners[i].counts);
	}
	scene->count = 0;
}

struct bench_runner *scene_add(struct scene *scene, enum trial_program program, enum bench_way way)
{
	struct bench_runner *runner = &scene->runners[scene->count++];

	*runner = (struct bench_runner){
		.program = program,
		.way = way,
		.slots = 1,
		.empty = NO_RUNNER,
		.reference = NO_RUNNER,
	};
	return runner;
}

uint32_t scene_index(const struct scene *scene, const struct bench_runner *runner)
{
	return (uint32_t)(runner - scene->runners);
}

void bench_key(const struct bench_labels *labels, char key[BENCH_KEY_MAX])
{
	char instances[32] = "";

	if (labels->instances != 1)
		snprintf(instances, sizeof(instances), "/%u-instances", labels->instances);
	snprintf(key, BENCH_KEY_MAX, "%s/%s/%s/%ux%u/%s/%s%s", labels->hook, labels->family,
		 labels->mix, labels->rules, labels->groups, labels->what, labels->heat, instances);
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

struct bench_spread spread_of(double *values, size_t count)
{
	if (!count)
		return (struct bench_spread){0};
	qsort(values, count, sizeof(*values), compare_doubles);
	return (struct bench_spread){
		.median = (values[count / 2] + values[(count - 1) / 2]) / 2,
		.min = values[0],
		.max = values[count - 1],
	};
}

/* Packets with the reason, and with any other, in all slots of the runner. */
static int read_reasons(const struct session *session, const struct bench_runner *runner,
			uint64_t *right_out, uint64_t *all_out, struct error *err)
{
	uint64_t right = 0, all = 0;

	for (uint32_t slot = BENCH_SLOT; slot < BENCH_SLOT + runner->slots; slot++) {
		struct sg_counters counters;
		int r = counters_read(session->kern, slot, &counters, err);

		if (r)
			return r;
		for (int i = 0; i < 2 * SG_MAX_REASONS; i++)
			all += counters.by[i / SG_MAX_REASONS][i % SG_MAX_REASONS].packets;
		right += counters.by[runner->direction][runner->reason].packets;
	}
	*right_out = right;
	*all_out = all;
	return 0;
}

static int run_unchecked(struct session *session, const struct bench_runner *runner, uint32_t runs,
			 struct trial_run *run_out, struct error *err)
{
	if (*session->options->stop)
		return error_set(err, EINTR, CODE_INTERNAL_SERVER_ERROR, "interrupted");
	if (runner->way == WAY_REPEAT)
		return trial_repeat(session->trial, runner->program, runner->frame, runs, run_out,
				    err);
	return trial_drive(session->trial, runner->program, runner->frame, &runner->packets, runs,
			   run_out, err);
}

static bool is_xdp(const struct bench_runner *runner)
{
	return runner->program >= TRIAL_XDP_EMPTY;
}

/* Runs that bring the caches to where they are in the middle of a slice. */
static uint32_t warm_runs(const struct bench_runner *runner)
{
	/* the kernel waits for a grace period before it runs an XDP program */
	if (runner->way == WAY_ONCE || (runner->runs && is_xdp(runner)))
		return 0;
	return runner->way == WAY_REPEAT ? WARM_RUNS : runner->packets.count;
}

/* Counters of thousands of instances are read before it is warmed up, for what they push out of the caches. */
static int run_warm(struct session *session, const struct bench_runner *runner, uint32_t warm,
		    uint32_t runs, struct trial_run *run_out, struct perf_counts *counts_out,
		    struct error *err)
{
	int r = warm ? run_unchecked(session, runner, warm, run_out, err) : 0;
	struct perf_counts before = perf_read(&session->perf), after;

	if (!r)
		r = run_unchecked(session, runner, runs, run_out, err);
	after = perf_read(&session->perf);
	*counts_out = (struct perf_counts){after.cycles - before.cycles,
					   after.instructions - before.instructions};
	return r;
}

/* One slice of a runner, with the verdict and the reason of each packet. */
static int run_checked(struct session *session, const struct bench_runner *runner, uint32_t runs,
		       struct trial_run *run_out, struct perf_counts *counts_out, struct error *err)
{
	uint64_t right = 0, right_after = 0, all = 0, all_after = 0;
	uint32_t warm = warm_runs(runner);
	char key[BENCH_KEY_MAX] = "";
	int r;

	if (!runner->is_judged) {
		r = run_warm(session, runner, warm, runs, run_out, counts_out, err);
		if (!r && !run_out->accepted)
			return error_set(err, EPROTO, CODE_INTERNAL_SERVER_ERROR,
					 "a program to compare with does not pass the packets");
		return r;
	}
	r = read_reasons(session, runner, &right, &all, err);
	if (!r)
		r = run_warm(session, runner, warm, runs, run_out, counts_out, err);
	if (!r)
		r = read_reasons(session, runner, &right_after, &all_after, err);
	if (r)
		return r;
	if (runner->labels.what)
		bench_key(&runner->labels, key);
	if (right_after - right != warm + runs || all_after - all != warm + runs ||
	    run_out->accepted != (reason_verdict(runner->reason) == SG_ACCEPT))
		return error_set(err, EPROTO, CODE_INTERNAL_SERVER_ERROR,
				 "%s: %llu of %u packets were counted as %s, %llu as anything, and "
				 "the last one was %s: the programs do not judge as the rules say",
				 key, (unsigned long long)(right_after - right), warm + runs,
				 reason_label(runner->reason),
				 (unsigned long long)(all_after - all),
				 run_out->accepted ? "accepted" : "dropped");
	return 0;
}

/* What the runner's packets are to find. */
static int make_ready(struct session *session, const struct bench_runner *runner, struct error *err)
{
	if (runner->policy)
		trial_set_policy(session->trial, runner->policy);
	return runner->way == WAY_ONCE
		       ? connections_flush(session->kern, BENCH_SLOT, TRIAL_IFINDEX, err)
		       : 0;
}

/* How many runs make a slice: whole turns of the ring. */
static int calibrate(struct session *session, struct bench_runner *runner, struct error *err)
{
	uint32_t turn = runner->way == WAY_REPEAT ? CALIBRATION_RUNS : runner->packets.count;
	double slice_ns = session->slice_ns * (is_xdp(runner) ? XDP_SLICES : 1);
	struct perf_counts ignored;
	struct trial_run run = {0};
	int r = make_ready(session, runner, err);

	if (!r && runner->way != WAY_ONCE)
		r = run_checked(session, runner, turn, &run, &ignored, err);
	runner->runs = turn;
	if (!r && runner->way != WAY_ONCE && run.ns * turn * 2 < slice_ns)
		runner->runs = turn * (uint32_t)(slice_ns / (run.ns * turn + 1));
	return r;
}

static int slice(struct session *session, struct bench_runner *runner, uint32_t round,
		 struct error *err)
{
	struct trial_run run = {0};
	int r = make_ready(session, runner, err);

	if (!r)
		r = run_checked(session, runner, runner->runs, &run, &runner->counts[round], err);
	runner->ns[round] = run.ns;
	return r;
}

static bool case_is_wanted(const struct session *session, const struct bench_runner *runner)
{
	const char *only = session->options->only;
	char key[BENCH_KEY_MAX];

	if (!runner->labels.what)
		return false;
	bench_key(&runner->labels, key);
	return !only || strstr(key, only) || !fnmatch(only, key, 0);
}

bool scene_is_wanted(const struct session *session, const struct scene *scene)
{
	for (uint32_t i = 0; i < scene->count; i++) {
		if (case_is_wanted(session, &scene->runners[i]))
			return true;
	}
	return false;
}

/* The cases that were asked for, and what they are compared with. */
static void choose(const struct session *session, struct scene *scene)
{
	for (uint32_t i = 0; i < scene->count; i++) {
		struct bench_runner *runner = &scene->runners[i];

		if (!case_is_wanted(session, runner))
			continue;
		runner->is_wanted = true;
		if (runner->empty != NO_RUNNER)
			scene->runners[runner->empty].is_wanted = true;
		if (runner->reference != NO_RUNNER) {
			struct bench_runner *reference = &scene->runners[runner->reference];

			reference->is_wanted = true;
			scene->runners[reference->empty].is_wanted = true;
		}
	}
}

static void net_of(const struct scene *scene, const struct bench_runner *runner, uint32_t rounds,
		   double *net_out)
{
	const struct bench_runner *empty = &scene->runners[runner->empty];

	for (uint32_t i = 0; i < rounds; i++)
		net_out[i] = runner->ns[i] - empty->ns[i];
}

static double least(const struct bench_runner *runner, uint32_t rounds)
{
	double ns = runner->ns[0];

	for (uint32_t i = 1; i < rounds; i++)
		ns = runner->ns[i] < ns ? runner->ns[i] : ns;
	return ns;
}

static double least_net(const struct scene *scene, const struct bench_runner *runner,
			uint32_t rounds)
{
	return least(runner, rounds) - least(&scene->runners[runner->empty], rounds);
}

static double median_of(const double *values, uint32_t count)
{
	AUTO_FREE double *copy = calloc(count, sizeof(*copy));

	if (!copy)
		return 0;
	memcpy(copy, values, count * sizeof(*copy));
	return spread_of(copy, count).median;
}

static double counted(const struct scene *scene, const struct bench_runner *runner, uint32_t rounds,
		      bool is_cycles)
{
	const struct bench_runner *empty = &scene->runners[runner->empty];
	AUTO_FREE double *net = calloc(rounds, sizeof(*net));

	for (uint32_t i = 0; net && i < rounds; i++) {
		const struct perf_counts *mine = &runner->counts[i], *its = &empty->counts[i];

		net[i] = (double)(is_cycles ? mine->cycles : mine->instructions) / runner->runs -
			 (double)(is_cycles ? its->cycles : its->instructions) / empty->runs;
	}
	return net ? spread_of(net, rounds).median : 0;
}

static void compare_with_reference(const struct scene *scene, const struct bench_runner *runner,
				   uint32_t rounds, double *scratch, struct bench_case *made)
{
	const struct bench_runner *reference = &scene->runners[runner->reference];

	net_of(scene, reference, rounds, scratch);
	made->reference_ns = median_of(scratch, rounds);
	made->ratio_of_least =
		least_net(scene, runner, rounds) / least_net(scene, reference, rounds);
	for (uint32_t i = 0; i < rounds; i++)
		scratch[i] = made->rounds[i] / scratch[i];
	made->ratio = spread_of(scratch, rounds).median;
}

static int add_case(struct session *session, const struct scene *scene,
		    const struct bench_runner *runner, struct error *err)
{
	struct bench_report *report = session->report;
	uint32_t rounds = session->rounds;
	AUTO_FREE double *net = calloc(rounds, sizeof(*net));
	AUTO_FREE double *scratch = calloc(rounds, sizeof(*scratch));
	struct bench_case made = {.labels = runner->labels, .scene = session->scenes};

	if (!net || !scratch ||
	    ARRAY_GROW(report->cases, report->case_count, report->case_capacity))
		return no_memory(err);
	bench_key(&runner->labels, made.key);
	net_of(scene, runner, rounds, net);
	memcpy(scratch, net, rounds * sizeof(*scratch));
	made.net = spread_of(scratch, rounds);
	made.empty_ns = median_of(scene->runners[runner->empty].ns, rounds);
	made.cycles = counted(scene, runner, rounds, true);
	made.instructions = counted(scene, runner, rounds, false);
	made.least_ns = least_net(scene, runner, rounds);
	made.rounds = TAKE_PTR(net);
	made.round_count = rounds;
	if (runner->reference != NO_RUNNER)
		compare_with_reference(scene, runner, rounds, scratch, &made);
	report->cases[report->case_count++] = made;
	return 0;
}

static void tell_progress(const struct session *session, uint32_t round)
{
	if (session->options->progress)
		session->options->progress((session->scenes + (double)round / session->rounds) /
						   session->scene_count,
					   session->scene_name);
}

static int prepare(struct session *session, struct bench_runner *runner, struct error *err)
{
	runner->ns = calloc(session->rounds, sizeof(*runner->ns));
	runner->counts = calloc(session->rounds, sizeof(*runner->counts));
	if (!runner->ns || !runner->counts)
		return no_memory(err);
	return calibrate(session, runner, err);
}

int scene_measure(struct session *session, struct scene *scene, struct error *err)
{
	int r = 0;

	if (!scene_is_wanted(session, scene))
		return 0;
	choose(session, scene);
	for (uint32_t i = 0; !r && i < scene->count; i++) {
		if (scene->runners[i].is_wanted)
			r = prepare(session, &scene->runners[i], err);
	}
	for (uint32_t round = 0; !r && round < session->rounds; round++) {
		tell_progress(session, round);
		for (uint32_t i = 0; !r && i < scene->count; i++) {
			if (scene->runners[i].is_wanted)
				r = slice(session, &scene->runners[i], round, err);
		}
	}
	for (uint32_t i = 0; !r && i < scene->count; i++) {
		if (scene->runners[i].is_wanted && scene->runners[i].labels.what)
			r = add_case(session, scene, &scene->runners[i], err);
	}
	return r;
}
