// SPDX-License-Identifier: GPL-2.0-only
/*
 * targets.c - which cases a target means, and its limit.
 *
 * Where a target names more than one case, the worst of them counts. The ratio of
 * the smallest figures is told beside it: far from each other, the machine was
 * busy with other work nearly all of the time.
 */
#include "bench/targets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/measure.h"
#include "model/code.h"
#include "util/array.h"
#include "util/cleanup.h"

#define MAX_PAIRS 4

/* Cases against the reference, or each against another case. */
struct target_spec {
	const char *key;
	const char *text;
	double limit;
	struct {
		const char *of;
		const char *to; /* NULL: the reference */
	} pairs[MAX_PAIRS];
};

static const struct target_spec specs[] = {
	{"accept-hot",
	 "2 groups x 5 rules, accepted, hot, against the reference",
	 1.0,
	 {{"tc/ipv4/public/10x2/last-rule/hot", NULL}, {"tc/ipv4/public/10x2/own-rule/hot", NULL}}},
	{"accept-2000-cold",
	 "2 groups x 1,000 rules, accepted by the last rule, cold addresses, against the reference",
	 2.0,
	 {{"tc/ipv4/public/2000x2/last-rule/cold", NULL}}},
	{"accept-20000-cold",
	 "2 groups x 10,000 rules, the same",
	 2.6,
	 {{"tc/ipv4/public/20000x2/last-rule/cold", NULL}}},
	{"two-groups",
	 "2,000 rules in two groups against the same in one",
	 1.05,
	 /* a packet that comes again is not searched for */
	 {{"tc/ipv4/public/2000x2/last-rule/cold", "tc/ipv4/public/2000x1/last-rule/cold"}}},
	{"established-hot",
	 "established, 2 x 1,000 rules, hot, against the reference",
	 2.0,
	 {{"tc/ipv4/public/2000x2/established/hot", NULL},
	  {"tc/ipv4/public/2000x2/reply/hot", NULL}}},
	{"established-100000",
	 "established, among 100,000, against the reference",
	 3.5,
	 {{"tc/ipv4/public/2000x2/established/among-100000", NULL},
	  {"tc/ipv4/public/2000x2/reply/among-100000", NULL}}},
	{"drop-hot",
	 "default drop, 2 x 1,000 rules, hot, against the reference",
	 1.5,
	 {{"tc/ipv4/public/2000x2/no-rule/hot", NULL},
	  {"tc/ipv4/public/2000x2/no-rule-with-state/hot", NULL}}},
	{"ipv6-accept-hot",
	 "IPv6 against IPv4: 2 x 5 rules, accepted, hot",
	 1.3,
	 {{"tc/ipv6/public/10x2/last-rule/hot", "tc/ipv4/public/10x2/last-rule/hot"}}},
	{"ipv6-accept-2000-cold",
	 "IPv6 against IPv4: 2 x 1,000 rules, cold",
	 1.3,
	 {{"tc/ipv6/public/2000x2/last-rule/cold", "tc/ipv4/public/2000x2/last-rule/cold"}}},
	{"ipv6-accept-20000-cold",
	 "IPv6 against IPv4: 2 x 10,000 rules, cold",
	 1.3,
	 {{"tc/ipv6/public/20000x2/last-rule/cold", "tc/ipv4/public/20000x2/last-rule/cold"}}},
	{"ipv6-established-hot",
	 "IPv6 against IPv4: established, hot",
	 1.3,
	 {{"tc/ipv6/public/2000x2/established/hot", "tc/ipv4/public/2000x2/established/hot"},
	  {"tc/ipv6/public/2000x2/reply/hot", "tc/ipv4/public/2000x2/reply/hot"}}},
	{"ipv6-established-100000",
	 "IPv6 against IPv4: established, among 100,000",
	 1.3,
	 {{"tc/ipv6/public/2000x2/established/among-100000",
	   "tc/ipv4/public/2000x2/established/among-100000"},
	  {"tc/ipv6/public/2000x2/reply/among-100000",
	   "tc/ipv4/public/2000x2/reply/among-100000"}}},
	{"ipv6-drop-hot",
	 "IPv6 against IPv4: default drop, hot",
	 1.3,
	 {{"tc/ipv6/public/2000x2/no-rule/hot", "tc/ipv4/public/2000x2/no-rule/hot"},
	  {"tc/ipv6/public/2000x2/no-rule-with-state/hot",
	   "tc/ipv4/public/2000x2/no-rule-with-state/hot"}}},
	{"instances",
	 "10,000 bound instances against 1, random instance each packet",
	 1.4,
	 {{"tc/ipv4/public/2000x2/random-instance/cold/10000-instances",
	   "tc/ipv4/public/2000x2/random-instance/cold"}}},
};

static int add(struct bench_report *report, struct bench_target target, struct error *err)
{
	if (ARRAY_GROW(report->targets, report->target_count, report->target_capacity))
		return bench_no_memory(err);
	target.is_met = target.is_minimum ? target.measured >= target.limit
					  : target.measured <= target.limit;
	report->targets[report->target_count++] = target;
	return 0;
}

static int add_ratio(struct bench_report *report, const struct target_spec *spec, struct error *err)
{
	struct bench_target target = {
		.key = spec->key, .text = spec->text, .limit = spec->limit, .unit = "x"};

	for (size_t i = 0; i < MAX_PAIRS && spec->pairs[i].of; i++) {
		const struct bench_case *of = bench_find(report, spec->pairs[i].of);
		const struct bench_case *to =
			spec->pairs[i].to ? bench_find(report, spec->pairs[i].to) : NULL;
		double ratio, of_least = 0;

		if (!of || (spec->pairs[i].to && !to))
			return 0;
		ratio = to ? of->ns / to->ns : of->ratio;
		if (!to)
			of_least = of->ratio_of_least;
		else if (to->least_ns > 0)
			of_least = of->least_ns / to->least_ns;
		if (i == 0 || ratio > target.measured)
			target.measured = ratio;
		if (of_least > target.of_least)
			target.of_least = of_least;
	}
	return add(report, target, err);
}

static int add_publish(struct bench_report *report, struct error *err)
{
	for (size_t i = 0; i < report->publish_count; i++) {
		const struct bench_publish *publish = &report->publish[i];
		struct bench_target target = {
			.key = "publish-20000",
			.text = "compile and publish 20,000 rules",
			.measured = publish->compile_ms.median + publish->publish_ms.median,
			.limit = 150,
			.unit = "ms",
		};

		if (publish->rules == 20000)
			return add(report, target, err);
	}
	return 0;
}

int targets_compute(struct bench_report *report, struct error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < ARRAY_SIZE(specs); i++)
		r = add_ratio(report, &specs[i], err);
	if (!r && report->two_cpus.net.median > 0)
		r = add(report,
			(struct bench_target){.key = "two-cpus",
					      .text = "packets a second on two CPUs against one",
					      .measured = report->two_cpus.net.median,
					      .of_least = report->two_cpus.ratio_of_least,
					      .limit = 1.9,
					      .is_minimum = true,
					      .unit = "x"},
			err);
	return r ? r : add_publish(report, err);
}
