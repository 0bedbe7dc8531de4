/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * measure.h - runners, which are programs with what they are run on, and the
 * rounds in which they take turns.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include "bench/bench.h"
#include "bench/perf.h"
#include "bench/tape.h"
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
	struct bench_sample *samples; /* by round; the session's */
};

#define BENCH_MAX_RUNNERS 48

/* Runners that take turns. */
struct scene {
	struct bench_runner runners[BENCH_MAX_RUNNERS];
	uint32_t count;
	uint32_t rounds;
};

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
	uint32_t rounds; /* of all passes */
	uint32_t pass;	 /* of */
	uint32_t passes;
	struct tapes tapes;
	double slice_ns;
	uint32_t scenes; /* done so far in all passes, of */
	uint32_t scene_count;
	const char *scene_name;
};

/* Decide how many runs make a slice of it: whole turns of the ring. */
int runner_calibrate(struct session *session, struct bench_runner *runner, struct error *err);

/*
 * One slice: its sample of the round.
 * -EPROTO: a packet was judged otherwise than its case says.
 */
int runner_slice(struct session *session, struct bench_runner *runner, uint32_t round,
		 struct error *err);

/* Whether it has a case that was asked for. */
bool scene_is_wanted(const struct session *session, const struct scene *scene);

/* Run this pass's rounds of a scene, and after the last one append its cases to the report. */
int scene_measure(struct session *session, struct scene *scene, struct error *err);

/* Rounds from `first` to before `end`: this pass's part of so many. */
struct pass_rounds {
	uint32_t first;
	uint32_t end;
};

static inline struct pass_rounds pass_rounds(const struct session *session, uint32_t rounds)
{
	return (struct pass_rounds){.first = rounds * session->pass / session->passes,
				    .end = rounds * (session->pass + 1) / session->passes};
}

static inline bool is_last_pass(const struct session *session)
{
	return session->pass + 1 == session->passes;
}

/* Says so: -ENOMEM. */
int bench_no_memory(struct error *err);

bool runner_is_xdp(const struct bench_runner *runner);

void bench_key(const struct bench_labels *labels, char key[BENCH_KEY_MAX]);

#endif
