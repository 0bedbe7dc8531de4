/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * internal.h - what the files of control/ share: a change and how it is put in
 * force.
 *
 *   change_begin            the store's write transaction
 *   store_...               what is to be different
 *   change_touch_...        whose enforcement that may alter
 *   change_end              compile, publish, attach, bind, commit; or all undone
 */
#ifndef CONTROL_INTERNAL_H
#define CONTROL_INTERNAL_H

#include "control/control.h"
#include "kern/kern.h"
#include "store/store.h"

struct control {
	struct store *store;
	struct kern *kern; /* NULL until needed */
	bool kern_writable;
	bool kern_was_written; /* by this process: what it finds next is at least as new */
	bool kern_was_made;    /* since the machine is up, as the store remembers */
	char *state_dir;
	char *bpffs;
	uint64_t identity; /* of the state directory; not 0 */
	enum control_caller caller;
};

/*
 * Open the kernel side for writing, making it when missing, in a write
 * transaction. What was open for reading is closed.
 */
int control_kern_write(struct control *control, struct error *err);

/* --- a change --- */

struct change {
	struct control *control;
	const struct interface_changes *interfaces; /* NULL, or why */
	struct outcomes *outcomes;		    /* NULL, or told what became of instances */
	bool everything;       /* all instances, and what the kernel has beyond them */
	bool check_only;       /* nothing is changed, the store is only read */
	struct keys instances; /* touched, in any order, maybe repeated */
	struct slot_list {
		uint32_t *items;
		size_t count;
		size_t capacity;
	} removed;	     /* slots of instances that this change removes */
	struct drift *drift; /* NULL, or told what the kernel had otherwise */
	bool has_settings;   /* those of the connection table are changed, */
	struct connection_settings settings_before; /* and were these */
};

int change_begin(struct control *control, struct change *change, struct error *err);
/* With `r`, the result of what was done so far: nonzero undoes it all and is returned. */
int change_end(struct change *change, int r, struct error *err);

int change_touch_instance(struct change *change, int64_t instance_key, struct error *err);
/* The group's rules are others now: its instances. */
int change_touch_rules(struct change *change, int64_t group_key, struct error *err);
/*
 * The group's instances or their addresses are others now: the instances of
 * every group with a rule that names it.
 */
int change_touch_members(struct change *change, int64_t group_key, struct error *err);
/* The instance itself, and whom its addresses concern. */
int change_touch_addresses(struct change *change, const struct instance *instance,
			   struct error *err);
int change_touch_removed(struct change *change, const struct instance *instance, struct error *err);

/* With the message of a failure, else NULL. */
int outcome_add(struct outcomes *outcomes, const struct instance *instance, uint32_t ifindex,
		enum outcome_kind kind, const char *message);

int drift_add(struct drift *drift, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* --- policies: one image for each set of groups --- */

struct group_rules;
struct remote_group;

struct policy_set {
	int64_t keys[SG_MAX_GROUPS_PER_INSTANCE]; /* ascending; 0: none */
	bool pass;				  /* without groups: what becomes of packets */
	struct image image;
	uint64_t word; /* 0 until published */
	/* Words of live images that were found to have the same bytes and others; 0: none yet. */
	uint64_t same, other;
};

struct policies {
	struct store *store;
	struct policy_set **sets;
	size_t count;
	size_t capacity;
	struct group_rules **groups; /* loaded so far */
	size_t group_count;
	size_t group_capacity;
	struct remote_group **remotes; /* likewise */
	size_t remote_count;
	size_t remote_capacity;
};
void policies_fini(struct policies *policies);

/* The compiled policy of an instance; borrowed from `policies`. `pass` counts without groups. */
int policies_get(struct policies *policies, const struct instance *instance, bool pass,
		 struct policy_set **set_out, struct error *err);

/* --- putting it in force --- */

/*
 * The interface of an instance, asked for now or looked up among all. -ENODEV
 * when it is not there, or another instance has a better claim to it.
 */
int instance_link(struct store *store, const struct instance *instance, struct link_info *link_out,
		  struct error *err);
int instance_link_in(struct store *store, const struct instance *instance,
		     const struct links *links, struct link_info *link_out, struct error *err);

/* What auto becomes on this interface. */
bool instance_is_guest(const struct instance *instance, const struct link_info *link);
bool instance_passes_without_group(const struct instance *instance, bool guest);

/*
 * Bring the kernel to what the store's open transaction says of the touched
 * instances, then commit. On failure the kernel is as before.
 */
int enforce(struct change *change, struct error *err);

/* --- settings of the connection table, in a transaction --- */

int settings_load(struct store *store, struct connection_settings *settings_out, struct error *err);
/* Store the fields of *change that are not 0, checked, and take them over into *settings. */
int settings_change(struct store *store, const struct connection_settings *change,
		    struct connection_settings *settings, struct error *err);
/* Whether the instance can have as many as its options say. */
int settings_check_connections(const struct connection_settings *settings,
			       const struct instance *instance, struct error *err);

/*
 * Whether the instance has a place in maps that were made for so many, and
 * will have when they are made again.
 */
int settings_check_slot(const struct connection_settings *settings, uint32_t made_for,
			const struct instance *instance, struct error *err);

/* --- helpers of the commands --- */

/* As the caller names them, in the store's open transaction. */
int find_group(struct control *control, const char *name, struct group *group_out,
	       struct error *err);
int find_instance(struct control *control, const char *name, struct instance *instance_out,
		  struct error *err);
/* A group that the caller is about to change: one that it may. */
int find_own_group(struct control *control, const char *name, struct group *group_out,
		   struct error *err);

/* -ENOMEM, with its message. */
int control_out_of_memory(struct error *err);

/* Record, at the first instance, which network namespace the state directory serves. */
int control_claim_namespace(struct control *control, struct error *err);

#endif
