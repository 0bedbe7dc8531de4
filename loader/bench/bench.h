/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bench.h - what a packet costs in the loaded programs, on this machine.
 *
 * Programs run on frames in a bpffs directory of their own (kern/trial.h), in
 * slices of a few milliseconds and in turns with an empty program and with the
 * reference of bench.bpf.c. A round is one slice of each. Other work on the
 * machine makes a slice dearer, never cheaper, and at times most of them: so a
 * figure is the first decile of many rounds. Every slice checks the counters:
 * each packet must have had the verdict and the reason that the case is about,
 * else nothing is measured and the whole run fails.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

struct bench_options {
	bool is_quick;	 /* the cases of the targets alone, in few rounds */
	uint64_t seed;	 /* of rules and packets */
	uint32_t rounds; /* 0: a number that goes with is_quick */
	const char
		*only; /* cases whose key has this in it, or matches it as a pattern; NULL: all */
	/* Told what part is done; NULL: nobody wants to know. */
	void (*progress)(double part, const char *what);
	const volatile sig_atomic_t *stop; /* set: end with -EINTR */
};

struct bench_spread {
	double median;
	double min;
	double max;
};

/* What a case is about. All texts are static. */
struct bench_labels {
	const char *hook;   /* "tc", "xdp" */
	const char *family; /* "ipv4", "ipv6" */
	const char *mix;    /* of rules: bench_mix_text() */
	uint32_t rules;
	uint32_t groups;
	const char *what; /* becomes of the packet: "last-rule", "established", ... */
	const char *heat; /* "hot": one packet over and over; "cold": a different one each time */
	uint32_t instances;
};

#define BENCH_KEY_MAX 96

struct bench_case {
	struct bench_labels labels;
	char key[BENCH_KEY_MAX]; /* "tc/ipv4/public/2000x2/last-rule/cold" */
	double ns;	       /* a packet: first decile of the rounds, less the empty program's */
	double ratio;	       /* to the reference's; 0: it has none */
	double ratio_of_least; /* the same of the smallest figures */
	double least_ns;       /* its smallest figure, less the empty program's smallest */
	struct bench_spread net; /* of what each round says */
	double empty_ns;	 /* of the empty program, run in the same way; a first decile */
	double reference_ns;	 /* as ns */
	double cycles;		 /* net; 0: not counted */
	double instructions;
};

struct bench_target {
	const char *key;
	const char *text;
	double measured;
	double of_least; /* the same of the smallest figures; 0: there is none */
	double limit;
	bool is_minimum; /* the limit is the least that will do, not the most */
	bool is_met;
	const char *unit; /* "x" or "ms" */
};

struct bench_publish {
	uint32_t rules;
	size_t image_bytes;
	struct bench_spread compile_ms;
	struct bench_spread publish_ms;
};

/* At XDP a slice takes long (slice.c), so there are no more rounds than these. */
#define BENCH_XDP_ROUNDS 25

/* Packets a second on two CPUs, against one; all 0: not measured. */
struct bench_scaling {
	struct bench_spread net; /* of what each round says */
	double ratio_of_least;	 /* of each CPU's quickest slices */
};

struct bench_report {
	struct bench_case *cases;
	size_t case_count;
	size_t case_capacity;
	struct bench_target *targets; /* of what was measured */
	size_t target_count;
	size_t target_capacity;
	struct bench_publish *publish;
	size_t publish_count;
	size_t publish_capacity;
	struct bench_scaling two_cpus;
	uint32_t rounds;    /* at XDP at most BENCH_XDP_ROUNDS */
	uint32_t instances; /* the most that were bound */
	bool has_cycles;    /* the machine counts them */
	char compiler[64];  /* of the programs */
};

int bench_run(const struct bench_options *options, struct bench_report *report_out,
	      struct error *err);
void bench_report_fini(struct bench_report *report);

/* NULL when it was not measured. */
const struct bench_case *bench_find(const struct bench_report *report, const char *key);

/* Write the plots into a directory, which is made when missing. */
int bench_plots(const struct bench_report *report, const char *dir, struct error *err);

#endif
