/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * daemon.h - what needs a process: interfaces that come and go, the HTTP API,
 * metrics. Enforcement does not, and goes on when the daemon ends.
 */
#ifndef DAEMON_DAEMON_H
#define DAEMON_DAEMON_H

#include <stdbool.h>

#include "daemon/log.h"
#include "util/error.h"

#define DAEMON_RECONCILE_S 60 /* unless told otherwise */

/* All text is borrowed. */
struct daemon_settings {
	const char *state_dir;
	const char *bpffs;
	const char *listen; /* NULL: the socket of a service manager, else no API */
	const char *keys;
	const char *tls_cert;
	const char *tls_key;
	bool allow_plaintext;
	unsigned int rate_per_second;  /* requests of a key of the API; 0: any number */
	unsigned int client_timeout_s; /* for a request of the API, and for taking its answer */
	const char *metrics;	       /* NULL: none */
	unsigned int reconcile_s;      /* how often store and kernel are compared */
	enum log_level log_level;
};

/* Until SIGTERM or SIGINT. Fails when it cannot start, or cannot wait for events any more. */
int daemon_run(const struct daemon_settings *settings, struct error *err);

#endif
