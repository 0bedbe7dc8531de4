/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * lock.h - one daemon a state directory.
 */
#ifndef DAEMON_LOCK_H
#define DAEMON_LOCK_H

#include "util/error.h"

#define LOCK_FILE "daemon.lock"

/*
 * Take the directory for as long as *fd_out is open. -EBUSY, naming the
 * process that has it. A process that ended, however, has it no more.
 */
int lock_take(const char *state_dir, int *fd_out, struct error *err);

#endif
