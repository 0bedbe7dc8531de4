/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * privileges.h - give up what is not needed once everything is open.
 */
#ifndef DAEMON_PRIVILEGES_H
#define DAEMON_PRIVILEGES_H

#include "util/error.h"

/*
 * From here on this process has the capabilities CAP_BPF, CAP_NET_ADMIN and
 * CAP_PERFMON at most, those of them that it had, and can get no others:
 * nothing is inheritable, ambient or in the bounding set, and there are no new
 * privileges. The user stays root, who owns the state and the pins.
 */
int privileges_drop(struct error *err);

#endif
