/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * measure.h - runners, which are programs with what they are run on, and the
 * rounds in which they take turns.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include "bench/bench.h"
#include "bench/perf.h"
#include "kern/trial.h"

#define BENCH_SLOT 1

enum bench_way {
	WAY_REPEAT, /* one frame over and over */
	WAY_DRIVE,  /* packets of the ring, one after the other, and again */
	WAY_ONCE,   /* the same, no packet twice, and all connections forgotten before */
};

#define NO_RUNNER UINT32_MAX

struct bench_runner {
	enum trial_program program;
	enum bench_way way;
	uint8_t frame[SG_BENCH_FRAME_BYTES]; /* WAY_REPEAT: the one; else what all have in common */
	struct trial_packets packets;	     /* not WAY_REPEAT */
	uint64_t policy;		     /* word of loopback meanwhile; 0: does not matter */
	/* What the counters must say; of sgate's programs only. */
	bool is_judged;
	enum sg_direction direction;
	enum sg_reason reason;
	uint32_t slots; /* BENCH_SLOT is the first of them */
	/* What it is compared with, by index; a case has labels. */
	uint32_t empty;
	uint32_t reference;
	struct bench_labels labels;
	/* Filled by measuring. */
	bool is_wanted;
	uint32_t runs;
	double *ns; /* owned; by round */
	struct perf_counts *counts;
};

#define BENCH_MAX_RUNNERS 48

/* Runners that take turns. */
struct scene {
	struct bench_runner runners[BENCH_MAX_RUNNERS];
	uint32_t count;
	uint32_t rounds;
};
void scene_fini(struct scene *scene);

/* Appended, with one slot and nothing to compare with. */
struct bench_runner *scene_add(struct scene *scene, enum trial_program program, enum bench_way way);
uint32_t scene_index(const struct scene *scene, const struct bench_runner *runner);

/* One run of the benchmark. */
struct session {
	const struct bench_options *options;
	struct trial *trial;
	struct kern *kern;
	struct bench_report *report;
	struct perf perf;
	uint32_t rounds;
	double slice_ns;
	uint32_t scenes; /* done so far, of */
	uint32_t scene_count;
	const char *scene_name;
};

/* Decide how many runs make a slice of it: whole turns of the ring. */
int runner_calibrate(struct session *session, struct bench_runner *runner, struct error *err);

/*
 * One slice: its ns and counts of the round.
 * -EPROTO: a packet was judged otherwise than its case says.
 */
int runner_slice(struct session *session, struct bench_runner *runner, uint32_t round,
		 struct error *err);

/* Whether it has a case that was asked for. */
bool scene_is_wanted(const struct session *session, const struct scene *scene);

/* Run the rounds of a scene and append its cases to the report. */
int scene_measure(struct session *session, struct scene *scene, struct error *err);

/* Rounds of what takes long. */
static inline uint32_t long_rounds(const struct session *session)
{
	return session->rounds < BENCH_LONG_ROUNDS ? session->rounds : BENCH_LONG_ROUNDS;
}

bool runner_is_xdp(const struct bench_runner *runner);

/* The value that so many tenths of all are below; 0: the least. No memory: 0. */
double lowest_of(const double *values, uint32_t count, uint32_t tenths);

/* Sorts the values. */
struct bench_spread spread_of(double *values, size_t count);

void bench_key(const struct bench_labels *labels, char key[BENCH_KEY_MAX]);

#endif
