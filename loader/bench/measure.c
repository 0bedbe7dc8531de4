// SPDX-License-Identifier: GPL-2.0-only
/*
 * measure.c - rounds, and the figures that their slices make.
 *
 * Other work on the machine makes slices slow, at times most of them. Runners
 * take turns for many rounds, so all of them meet the same times, and the first
 * decile of a runner's slices is of calm ones.
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

/* Tenths of the rounds. */
#define LEAST 0
#define DECILE 1

static void net_of(const struct scene *scene, const struct bench_runner *runner, uint32_t rounds,
		   double *net_out)
{
	const struct bench_runner *empty = &scene->runners[runner->empty];

	for (uint32_t i = 0; i < rounds; i++)
		net_out[i] = runner->ns[i] - empty->ns[i];
}

double lowest_of(const double *values, uint32_t count, uint32_t tenths)
{
	AUTO_FREE double *sorted = calloc(count, sizeof(*sorted));

	if (!sorted)
		return 0;
	memcpy(sorted, values, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare_doubles);
	return sorted[count * tenths / 10];
}

static double lowest(const struct scene *scene, uint32_t runner, uint32_t tenths)
{
	return lowest_of(scene->runners[runner].ns, scene->rounds, tenths);
}

static double lowest_net(const struct scene *scene, uint32_t runner, uint32_t tenths)
{
	return lowest(scene, runner, tenths) - lowest(scene, scene->runners[runner].empty, tenths);
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

static int add_case(struct session *session, const struct scene *scene,
		    const struct bench_runner *runner, struct error *err)
{
	struct bench_report *report = session->report;
	AUTO_FREE double *net = calloc(scene->rounds, sizeof(*net));
	struct bench_case made = {.labels = runner->labels};

	if (!net || ARRAY_GROW(report->cases, report->case_count, report->case_capacity))
		return no_memory(err);
	bench_key(&runner->labels, made.key);
	net_of(scene, runner, scene->rounds, net);
	made.net = spread_of(net, scene->rounds);
	made.ns = lowest_net(scene, scene_index(scene, runner), DECILE);
	made.least_ns = lowest_net(scene, scene_index(scene, runner), LEAST);
	made.empty_ns = lowest(scene, runner->empty, DECILE);
	made.cycles = counted(scene, runner, scene->rounds, true);
	made.instructions = counted(scene, runner, scene->rounds, false);
	if (runner->reference != NO_RUNNER) {
		made.reference_ns = lowest_net(scene, runner->reference, DECILE);
		made.ratio = made.ns / made.reference_ns;
		made.ratio_of_least = made.least_ns / lowest_net(scene, runner->reference, LEAST);
	}
	report->cases[report->case_count++] = made;
	return 0;
}

static void tell_progress(const struct session *session, const struct scene *scene, uint32_t round)
{
	if (session->options->progress)
		session->options->progress((session->scenes + (double)round / scene->rounds) /
						   session->scene_count,
					   session->scene_name);
}

static int prepare(struct session *session, uint32_t rounds, struct bench_runner *runner,
		   struct error *err)
{
	runner->ns = calloc(rounds, sizeof(*runner->ns));
	runner->counts = calloc(rounds, sizeof(*runner->counts));
	if (!runner->ns || !runner->counts)
		return no_memory(err);
	return runner_calibrate(session, runner, err);
}

int scene_measure(struct session *session, struct scene *scene, struct error *err)
{
	int r = 0;

	if (!scene_is_wanted(session, scene))
		return 0;
	choose(session, scene);
	scene->rounds = runner_is_xdp(&scene->runners[0]) ? long_rounds(session) : session->rounds;
	for (uint32_t i = 0; !r && i < scene->count; i++) {
		if (scene->runners[i].is_wanted)
			r = prepare(session, scene->rounds, &scene->runners[i], err);
	}
	for (uint32_t round = 0; !r && round < scene->rounds; round++) {
		tell_progress(session, scene, round);
		for (uint32_t i = 0; !r && i < scene->count; i++) {
			if (scene->runners[i].is_wanted)
				r = runner_slice(session, &scene->runners[i], round, err);
		}
	}
	for (uint32_t i = 0; !r && i < scene->count; i++) {
		if (scene->runners[i].is_wanted && scene->runners[i].labels.what)
			r = add_case(session, scene, &scene->runners[i], err);
	}
	return r;
}
