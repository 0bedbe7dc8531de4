// SPDX-License-Identifier: GPL-2.0-only
/*
 * Targets are computed from the cases that they name, and missed when those
 * are too slow.
 */
#include <stdarg.h>
#include <stdint.h>
#include <setjmp.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/measure.h"
#include "bench/targets.h"
#include "util/array.h"

static void add_case(struct bench_report *report, const char *key, double ratio, double ns)
{
	struct bench_case *made;

	assert_int_equal(ARRAY_GROW(report->cases, report->case_count, report->case_capacity), 0);
	made = &report->cases[report->case_count++];
	*made = (struct bench_case){.ratio = ratio, .ns = ns};
	snprintf(made->key, sizeof(made->key), "%s", key);
}

static const struct bench_target *find(const struct bench_report *report, const char *key)
{
	for (size_t i = 0; i < report->target_count; i++) {
		if (!strcmp(report->targets[i].key, key))
			return &report->targets[i];
	}
	return NULL;
}

static void compute(struct bench_report *report)
{
	struct error err;

	if (targets_compute(report, &err))
		fail_msg("%s", err.message);
}

static void a_target_is_the_worst_of_its_cases(void **state)
{
	struct bench_report report = {0};

	(void)state;
	add_case(&report, "tc/ipv4/public/2000x2/established/hot", 1.5, 40);
	add_case(&report, "tc/ipv4/public/2000x2/reply/hot", 2.5, 60);
	add_case(&report, "tc/ipv4/public/2000x2/no-rule/hot", 1.5, 40);
	add_case(&report, "tc/ipv4/public/2000x2/no-rule-with-state/hot", 1.2, 30);
	compute(&report);
	assert_float_equal(find(&report, "established-hot")->measured, 2.5, 1e-9);
	assert_false(find(&report, "established-hot")->is_met);
	assert_float_equal(find(&report, "drop-hot")->measured, 1.5, 1e-9);
	assert_true(find(&report, "drop-hot")->is_met);
	bench_report_fini(&report);
}

static void a_target_without_its_cases_is_left_out(void **state)
{
	struct bench_report report = {0};

	(void)state;
	add_case(&report, "tc/ipv4/public/2000x2/established/hot", 1.5, 40);
	compute(&report);
	assert_null(find(&report, "established-hot"));
	assert_int_equal(report.target_count, 0);
	bench_report_fini(&report);
}

static void cases_are_compared_by_their_figures(void **state)
{
	struct bench_report report = {0};

	(void)state;
	add_case(&report, "tc/ipv6/public/10x2/last-rule/hot", 1, 26);
	add_case(&report, "tc/ipv4/public/10x2/last-rule/hot", 1, 20);
	/* what other work made of most rounds */
	report.cases[0].net.median = 1000;
	compute(&report);
	assert_float_equal(find(&report, "ipv6-accept-hot")->measured, 1.3, 1e-9);
	bench_report_fini(&report);
}

static void the_smallest_figures_are_compared_too(void **state)
{
	struct bench_report report = {0};

	(void)state;
	add_case(&report, "tc/ipv6/public/10x2/last-rule/hot", 1, 26);
	add_case(&report, "tc/ipv4/public/10x2/last-rule/hot", 1, 20);
	add_case(&report, "tc/ipv4/public/2000x2/no-rule/hot", 1.7, 40);
	add_case(&report, "tc/ipv4/public/2000x2/no-rule-with-state/hot", 1.6, 40);
	report.cases[0].least_ns = 24;
	report.cases[1].least_ns = 20;
	report.cases[2].ratio_of_least = 1.2;
	compute(&report);
	assert_float_equal(find(&report, "ipv6-accept-hot")->of_least, 1.2, 1e-9);
	assert_float_equal(find(&report, "drop-hot")->of_least, 1.2, 1e-9);
	/* but the first deciles decide */
	assert_false(find(&report, "drop-hot")->is_met);
	bench_report_fini(&report);
}

