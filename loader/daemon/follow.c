// SPDX-License-Identifier: GPL-2.0-only
/*
 * follow.c - keep enforcement where the instances' interfaces are.
 *
 * What was told until now is gathered, then put in force as changes of the
 * instances that it concerns: several at a time, so that a crowd of interfaces
 * is soon done, and not all at once, so that nobody waits for the crowd. When
 * something was missed, and every so often, everything is looked at.
 */
#include "daemon/follow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "codec/json.h"
#include "daemon/known.h"
#include "daemon/log.h"
#include "net/watch.h"
#include "util/cleanup.h"

/* A change that was refused as a whole (the store was busy) is tried again after so long. */
#define RETRY_MS 1000
/*
 * Names that are put in force as one change. Two programs on an interface cost
 * two grace periods of the kernel, tens of milliseconds when it is busy.
 */
#define NAMES_AT_A_TIME 16

/* So often a look that found differences is put off because interfaces have changed meanwhile. */
#define MAX_POSTPONED 3
#define LOOK_AGAIN 1

struct follow {
	struct control *control;
	struct watch *watch;
	struct known known;
	struct interface_changes changes; /* not in force yet */
	bool must_look;			  /* at everything, once `changes` are in force */
	bool has_queued;		  /* the last look put all names into `changes` */
	int postponed;			  /* looks in a row */
	bool is_waiting;		  /* to try again */
	struct follow_statistics statistics;
};

int follow_open(struct control *control, struct follow **follow_out, struct error *err)
{
	struct follow *follow = calloc(1, sizeof(*follow));
	int r;

	if (!follow)
		return error_set(err, ENOMEM, NULL, "out of memory");
	follow->control = control;
	r = watch_open(&follow->watch, err);
	if (r) {
		follow_close(follow);
		return r;
	}
	*follow_out = follow;
	return 0;
}

void follow_close(struct follow *follow)
{
	if (!follow)
		return;
	watch_close(follow->watch);
	known_fini(&follow->known);
	interface_changes_fini(&follow->changes);
	free(follow);
}

int follow_fd(const struct follow *follow)
{
	return watch_fd(follow->watch);
}

int follow_timeout_ms(const void *context)
{
	const struct follow *follow = context;

	if (follow->is_waiting)
		return RETRY_MS;
	return follow_is_busy(follow) ? 0 : -1;
}

static bool has_changes(const struct follow *follow)
{
	return follow->changes.name_count || follow->changes.gone_count;
}

bool follow_is_busy(const struct follow *follow)
{
	return !follow->is_waiting && (has_changes(follow) || follow->must_look);
}

const struct follow_statistics *follow_statistics(const struct follow *follow)
{
	return &follow->statistics;
}

static void log_outcome(const struct outcome *outcome)
{
	static const char *const events[] = {
		[OUTCOME_ENFORCED] = "instance-enforced",
		[OUTCOME_RELEASED] = "instance-released",
		[OUTCOME_FAILED] = "instance-failed",
	};
	bool is_failure = outcome->kind == OUTCOME_FAILED;
	json_t *fields =
		json_pack("{s:s, s:o}", "instanceId", outcome->id, "dev", json_text(outcome->dev));

	if (fields && outcome->ifindex)
		(void)json_object_set_new(fields, "ifindex", json_integer(outcome->ifindex));
	if (fields && outcome->message)
		(void)json_object_set_new(fields, "message", json_text(outcome->message));
	log_event(is_failure ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO, events[outcome->kind], fields);
}

static void log_outcomes(struct follow *follow, const struct outcomes *outcomes)
{
	for (size_t i = 0; i < outcomes->count; i++) {
		log_outcome(&outcomes->items[i]);
		if (outcomes->items[i].kind == OUTCOME_FAILED)
			follow->statistics.failures++;
	}
}

static int64_t now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec;
}

/* At the start it is to be expected: a machine that was started has nothing in force. */
static void log_drift(struct follow *follow, const struct drift *drift)
{
	bool is_first = !follow->statistics.last_reconciled;

	follow->statistics.drift += drift->count;
	for (size_t i = 0; i < drift->count; i++)
		log_event(is_first ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, "drift",
			  json_pack("{s:o}", "message", json_text(drift->items[i])));
}

