/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * scenes.h - what is measured, a scene at a time: policies, packets, and what
 * is expected of them.
 */
#ifndef BENCH_SCENES_H
#define BENCH_SCENES_H

#include "bench/frame.h"
#include "bench/measure.h"

/* Connections beside which one is looked up, "among-100000". */
#define BENCH_CONNECTIONS 100000
/* Instances whose packets are mixed, at most. */
#define BENCH_INSTANCES 10000

struct scene_plan {
	const char *name; /* for the progress; and for --only, where it has no cases */
	int (*run)(struct session *session, const struct scene_plan *plan, struct error *err);
	bool is_quick; /* the targets need it */
	bool is_once;  /* it has no rounds that passes could share */
	bool is_xdp;
	enum sg_family family;
	uint32_t rules;
};

int scene_rules(struct session *session, const struct scene_plan *plan, struct error *err);
int scene_mixes(struct session *session, const struct scene_plan *plan, struct error *err);
int scene_state(struct session *session, const struct scene_plan *plan, struct error *err);
int scene_first(struct session *session, const struct scene_plan *plan, struct error *err);
int scene_crowd(struct session *session, const struct scene_plan *plan, struct error *err);
int scene_instances(struct session *session, const struct scene_plan *plan, struct error *err);
int scene_two_cpus(struct session *session, const struct scene_plan *plan, struct error *err);
int scene_publish(struct session *session, const struct scene_plan *plan, struct error *err);

/* --- stage.c: what they share --- */

/* A policy in the heap. */
struct published {
	struct bench_policy policy;
	uint64_t word;
};

/* Made and published; published_fini() it also on failure. */
int stage_policy(struct session *session, const struct bench_policy_spec *spec,
		 struct published *published, struct error *err);
void published_fini(struct published *published);

/* Forget the policies of other scenes. Before any stage_policy(). */
int stage_begin(struct session *session, struct error *err);
/* Bind loopback, with whatever policy of this scene, and without connections. */
int stage_bind(struct session *session, uint64_t word, struct error *err);

/* Open a connection of the flow; loopback's policy must accept it. */
int stage_handshake(struct session *session, const struct bench_flow *flow, struct error *err);

#define STAGE_RING 8192 /* different packets of a cold case */

/* Fill `count` positions of the ring from `first` on with packets of that fate. */
int stage_ring(struct session *session, const struct bench_policy *policy, enum bench_fate fate,
	       uint32_t first, uint32_t count, struct error *err);

/*
 * Have a runner judge `count` packets of the ring from `first` on, or the first
 * of them again and again: TCP segments in the middle of a connection.
 */
void runner_packets(const struct session *session, struct bench_runner *runner,
		    enum sg_family family, uint32_t first, uint32_t count);

/* What everything of a hook is compared with; indexes of runners, by family and enum bench_way. */
struct stage_bases {
	uint32_t empty[2][2];
	uint32_t reference[2][2];
};

/*
 * Add them to a scene. The reference's packets are those of `ring` by family,
 * STAGE_RING of them from there on.
 */
void stage_bases_add(struct session *session, struct scene *scene, bool is_xdp,
		     const uint32_t ring[2], struct stage_bases *bases_out);

/* The program that judges what is received at the hook. */
enum trial_program stage_program(bool is_xdp);

#endif
