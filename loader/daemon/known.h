/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * known.h - the interfaces that there are, as far as we were told: so that an
 * event tells what is different now, or that nothing of interest is.
 */
#ifndef DAEMON_KNOWN_H
#define DAEMON_KNOWN_H

#include "control/control.h"
#include "net/watch.h"

struct known_link {
	int ifindex;
	uint16_t type;
	size_t name_count; /* the name, then alternative ones */
	struct dev_name *names;
};

struct known {
	struct known_link *items; /* ascending ifindex */
	size_t count;
	size_t capacity;
};
void known_fini(struct known *known);

/* These are all. -ENOMEM, with *known as it was. */
int known_set(struct known *known, const struct links *links);
/*
 * Take an event in and add to `changes` the names that an interface was given
 * or has lost by it, and its index when it has gone. -ENOMEM.
 */
int known_update(struct known *known, const struct link_event *event,
		 struct interface_changes *changes);

#endif
