// SPDX-License-Identifier: GPL-2.0-only
/*
 * measure.c - rounds, and the figures that their slices make.
 *
 * Other work on the machine makes slices slow, at times most of them. Runners
 * take turns for many rounds, so all of them meet the same times, and the first
 * decile of a runner's slices is of calm ones. The rounds of a scene are made in
 * several passes over all scenes, so that none lies in one loud minute.
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

int bench_no_memory(struct error *err)
{
	return error_set(err, ENOMEM, CODE_INTERNAL_SERVER_ERROR, "out of memory");
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
		net_out[i] = runner->samples[i].ns - empty->samples[i].ns;
}

static double lowest(const struct scene *scene, uint32_t runner, uint32_t tenths)
{
	return lowest_ns(scene->runners[runner].samples, scene->rounds, tenths);
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
		const struct bench_sample *mine = &runner->samples[i], *its = &empty->samples[i];

		net[i] = is_cycles ? mine->cycles - its->cycles
				   : mine->instructions - its->instructions;
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
		return bench_no_memory(err);
	bench_key(&runner->labels, made.key);
	net_of(scene, runner, scene->rounds, net);
	made.net = spread_of(net, scene->rounds);
	made.ns = lowest_net(scene, scene_index(scene, runner), BENCH_DECILE);
	made.least_ns = lowest_net(scene, scene_index(scene, runner), BENCH_LEAST);
	made.empty_ns = lowest(scene, runner->empty, BENCH_DECILE);
	made.cycles = counted(scene, runner, scene->rounds, true);
	made.instructions = counted(scene, runner, scene->rounds, false);
	if (runner->reference != NO_RUNNER) {
		made.reference_ns = lowest_net(scene, runner->reference, BENCH_DECILE);
		made.ratio = made.ns / made.reference_ns;
		made.ratio_of_least =
			made.least_ns / lowest_net(scene, runner->reference, BENCH_LEAST);
	}
	report->cases[report->case_count++] = made;
	return 0;
}

static void tell_progress(const struct session *session, double part)
{
	if (session->options->progress)
		session->options->progress((session->scenes + part) / session->scene_count,
					   session->scene_name);
}

static int prepare(struct session *session, uint32_t rounds, struct bench_runner *runner,
		   struct error *err)
{
	runner->samples = tapes_next(&session->tapes, rounds);
	return runner->samples ? runner_calibrate(session, runner, err) : bench_no_memory(err);
}

static int add_cases(struct session *session, const struct scene *scene, struct error *err)
{
	int r = 0;

	for (uint32_t i = 0; !r && i < scene->count; i++) {
		if (scene->runners[i].is_wanted && scene->runners[i].labels.what)
			r = add_case(session, scene, &scene->runners[i], err);
	}
	return r;
}

int scene_measure(struct session *session, struct scene *scene, struct error *err)
{
	struct pass_rounds pass;
	int r = 0;

	if (!scene_is_wanted(session, scene))
		return 0;
	choose(session, scene);
	scene->rounds = session->rounds;
	if (runner_is_xdp(&scene->runners[0]) && scene->rounds > BENCH_XDP_ROUNDS)
		scene->rounds = BENCH_XDP_ROUNDS;
	for (uint32_t i = 0; !r && i < scene->count; i++) {
		if (scene->runners[i].is_wanted)
			r = prepare(session, scene->rounds, &scene->runners[i], err);
	}
	pass = pass_rounds(session, scene->rounds);
	for (uint32_t round = pass.first; !r && round < pass.end; round++) {
		tell_progress(session, (double)(round - pass.first) / (pass.end - pass.first));
		for (uint32_t i = 0; !r && i < scene->count; i++) {
			if (scene->runners[i].is_wanted)
				r = runner_slice(session, &scene->runners[i], round, err);
		}
	}
	return r || !is_last_pass(session) ? r : add_cases(session, scene, err);
}
