// SPDX-License-Identifier: GPL-2.0-only
/*
 * slice.c - run a runner for some milliseconds, with its packets' verdict and
 * reason.
 */
#include <errno.h>

#include "bench/measure.h"
#include "model/code.h"

#define CALIBRATION_RUNS 2000
#define WARM_RUNS 256
/* The wait before an XDP program lets the processor slow down: for some milliseconds all costs half more. */
#define XDP_SLICES 20

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

bool runner_is_xdp(const struct bench_runner *runner)
{
	return runner->program >= TRIAL_XDP_EMPTY;
}

/* Runs that bring the caches to where they are in the middle of a slice. */
static uint32_t warm_runs(const struct bench_runner *runner)
{
	/* the kernel waits for a grace period before it runs an XDP program */
	if (runner->way == WAY_ONCE || (runner->runs && runner_is_xdp(runner)))
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

int runner_calibrate(struct session *session, struct bench_runner *runner, struct error *err)
{
	uint32_t turn = runner->way == WAY_REPEAT ? CALIBRATION_RUNS : runner->packets.count;
	double slice_ns = session->slice_ns * (runner_is_xdp(runner) ? XDP_SLICES : 1);
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

int runner_slice(struct session *session, struct bench_runner *runner, uint32_t round,
		 struct error *err)
{
	struct trial_run run = {0};
	struct perf_counts counts = {0};
	int r = make_ready(session, runner, err);

	if (!r)
		r = run_checked(session, runner, runner->runs, &run, &counts, err);
	runner->samples[round] = (struct bench_sample){
		.ns = run.ns,
		.cycles = (double)counts.cycles / runner->runs,
		.instructions = (double)counts.instructions / runner->runs,
	};
	return r;
}
