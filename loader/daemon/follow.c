// SPDX-License-Identifier: GPL-2.0-only
/*
 * follow.c - keep enforcement where the instances' interfaces are.
 *
 * What was told until now is gathered, then put in force as one change of the
 * instances that it concerns. When something was missed, or could not be taken
 * in, everything is looked at instead.
 */
#include "daemon/follow.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "codec/json.h"
#include "daemon/known.h"
#include "daemon/log.h"
#include "net/watch.h"
#include "util/cleanup.h"

/* A change that was refused as a whole (the store was busy) is tried again after so long. */
#define RETRY_MS 1000

struct follow {
	struct control *control;
	struct watch *watch;
	struct known known;
	struct interface_changes changes; /* not in force yet */
	bool must_look;			  /* at everything: `known` and `changes` lack something */
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

	return follow->is_waiting ? RETRY_MS : -1;
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

/* All that differs, mended at once. */
static int mend_all(struct follow *follow, struct error *err)
{
	AUTO(drift_fini) struct drift drift = {0};
	int r = control_reconcile(follow->control, true, &drift, err);

	if (r || !drift.count)
		return r;
	for (size_t i = 0; i < drift.count; i++)
		log_event(LOG_LEVEL_WARNING, "drift",
			  json_pack("{s:o}", "message", json_text(drift.items[i])));
	follow->statistics.drift += drift.count;
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

static int look_at_interfaces(struct follow *follow, struct error *err)
{
	AUTO(links_fini) struct links links = {0};
	int r = links_dump(&links, err);

	if (!r && known_set(&follow->known, &links))
		r = error_set(err, ENOMEM, NULL, "out of memory");
	if (r)
		return r;
	interface_changes_fini(&follow->changes);
	return 0;
}

void follow_reconcile(void *context)
{
	struct follow *follow = context;
	struct error cause = {0}, failure = {0};
	int r = look_at_interfaces(follow, &failure);

	if (!r) {
		r = mend_all(follow, &cause);
		if (r)
			r = mend_each(follow, &cause, &failure);
	}
	follow->statistics.reconciles++;
	follow->must_look = follow->is_waiting = r;
	if (!r) {
		follow->statistics.last_reconciled = now_s();
		return;
	}
	follow->statistics.failures++;
	log_error(LOG_LEVEL_ERROR, "reconcile-failed", &failure);
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

static void put_in_force(struct follow *follow)
{
	AUTO(outcomes_fini) struct outcomes outcomes = {0};
	struct error failure = {0};
	int r = control_interfaces_changed(follow->control, &follow->changes, &outcomes, &failure);

	follow->statistics.changes++;
	follow->is_waiting = r;
	if (r) {
		follow->statistics.failures++;
		log_error(LOG_LEVEL_ERROR, "interfaces-failed", &failure);
		return;
	}
	log_outcomes(follow, &outcomes);
	interface_changes_fini(&follow->changes);
}

void follow_ready(void *context)
{
	struct follow *follow = context;

	gather(follow);
	if (follow->must_look)
		follow_reconcile(follow);
	else if (follow->changes.name_count || follow->changes.gone_count)
		put_in_force(follow);
}