/* Have all interfaces seen to as if they had just come, some at a time. */
static int queue_all(struct follow *follow, struct error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < follow->known.count; i++) {
		const struct known_link *link = &follow->known.items[i];

		for (size_t n = 0; !r && n < link->name_count; n++)
			r = interface_changes_add_name(&follow->changes, link->names[n].text);
	}
	if (r)
		return error_set(err, ENOMEM, NULL, "out of memory");
	follow->has_queued = true;
	return 0;
}

static int take(const struct link_event *event, void *context)
{
	struct follow *follow = context;

	follow->statistics.events++;
	return known_update(&follow->known, event, &follow->changes);
}

/* Take in what the kernel has told. */
static void gather(struct follow *follow)
{
	struct error failure = {0};
	int r = watch_read(follow->watch, take, follow, &failure);

	if (!r || r == -EAGAIN)
		return;
	follow->must_look = true;
	follow->statistics.missed++;
	log_error(LOG_LEVEL_WARNING, "interface-events-missed", &failure);
}

/*
 * Few differences are mended at once, many in parts: then, and when something
 * has happened meanwhile that may explain them, LOOK_AGAIN.
 */
static int mend_all(struct follow *follow, struct error *err)
{
	AUTO(drift_fini) struct drift drift = {0};
	int r = control_reconcile(follow->control, true, &drift, err);

	if (r || !drift.count)
		return r;
	gather(follow);
	if (has_changes(follow) && follow->postponed++ < MAX_POSTPONED)
		return LOOK_AGAIN;
	if (!follow->has_queued) {
		log_drift(follow, &drift);
		if (drift.count > NAMES_AT_A_TIME) {
			r = queue_all(follow, err);
			return r ? r : LOOK_AGAIN;
		}
	}
	drift_fini(&drift);
	return control_reconcile(follow->control, false, &drift, err);
}

/* One instance's failure must not keep the others from being enforced. */
static int mend_each(struct follow *follow, const struct error *cause, struct error *err)
{
	AUTO(outcomes_fini) struct outcomes outcomes = {0};
	int r;

	log_error(LOG_LEVEL_WARNING, "reconcile-refused", cause);
	r = control_enforce_each(follow->control, &outcomes, err);
	if (!r)
		log_outcomes(follow, &outcomes);
	return r;
}

static int list_interfaces(struct follow *follow, struct error *err)
{
	AUTO(links_fini) struct links links = {0};
	int r = links_dump(&links, err);

	if (!r && known_set(&follow->known, &links))
		r = error_set(err, ENOMEM, NULL, "out of memory");
	return r;
}

static void look(struct follow *follow)
{
	struct error cause = {0}, failure = {0};
	int r = list_interfaces(follow, &failure);

	if (!r) {
		r = mend_all(follow, &cause);
		if (r == LOOK_AGAIN)
			return;
		if (r)
			r = mend_each(follow, &cause, &failure);
	}
	follow->has_queued = false;
	follow->postponed = 0;
	follow->must_look = follow->is_waiting = r;
	follow->statistics.reconciles++;
	if (!r) {
		follow->statistics.last_reconciled = now_s();
		return;
	}
	follow->statistics.failures++;
	log_error(LOG_LEVEL_ERROR, "reconcile-failed", &failure);
}

/* The first names, and all that went. */
static void put_in_force(struct follow *follow)
{
	struct interface_changes *changes = &follow->changes;
	struct interface_changes part = *changes;
	AUTO(outcomes_fini) struct outcomes outcomes = {0};
	struct error failure = {0};
	int r;

	if (part.name_count > NAMES_AT_A_TIME)
		part.name_count = NAMES_AT_A_TIME;
	r = control_interfaces_changed(follow->control, &part, &outcomes, &failure);
	follow->statistics.changes++;
	follow->is_waiting = r;
	if (r) {
		follow->statistics.failures++;
		log_error(LOG_LEVEL_ERROR, "interfaces-failed", &failure);
		return;
	}
	log_outcomes(follow, &outcomes);
	changes->gone_count = 0;
	changes->name_count -= part.name_count;
	memmove(changes->names, changes->names + part.name_count,
		changes->name_count * sizeof(*changes->names));
	if (!changes->name_count)
		interface_changes_fini(changes);
}

void follow_ready(void *context)
{
	struct follow *follow = context;

	gather(follow);
	if (has_changes(follow))
		put_in_force(follow);
	else if (follow->must_look)
		look(follow);
}

void follow_reconcile(void *context)
{
	struct follow *follow = context;

	follow->must_look = true;
	follow_ready(follow);
}
