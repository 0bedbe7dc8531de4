// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench.c - what a packet costs here, as a table, a document or plots.
 */
#include "bench/bench.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/machine.h"
#include "cmd/commands.h"
#include "cmd/output.h"
#include "model/code.h"
#include "util/cleanup.h"
#include "util/number.h"
#include "util/quote.h"

#define DEFAULT_SEED 1
#define MAX_ROUNDS 1000
#define BAR_WIDTH 40

/* Set by ^C: the slice that runs is the last one. */
static volatile sig_atomic_t stop;

static void request_stop(int number)
{
	(void)number;
	stop = 1;
}

static void show_progress(double part, const char *what)
{
	int full = (int)(part * BAR_WIDTH);

	fprintf(stderr, "\r[%-*.*s] %3.0f%% %-24s", BAR_WIDTH, full,
		"########################################", part * 100, what);
	if (part >= 1)
		fprintf(stderr, "\r%*s\r", BAR_WIDTH + 32, "");
	fflush(stderr);
}

static int read_number(const struct invocation *invocation, const char *name, uint64_t min,
		       uint64_t max, uint64_t *value, struct error *err)
{
	const char *text = option_value(invocation, name);

	if (text && number_parse(text, min, max, value))
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_VALUE,
				 "invalid value \"%s\" of --%s: use a number from %llu to %llu",
				 quote(text).text, name, (unsigned long long)min,
				 (unsigned long long)max);
	return 0;
}

/* As it was judged: one told as its limit could be beyond it. */
static json_t *exact(double value)
{
	return json_real(isfinite(value) ? value : 0);
}

/* Two digits behind the point are what is known. */
static json_t *rounded(double value)
{
	return json_real(isfinite(value) ? round(value * 100) / 100 : 0);
}

static json_t *spread_document(const struct bench_spread *spread)
{
	return json_pack("{s:o, s:o, s:o}", "median", rounded(spread->median), "min",
			 rounded(spread->min), "max", rounded(spread->max));
}

/* What a packet costs, and what the rounds say of it. */
static json_t *cost_document(const struct bench_case *one)
{
	json_t *document = spread_document(&one->net);

	json_object_set_new(document, "firstDecile", rounded(one->ns));
	return document;
}

static json_t *case_document(const struct bench_case *one, bool has_cycles)
{
	const struct bench_labels *labels = &one->labels;
	json_t *document = json_pack(
		"{s:s, s:s, s:s, s:s, s:I, s:I, s:s, s:s, s:I, s:o, s:o}", "key", one->key, "hook",
		labels->hook, "family", labels->family, "mix", labels->mix, "rules",
		(json_int_t)labels->rules, "groups", (json_int_t)labels->groups, "what",
		labels->what, "heat", labels->heat, "instances", (json_int_t)labels->instances,
		"ns", cost_document(one), "emptyNs", rounded(one->empty_ns));

	if (one->ratio > 0) {
		json_object_set_new(document, "referenceNs", rounded(one->reference_ns));
		json_object_set_new(document, "ratio", exact(one->ratio));
		json_object_set_new(document, "ratioOfLeast", exact(one->ratio_of_least));
	}
	if (has_cycles) {
		json_object_set_new(document, "cycles", rounded(one->cycles));
		json_object_set_new(document, "instructions", rounded(one->instructions));
	}
	return document;
}

static json_t *target_document(const struct bench_target *target)
{
	json_t *document = json_pack("{s:s, s:s, s:o, s:o, s:b, s:s, s:b}", "key", target->key,
				     "text", target->text, "measured", exact(target->measured),
				     "limit", exact(target->limit), "atLeast", target->is_minimum,
				     "unit", target->unit, "met", target->is_met);

	if (target->of_least > 0)
		json_object_set_new(document, "ratioOfLeast", exact(target->of_least));
	return document;
}

static json_t *publish_document(const struct bench_publish *publish)
{
	return json_pack("{s:I, s:I, s:o, s:o}", "rules", (json_int_t)publish->rules, "imageBytes",
			 (json_int_t)publish->image_bytes, "compileMs",
			 spread_document(&publish->compile_ms), "publishMs",
			 spread_document(&publish->publish_ms));
}

