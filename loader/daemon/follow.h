/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * follow.h - keep enforcement where the instances' interfaces are.
 */
#ifndef DAEMON_FOLLOW_H
#define DAEMON_FOLLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "control/control.h"
#include "util/error.h"

struct follow;

/* What it has done since follow_open. */
struct follow_statistics {
	uint64_t events;	 /* told by the kernel */
	uint64_t changes;	 /* of interfaces that came, went or have other names */
	uint64_t missed;	 /* times that events were lost, and everything was looked at */
	uint64_t reconciles;	 /* of store and kernel as a whole */
	uint64_t failures;	 /* of those, and of changes */
	uint64_t drift;		 /* differences that they found */
	int64_t last_reconciled; /* seconds since 1970; 0: never */
};

/* Begin to be told. Nothing is changed before follow_reconcile. */
int follow_open(struct control *control, struct follow **follow_out, struct error *err);
void follow_close(struct follow *follow); /* NULL is allowed */

/* For a loop_source. */
int follow_fd(const struct follow *follow);
void follow_ready(void *follow);
int follow_timeout_ms(const void *follow);

/*
 * Compare kernel and store as a whole and mend what differs: now, or, after
 * what is under way, in the next follow_ready. Failures are logged.
 */
void follow_reconcile(void *follow);
/* Whether there is more to do at once. */
bool follow_is_busy(const struct follow *follow);

const struct follow_statistics *follow_statistics(const struct follow *follow);

#endif
