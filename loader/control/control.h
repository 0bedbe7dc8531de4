/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * control.h - the one way to change anything: a transaction of the store, the
 * policies it touches compiled and put in force in the kernel, then the commit.
 *
 * Each control_* function that changes something is one transaction. When it
 * fails, store and kernel are as they were. The command line and the API both
 * call these, so no rule of the model stands twice.
 */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/auto_mode.h"
#include "kern/kern.h"
#include "model/group.h"
#include "model/instance.h"
#include "net/link.h"
#include "store/store.h"
#include "util/error.h"

struct control;

/*
 * Opens the store (made when missing). The kernel side is opened when it is
 * first needed. Fails when the state directory belongs to another network
 * namespace.
 */
int control_open(const char *state_dir, const char *bpffs, struct control **control_out,
		 struct error *err);
void control_close(struct control *control); /* NULL is allowed */
/*
 * Do now what takes more privileges than any later call: a process that is
 * about to give them up needs it.
 */
int control_prepare(struct control *control, struct error *err);
/*
 * Have maps and programs there before anything is to be enforced: to load them
 * takes the best part of a second, which no interface should have to wait.
 */
int control_make(struct control *control, struct error *err);

/* What it was opened with. */
const char *control_state_dir(const struct control *control);
const char *control_bpffs(const struct control *control);

/* For reading, between store_begin_read and store_rollback. */
struct store *control_store(struct control *control);
/*
 * The kernel side for reading: -ENOENT (code NULL) when nothing was ever
 * attached. Borrowed.
 */
int control_kern(struct control *control, struct kern **kern_out, struct error *err);
/*
 * See what others have made of the kernel side meanwhile. For a process that
 * lives long, at a time when it borrows nothing of it; a change does it itself.
 */
void control_refresh(struct control *control);

/*
 * On whose behalf things are changed. An operator, which is where it begins,
 * names a group by its id or a unique name, an instance by its id or interface.
 * A client of the API names everything by its id, and default groups are not
 * his: -EPERM OPERATION_DENIED_DEFAULT_SECURITY_GROUP_NOT_SUPPORT. What he asks
 * for waits a shorter time for another process.
 */
enum control_caller {
	CALLER_OPERATOR,
	CALLER_CLIENT,
};
void control_set_caller(struct control *control, enum control_caller caller);

/* --- groups and rules; `group` as the caller names it --- */

/* Fills id, key and create_time. Rules: remote groups must exist. */
int control_group_create(struct control *control, struct group *group, struct error *err);
int control_group_delete(struct control *control, const char *group, struct error *err);

struct group_change {
	const char *name;	 /* NULL: as it is */
	const char *description; /* NULL: as it is; "": none */
	const bool *available;	 /* NULL: as it is */
};
int control_group_set(struct control *control, const char *group, const struct group_change *change,
		      struct error *err);

/* The same change of several. */
int control_groups_set(struct control *control, const char *const *groups, size_t count,
		       const struct group_change *change, struct error *err);

/*
 * Rules are normalised, and their ids filled. All or nothing. One with
 * PRIORITY_UNSAID stands for those of the group that are the same but for their
 * priority; where there are none, it has the default priority.
 */
int control_rules_add(struct control *control, const char *group, struct rules *rules,
		      struct error *err);
int control_rules_remove(struct control *control, const char *group, struct rules *rules,
			 struct error *err);
int control_rules_replace(struct control *control, const char *group, struct rules *rules,
			  struct error *err);

/* --- instances; `instance` as the caller names it --- */

/* Its interface may not be there yet; it is enforced from when it is. */
int control_instance_add(struct control *control, struct instance *instance, struct error *err);

/* What to change of an instance: the fields whose flag is set. */
struct instance_change {
	bool set_dev, set_match_altname, set_status, set_mode, set_side, set_no_group, set_strict;
	bool set_ethertypes, set_macs, set_addresses, set_connections;
	const char *dev;
	const char *status;		 /* "RUNNING" and "STOPPED" mean: as the interface is */
	struct instance_options options; /* borrowed */
};
int control_instance_set(struct control *control, const char *instance,
			 const struct instance_change *change, struct error *err);
int control_instance_remove(struct control *control, const char *instance, struct error *err);

/*
 * Put the programs on interface `dev`, which must be there. Registers the
 * instance `id` (NULL: the one that has the interface, else one named like it);
 * changes the options whose flag is set. Attached already the same way: nothing.
 */
int control_attach(struct control *control, const char *dev, const char *id,
		   const struct instance_change *change, struct error *err);
/* Take them off; `forget` removes the instance as well. Not attached: nothing. */
int control_detach(struct control *control, const char *dev_or_instance, bool forget,
		   struct error *err);

/* --- associations: SPEC's preconditions in the order of their codes --- */

int control_associate(struct control *control, const char *group, const char *instance,
		      struct error *err);
int control_dissociate(struct control *control, const char *group, const char *instance,
		       struct error *err);

