// SPDX-License-Identifier: GPL-2.0-only
/*
 * run.c - all scenes, one after the other, in several passes.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "bench/scenes.h"
#include "bench/targets.h"
#include "model/code.h"
#include "util/array.h"

#define FULL_ROUNDS 300
#define FULL_PASSES 5
#define QUICK_ROUNDS 9
#define FULL_SLICE_NS 2e6
#define QUICK_SLICE_NS 1e6
#define KNOWN_ADDRESSES 1000

#define RULES(xdp, count, quick) \
	{ \
		.name = #count " rules", .run = scene_rules, .is_quick = (quick), .is_xdp = (xdp), \
		.rules = (count) \
	}
#define PLAN(title, function, ip, count, quick) \
	{ \
		.name = (title), .run = (function), .is_quick = (quick), .family = (ip), \
		.rules = (count) \
	}
#define PUBLISH(count, quick) \
	{ \
		.name = "publish", .run = scene_publish, .is_quick = (quick), .is_once = true, \
		.rules = (count) \
	}

static const struct scene_plan plans[] = {
	RULES(false, 2, false),
	RULES(false, 10, true),
	RULES(false, 20, false),
	RULES(false, 200, false),
	RULES(false, 2000, true),
	RULES(false, 20000, true),
	RULES(true, 10, false),
	RULES(true, 200, false),
	RULES(true, 2000, true),
	RULES(true, 20000, false),
	PLAN("hard rules", scene_mixes, SG_IPV4, 2000, false),
	PLAN("hard rules", scene_mixes, SG_IPV4, 20000, false),
	PLAN("connections", scene_state, SG_IPV4, 2000, true),
	{.name = "connections", .run = scene_state, .is_xdp = true, .rules = 2000},
	PLAN("first packets", scene_first, SG_IPV4, 2000, true),
	PLAN("100,000 connections", scene_crowd, SG_IPV4, 2000, true),
	PLAN("100,000 connections", scene_crowd, SG_IPV6, 2000, true),
	PLAN("instances", scene_instances, SG_IPV4, 2000, true),
	PLAN("two-cpus", scene_two_cpus, SG_IPV4, 2000, true),
	PUBLISH(2000, false),
	PUBLISH(20000, true),
};

/* One CPU, and before others that want it. */
static void settle(cpu_set_t *before)
{
	cpu_set_t one;
	int cpu;

	CPU_ZERO(before);
	sched_getaffinity(0, sizeof(*before), before);
	CPU_ZERO(&one);
	cpu = sched_getcpu();
	CPU_SET(cpu < 0 ? 0 : cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
	setpriority(PRIO_PROCESS, 0, -20);
}

static void unsettle(const cpu_set_t *before)
{
	setpriority(PRIO_PROCESS, 0, 0);
	sched_setaffinity(0, sizeof(*before), before);
}

static int know_addresses(struct session *session, struct error *err)
{
	struct random random = random_seeded(session->options->seed);
	int r = trial_know(session->trial, frame_local_key(SG_IPV4), false, err);

	if (!r)
		r = trial_know(session->trial, frame_local_key(SG_IPV6), false, err);
	for (int i = 0; !r && i < KNOWN_ADDRESSES; i++)
		r = trial_know(session->trial, (uint32_t)random_next(&random), false, err);
	return r;
}

static bool is_planned(const struct session *session, const struct scene_plan *plan)
{
	return (plan->is_quick || !session->options->is_quick) &&
	       (!plan->is_once || is_last_pass(session));
}

static int run_pass(struct session *session, struct error *err)
{
	int r = 0;

	tapes_rewind(&session->tapes);
	for (size_t i = 0; !r && i < ARRAY_SIZE(plans); i++) {
		if (!is_planned(session, &plans[i]))
			continue;
		session->scene_name = plans[i].name;
		r = plans[i].run(session, &plans[i], err);
		session->scenes++;
	}
	return r;
}

static int run_scenes(struct session *session, struct error *err)
{
	int r = know_addresses(session, err);

	session->scene_count = 0;
	for (session->pass = 0; session->pass < session->passes; session->pass++) {
		for (size_t i = 0; i < ARRAY_SIZE(plans); i++)
			session->scene_count += is_planned(session, &plans[i]);
	}
	for (session->pass = 0; !r && session->pass < session->passes; session->pass++)
		r = run_pass(session, err);
	return r;
}

static int open_trial(struct session *session, struct error *err)
{
	struct connection_settings settings;
	int r;

	connection_settings_default(&settings);
	settings.share = 1 << 17;
	settings.entries = 1 << 17;
	settings.instances = BENCH_INSTANCES;
	r = trial_open(&settings, &session->trial, err);
	if (r)
		return r;
	session->kern = trial_kern(session->trial);
	snprintf(session->report->compiler, sizeof(session->report->compiler), "%s",
		 trial_compiler(session->trial));
	return 0;
}

/* Everything on the CPU that we are on. */
static int measure_all(struct session *session, struct error *err)
{
	int r = open_trial(session, err);

	if (r)
		return r;
	session->report->has_cycles = perf_open(&session->perf);
	r = run_scenes(session, err);
	tapes_fini(&session->tapes);
	perf_close(&session->perf);
	trial_close(session->trial);
	return r;
}

int bench_run(const struct bench_options *options, struct bench_report *report_out,
	      struct error *err)
{
	struct bench_report report = {0};
	struct session session = {.options = options, .report = &report};
	cpu_set_t before;
	int r;

	session.rounds = options->rounds     ? options->rounds
			 : options->is_quick ? QUICK_ROUNDS
					     : FULL_ROUNDS;
	session.passes = options->is_quick || session.rounds < FULL_PASSES ? 1 : FULL_PASSES;
	session.slice_ns = options->is_quick ? QUICK_SLICE_NS : FULL_SLICE_NS;
	report.rounds = session.rounds;
	if (options->progress)
		options->progress(0, "loading the programs");
	settle(&before);
	r = measure_all(&session, err);
	unsettle(&before);
	if (!r)
		r = targets_compute(&report, err);
	if (r) {
		bench_report_fini(&report);
		return r;
	}
	*report_out = report;
	return 0;
}

void bench_report_fini(struct bench_report *report)
{
	free(report->cases);
	free(report->targets);
	free(report->publish);
	*report = (struct bench_report){0};
}

const struct bench_case *bench_find(const struct bench_report *report, const char *key)
{
	for (size_t i = 0; i < report->case_count; i++) {
		if (!strcmp(report->cases[i].key, key))
			return &report->cases[i];
	}
	return NULL;
}