static void publishing_counts_both_its_parts(void **state)
{
	struct bench_publish publish = {
		.rules = 20000, .compile_ms = {100, 90, 110}, .publish_ms = {51, 1, 60}};
	struct bench_report report = {
		.publish_count = 1, .two_cpus = {.net = {1.85, 1.8, 1.9}, .ratio_of_least = 1.95}};

	(void)state;
	report.publish = calloc(1, sizeof(publish));
	assert_non_null(report.publish);
	report.publish[0] = publish;
	compute(&report);
	assert_float_equal(find(&report, "publish-20000")->measured, 151, 1e-9);
	assert_false(find(&report, "publish-20000")->is_met);
	/* a least that is not reached */
	assert_float_equal(find(&report, "two-cpus")->measured, 1.85, 1e-9);
	assert_float_equal(find(&report, "two-cpus")->of_least, 1.95, 1e-9);
	assert_false(find(&report, "two-cpus")->is_met);
	bench_report_fini(&report);
}

static void a_decile_is_of_the_calm_rounds(void **state)
{
	struct bench_sample samples[30] = {0};

	(void)state;
	/* 0 to 29, the least ones last; most of them disturbed */
	for (int i = 0; i < 30; i++)
		samples[i].ns = i < 24 ? 1000 - i : 29 - i;
	assert_float_equal(lowest_ns(samples, 30, BENCH_LEAST), 0, 1e-9);
	assert_float_equal(lowest_ns(samples, 30, BENCH_DECILE), 3, 1e-9);
	assert_float_equal(samples[0].ns, 1000, 1e-9);
	assert_float_equal(lowest_ns(samples, 1, BENCH_DECILE), 1000, 1e-9);
}

static void each_pass_has_the_same_tapes(void **state)
{
	struct bench_sample *first, *second;
	struct tapes tapes = {0};

	(void)state;
	first = tapes_next(&tapes, 4);
	second = tapes_next(&tapes, 2);
	assert_non_null(first);
	assert_non_null(second);
	first[3].ns = 7;
	second[1].ns = 8;
	tapes_rewind(&tapes);
	assert_ptr_equal(tapes_next(&tapes, 4), first);
	assert_ptr_equal(tapes_next(&tapes, 2), second);
	assert_float_equal(first[3].ns, 7, 1e-9);
	tapes_fini(&tapes);
}

static void passes_share_all_rounds(void **state)
{
	static const uint32_t rounds[] = {1, 4, 5, 7, 25, 300};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rounds); i++) {
		struct session session = {.passes = 5};
		uint32_t end = 0;

		for (; session.pass < session.passes; session.pass++) {
			struct pass_rounds pass = pass_rounds(&session, rounds[i]);

			assert_int_equal(pass.first, end);
			assert_true(pass.end - pass.first <= rounds[i] / 5 + 1);
			end = pass.end;
		}
		assert_int_equal(end, rounds[i]);
	}
}

static void a_spread_is_median_and_ends(void **state)
{
	double odd[] = {3, 1, 2}, even[] = {4, 1, 3, 2};
	struct bench_spread spread = spread_of(odd, ARRAY_SIZE(odd));

	(void)state;
	assert_float_equal(spread.median, 2, 1e-9);
	assert_float_equal(spread.min, 1, 1e-9);
	assert_float_equal(spread.max, 3, 1e-9);
	assert_float_equal(spread_of(even, ARRAY_SIZE(even)).median, 2.5, 1e-9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_target_is_the_worst_of_its_cases),
		cmocka_unit_test(a_target_without_its_cases_is_left_out),
		cmocka_unit_test(cases_are_compared_by_their_figures),
		cmocka_unit_test(the_smallest_figures_are_compared_too),
		cmocka_unit_test(publishing_counts_both_its_parts),
		cmocka_unit_test(a_decile_is_of_the_calm_rounds),
		cmocka_unit_test(each_pass_has_the_same_tapes),
		cmocka_unit_test(passes_share_all_rounds),
		cmocka_unit_test(a_spread_is_median_and_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