/*
 * The groups that the instance does not have and that control_associate would
 * give it now, newest first, without rules: none when it has two already, or
 * when its own state forbids it.
 */
int control_associable(struct control *control, const char *instance, struct groups *groups_out,
		       struct error *err);

/* --- limits --- */

struct limits {
	uint32_t groups;
	uint32_t rules_per_group;
};
int control_limits_read(struct control *control, struct limits *limits_out, struct error *err);
/* A field that is 0 stays as it is. What is there already stays, and may be too much. */
int control_limits_set(struct control *control, const struct limits *limits, struct error *err);

/* --- the connection table --- */

#define SETTINGS_MAX_SECONDS 31536000U /* a year */
/* An instance's part of the table has its least size; 16,777,216 entries take 1.2 GB. */
#define SETTINGS_MIN_ENTRIES (SG_MIN_WINDOW * SG_BUCKET_ENTRIES)
#define SETTINGS_MAX_ENTRIES (1U << 24)

/* Outside of a transaction. */
int control_settings_read(struct control *control, struct connection_settings *settings_out,
			  struct error *err);
/* Whether the maps were made with other sizes than are set now. */
int control_settings_pending(struct control *control, bool *is_pending_out, struct error *err);
/*
 * Fields that are 0 stay as they are; `entries` is rounded up to a power of
 * two. Timeouts and the default share are in force at once, sizes when the maps
 * are next made. Refused when an instance has been given more than it could
 * have then.
 */
int control_connections_configure(struct control *control,
				  const struct connection_settings *settings, struct error *err);
/* Forget the connections of an instance, NULL for all. One that is not attached has none. */
int control_connections_flush(struct control *control, const char *instance, struct error *err);

/* --- kernel and store --- */

struct drift {
	char **items; /* one sentence each: what the kernel has and what it should have */
	size_t count;
	size_t capacity;
};
void drift_fini(struct drift *drift);

/*
 * Compare the kernel with the store and, unless check_only, mend it. The
 * differences found are told either way.
 */
int control_reconcile(struct control *control, bool check_only, struct drift *drift_out,
		      struct error *err);

/* What became of an instance. */
enum outcome_kind {
	OUTCOME_ENFORCED, /* its programs are on the interface now */
	OUTCOME_RELEASED, /* they were taken off; the interface has gone or is somebody else's */
	OUTCOME_FAILED,
};

struct outcome {
	enum outcome_kind kind;
	char id[ID_MAX + 1];
	char dev[DEV_MAX + 1];
	uint32_t ifindex; /* 0: none */
	char *message;	  /* of a failure; owned, else NULL */
};

struct outcomes {
	struct outcome *items;
	size_t count;
	size_t capacity;
};
void outcomes_fini(struct outcomes *outcomes);

/* What happened to interfaces since the last time that they were looked at. */
struct interface_changes {
	struct dev_name {
		char text[DEV_MAX + 1];
	} * names; /* that an interface was given or lost; owned */
	size_t name_count;
	size_t name_capacity;
	uint32_t *gone; /* indexes whose interface went, be there another by now or not; owned */
	size_t gone_count;
	size_t gone_capacity;
};
void interface_changes_fini(struct interface_changes *changes);
/* -ENOMEM. */
int interface_changes_add_name(struct interface_changes *changes, const char *name);
int interface_changes_add_gone(struct interface_changes *changes, uint32_t ifindex);

/*
 * Make the kernel match the store for the instances that these changes concern,
 * and for no others: as one change or, when that is refused, one by one, so
 * that one instance's failure is its own. Failures are told as outcomes.
 */
int control_interfaces_changed(struct control *control, const struct interface_changes *changes,
			       struct outcomes *outcomes_out, struct error *err);
/* The same for every instance, one by one: when control_reconcile is refused. */
int control_enforce_each(struct control *control, struct outcomes *outcomes_out, struct error *err);

/* How an instance is: what the store says and what is in force. */
struct instance_state {
	const char *status; /* instance->status, else RUNNING or STOPPED */
	bool has_link;
	struct link_info link; /* when has_link */
	bool is_bound;	       /* the kernel has its entry */
	struct binding binding;
	enum sg_hook rx, tx;  /* of received and of sent packets, as the kernel has them now */
	const char *side;     /* "host" or "guest": what auto became; "auto" before that */
	const char *no_group; /* "drop" or "pass", likewise */
	char reason[AUTO_REASON_MAX]; /* why these hooks */
};
int control_instance_state(struct control *control, const struct instance *instance,
			   struct instance_state *state_out, struct error *err);
/* The same, for many: the caller has found its interface, NULL for one that is not there. */
/*
 * The interface that the instance has among all there are, by an alternative
 * name if it takes those; -ENODEV. In a transaction of the store.
 */
int control_link_among(struct control *control, const struct instance *instance,
		       const struct links *links, struct link_info *link_out);
struct instance_state control_instance_state_on(struct control *control,
						const struct instance *instance,
						const struct link_info *link);
/* Its status alone, which costs less. */
const char *control_instance_status(struct control *control, const struct instance *instance);

#endif