static json_t *scaling_document(const struct bench_scaling *scaling)
{
	json_t *document = spread_document(&scaling->net);

	json_object_set_new(document, "ratioOfLeast", exact(scaling->ratio_of_least));
	return document;
}

static json_t *machine_document(const struct bench_report *report)
{
	struct machine machine;

	machine_describe(&machine);
	return json_pack("{s:s, s:I, s:s, s:s, s:b, s:s, s:s, s:b}", "cpu", machine.cpu, "cpus",
			 (json_int_t)machine.cpus, "arch", machine.arch, "kernel", machine.kernel,
			 "jit", machine.jit, "compiler", report->compiler, "date", machine.date,
			 "cycleCounters", report->has_cycles);
}

static json_t *report_document(const struct bench_report *report,
			       const struct bench_options *options)
{
	json_t *cases = json_array(), *targets = json_array(), *publish = json_array();
	json_t *document;

	for (size_t i = 0; i < report->case_count; i++)
		json_array_append_new(cases, case_document(&report->cases[i], report->has_cycles));
	for (size_t i = 0; i < report->target_count; i++)
		json_array_append_new(targets, target_document(&report->targets[i]));
	for (size_t i = 0; i < report->publish_count; i++)
		json_array_append_new(publish, publish_document(&report->publish[i]));
	document = json_pack("{s:o, s:I, s:I, s:b, s:I, s:o, s:o, s:o}", "machine",
			     machine_document(report), "seed", (json_int_t)options->seed, "rounds",
			     (json_int_t)report->rounds, "quick", options->is_quick, "instances",
			     (json_int_t)report->instances, "cases", cases, "publish", publish,
			     "targets", targets);
	if (document && report->two_cpus.net.median > 0)
		json_object_set_new(document, "twoCpus", scaling_document(&report->two_cpus));
	return document;
}

/* A number as a table shows it. */
static void set_text(json_t *row, const char *field, const char *format, double value)
{
	char text[48];

	snprintf(text, sizeof(text), format, value);
	json_object_set_new(row, field, json_string(text));
}

static int print_cases(const struct bench_report *report, struct error *err)
{
	static const struct column columns[] = {
		{"CASE", "case"},
		{"NS", "ns"},
		{"MIN", "min"},
		{"MEDIAN", "median"},
		{"MAX", "max"},
		{"x REF", "ratio"},
		{"x REF OF MINIMA", "least"},
		{"CYCLES", "cycles"},
		{NULL, NULL},
	};
	struct column shown[sizeof(columns) / sizeof(columns[0])];
	AUTO_JSON json_t *rows = json_array();

	memcpy(shown, columns, sizeof(shown));
	if (!report->has_cycles)
		shown[7] = (struct column){NULL, NULL};
	for (size_t i = 0; i < report->case_count; i++) {
		const struct bench_case *one = &report->cases[i];
		json_t *row = json_pack("{s:s}", "case", one->key);

		set_text(row, "ns", "%.1f", one->ns);
		set_text(row, "median", "%.1f", one->net.median);
		set_text(row, "min", "%.1f", one->net.min);
		set_text(row, "max", "%.1f", one->net.max);
		if (one->ratio > 0) {
			set_text(row, "ratio", "%.2f", one->ratio);
			set_text(row, "least", "%.2f", one->ratio_of_least);
		}
		set_text(row, "cycles", "%.0f", one->cycles);
		json_array_append_new(rows, row);
	}
	return output_table(rows, shown, err);
}

