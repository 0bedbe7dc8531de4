/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * listeners.h - what clients can connect to: the HTTP API and the metrics.
 */
#ifndef DAEMON_LISTENERS_H
#define DAEMON_LISTENERS_H

#include "control/control.h"
#include "daemon/daemon.h"
#include "daemon/follow.h"
#include "daemon/loop.h"

struct listeners;

/*
 * Listen where the settings say; at a socket that a service manager passed
 * (sd_listen_fds(3)) when they name none for the API. `control` and `follow`
 * are borrowed until listeners_close, `settings` for the call.
 */
int listeners_open(const struct daemon_settings *settings, struct control *control,
		   const struct follow *follow, struct listeners **listeners_out,
		   struct error *err);
void listeners_close(struct listeners *listeners); /* NULL is allowed */

/* Have the loop see to them. It is stopped when one is of no more use. */
int listeners_add(struct listeners *listeners, struct loop *loop, struct error *err);
/* What ended the loop; NULL: nothing did. */
const struct error *listeners_failure(const struct listeners *listeners);

/* Read the keys again. When that fails, those that were stay. */
int listeners_reload(struct listeners *listeners, struct error *err);

#endif
