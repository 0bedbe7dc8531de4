/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * watch.h - be told when network interfaces come, change and go.
 */
#ifndef NET_WATCH_H
#define NET_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "net/link.h"
#include "util/error.h"

struct watch;

/*
 * From here on nothing that happens to an interface of this network namespace
 * is missed without being told.
 */
int watch_open(struct watch **watch_out, struct error *err);
void watch_close(struct watch *watch); /* NULL is allowed */
int watch_fd(const struct watch *watch);

/* One interface, as the kernel told. */
struct link_event {
	bool is_gone;
	const struct link_info *link;
	const struct altname *altnames;
	size_t altname_count;
};

typedef int watch_each(const struct link_event *event, void *context);

/*
 * Calls `each` for what was told and is not read yet, without waiting for
 * more; stops at nonzero and returns it. 0 when all was read; -EAGAIN when
 * there may be more, after a good many. -ENOBUFS (code NULL) when something
 * was missed: what there is now must be asked for.
 */
int watch_read(struct watch *watch, watch_each *each, void *context, struct error *err);

/* The messages in a buffer, for watch_read; 0, -ENOMEM, or what `each` says. */
int watch_parse(const void *bytes, size_t length, watch_each *each, void *context);

#endif
