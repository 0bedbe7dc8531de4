/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * target.h - what the kernel should have for each touched instance, beside
 * what it has.
 */
#ifndef CONTROL_TARGET_H
#define CONTROL_TARGET_H

#include "control/internal.h"

/* An entry that the kernel has. */
struct bound {
	uint32_t ifindex;
	struct binding binding;
};

struct bounds {
	struct bound *items;
	size_t count;
	size_t capacity;
};

struct target {
	struct instance instance;
	bool has_link;
	struct link_info link;
	bool is_enforced; /* it is to have its programs and a binding */
	bool is_guest;
	struct policy_set *policy; /* borrowed; NULL unless enforced */
	struct image guard;	   /* of its addresses; without nodes when none are known */
	uint32_t guard_root;	   /* 0: none, or not published yet */
	uint32_t share;		   /* connections that it may have */
};

struct targets {
	struct target *items;
	size_t count;
	size_t capacity;
	struct target **by_slot; /* NULL: not touched */
};
void targets_fini(struct targets *targets);

/* From the store's open transaction and the interfaces that are there. */
int targets_load(struct change *change, struct targets *targets_out, struct error *err);

/* The hooks that its mode means; without an interface, as far as that tells. */
struct hooks target_hooks(const struct kern *kern, const struct target *target);

/* How a target is now, beside the hooks that it should have. */
struct present {
	bool is_bound;
	struct binding binding;
	struct hooks named;  /* what the entry says */
	struct hooks live;   /* what is there */
	struct hooks wanted; /* what should be there; own_clsact as it is */
	bool has_surplus;    /* there is more of ours than that */
	uint32_t owner;	     /* of its slot's connections */
};
struct present target_present(const struct kern *kern, const struct target *target);
bool present_hooks_are_right(const struct present *present);

/* What the kernel has otherwise than it should, in words; NULL when it is right. */
const char *target_difference(const struct kern *kern, const struct target *target,
			      const struct present *present);

/* The entry that a target should have with its policy and guard as published, and these hooks. */
struct binding target_binding(const struct target *target, uint32_t owner,
			      const struct hooks *hooks);

/* Whether its entry is what it should be with its hooks as they are named, but for the policy. */
bool target_lacks_only_policy(const struct kern *kern, const struct target *target,
			      const struct binding *binding);

/* Everything that is bound. */
int bounds_load(const struct kern *kern, struct bounds *bounds_out, struct error *err);

/* Whether it is the entry of a touched or removed instance, or of nobody, on a wrong interface. */
bool bound_is_stale(const struct change *change, const struct targets *targets,
		    const struct bound *bound);

#endif