static int print_targets(const struct bench_report *report, struct error *err)
{
	static const struct column columns[] = {
		{"TARGET", "key"},  {"MEASURED", "measured"}, {"OF MINIMA", "least"},
		{"LIMIT", "limit"}, {"MET", "met"},	      {"WHAT", "text"},
		{NULL, NULL},
	};
	AUTO_JSON json_t *rows = json_array();

	for (size_t i = 0; i < report->target_count; i++) {
		const struct bench_target *target = &report->targets[i];
		json_t *row = json_pack("{s:s, s:s, s:b}", "key", target->key, "text", target->text,
					"met", target->is_met);
		bool is_time = !strcmp(target->unit, "ms");

		set_text(row, "measured", is_time ? "%.1f ms" : "%.2f x", target->measured);
		if (target->of_least > 0)
			set_text(row, "least", "%.2f x", target->of_least);
		set_text(row, "limit",
			 is_time	      ? "at most %.0f ms"
			 : target->is_minimum ? "at least %.2f x"
					      : "at most %.2f x",
			 target->limit);
		json_array_append_new(rows, row);
	}
	return output_table(rows, columns, err);
}

static int print_report(const struct bench_report *report, struct error *err)
{
	struct machine machine;
	int r;

	machine_describe(&machine);
	printf("%s, Linux %s, JIT %s, %s\n", machine.cpu, machine.kernel,
	       machine.jit ? "on" : "off", report->compiler);
	printf("ns a packet beyond an empty program: first decile, minimum, median and maximum of "
	       "%u rounds (XDP: at most %u)\n",
	       report->rounds, BENCH_XDP_ROUNDS);
	if (!report->has_cycles)
		puts("cycles and instructions: not available on this machine");
	puts("");
	r = print_cases(report, err);
	puts("");
	for (size_t i = 0; i < report->publish_count; i++)
		printf("%u rules: image of %zu KiB, compiled in %.1f ms, published in %.1f ms\n",
		       report->publish[i].rules, report->publish[i].image_bytes / 1024,
		       report->publish[i].compile_ms.median, report->publish[i].publish_ms.median);
	if (report->two_cpus.net.median > 0)
		printf("two CPUs judge %.2f times the packets of one (%.2f to %.2f)\n",
		       report->two_cpus.net.median, report->two_cpus.net.min,
		       report->two_cpus.net.max);
	puts("");
	return r ? r : print_targets(report, err);
}

static bool misses_target(const struct bench_report *report)
{
	for (size_t i = 0; i < report->target_count; i++) {
		if (!report->targets[i].is_met)
			return true;
	}
	return false;
}

static int read_options(const struct invocation *invocation, struct bench_options *options,
			struct error *err)
{
	uint64_t seed = DEFAULT_SEED, rounds = 0;
	int r = read_number(invocation, "seed", 0, INT64_MAX, &seed, err);

	if (!r)
		r = read_number(invocation, "rounds", 1, MAX_ROUNDS, &rounds, err);
	*options = (struct bench_options){
		.is_quick = option_given(invocation, "quick"),
		.seed = seed,
		.rounds = (uint32_t)rounds,
		.only = option_value(invocation, "only"),
		.progress = isatty(STDERR_FILENO) ? show_progress : NULL,
		.stop = &stop,
	};
	return r;
}

static int show(const struct invocation *invocation, const struct bench_options *options,
		const struct bench_report *report, struct error *err)
{
	const char *plots = option_value(invocation, "svg");
	AUTO_JSON json_t *document = NULL;
	int r = plots ? bench_plots(report, plots, err) : 0;

	if (r)
		return r;
	if (!invocation->json)
		r = print_report(report, err);
	else {
		document = report_document(report, options);
		r = output_json(document, err);
	}
	if (!r && option_given(invocation, "check") && misses_target(report))
		return COMMAND_NEGATIVE;
	return r;
}

int cmd_bench(const struct invocation *invocation, struct error *err)
{
	AUTO(bench_report_fini) struct bench_report report = {0};
	struct sigaction action = {.sa_handler = request_stop, .sa_flags = SA_RESTART};
	struct bench_options options;
	int r = read_options(invocation, &options, err);

	if (r)
		return r;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	r = bench_run(&options, &report, err);
	if (options.progress)
		show_progress(1, "");
	if (!r && !report.case_count && !report.publish_count && !(report.two_cpus.net.median > 0))
		return error_set(err, ENOENT, CODE_INVALID_PARAMETER_VALUE,
				 "no case matches \"%s\": sgate bench --json shows their keys",
				 quote(options.only ? options.only : "").text);
	return r ? r : show(invocation, &options, &report, err);
}
