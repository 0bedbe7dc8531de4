/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * step.h - the steps that put a change in force, each noted before it is done,
 * so that all of them can be taken back.
 */
#ifndef CONTROL_STEP_H
#define CONTROL_STEP_H

#include "control/target.h"

struct step;

struct steps {
	struct step *items; /* owned */
	size_t count;
	size_t capacity;
};
void steps_fini(struct steps *steps);

/*
 * Write a target's entry and put its programs on its interface. `present` is
 * how it is. An interface that was in use without programs keeps starts_until
 * till steps_settle().
 */
int step_bind(struct steps *steps, struct kern *kern, const struct target *target,
	      const struct present *present, struct error *err);
/*
 * Give the target's entry its new policy where it lacks nothing else: one
 * store, which asks nothing of the interface.
 */
int step_swap_policy(struct steps *steps, struct kern *kern, const struct target *target,
		     struct error *err);
/* End the start of all interfaces that the steps began. */
int steps_settle(const struct steps *steps, struct kern *kern, struct error *err);
/* Take the programs off, forget the connections and clear the entry. */
int step_unbind(struct steps *steps, struct kern *kern, const struct bound *bound,
		struct error *err);

/*
 * Take all steps back, the last one first. The old images are still whole, so
 * it cannot fail for want of room. Connections that were forgotten stay so.
 */
void steps_undo(struct steps *steps, struct kern *kern);

#endif
