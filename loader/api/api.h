/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * api.h - the cloud API over HTTP: POST /api/v2/vm, and GET /healthz beside it.
 *
 * One listener, single-threaded, inside its caller's loop: wait until api_fd()
 * is readable or api_timeout_ms() has passed, then api_run(). A client can
 * delay nothing: whoever has not sent a whole request within `timeout_s` is
 * cut off, and so is whoever does not read the answer in that time.
 *
 * Without keys every client of the listener is trusted, so that only a unix
 * socket may do without. Plain HTTP beyond loopback has to be asked for.
 *
 * The file of keys has one a line, blank lines and # comments aside:
 *
 *   ID SECRET         an access key: requests are signed with SECRET
 *   ID bearer TOKEN   `authorization: Bearer TOKEN`
 *
 * ID is 1-64 of A-Za-z0-9._-, and appears once. SECRET and TOKEN have 8-255
 * characters without blanks. The file must be a regular one that belongs to
 * the daemon's user or to root and that nobody else can read (0600).
 *
 * SGATE_TEST_CLOCK in the environment, seconds since 1970, is taken for the
 * time when signatures are judged. It is there for tests.
 */
#ifndef API_API_H
#define API_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "control/control.h"
#include "util/error.h"

#define API_DEFAULT_RATE_PER_SECOND 1000
#define API_DEFAULT_MAX_BODY ((size_t)1 << 20)
#define API_DEFAULT_MAX_CONNECTIONS 256
#define API_DEFAULT_TIMEOUT_S 10

struct api;

/* What became of one request. Text is borrowed for the call. */
struct api_request_log {
	const char *request_id;
	const char *action; /* its name, "healthz", or "unknown" */
	const char *code;   /* of the error; NULL: none */
	unsigned int status;
	uint64_t duration_us; /* from its first line to the whole answer, handed to the socket */
	const char *key_id;   /* NULL: none was needed or known */
	const char *peer;     /* "192.0.2.1:40000", "[2001:db8::1]:40000", "unix" */
	bool has_credentials; /* of a unix peer */
	pid_t pid;
	uid_t uid;
	gid_t gid;
	const char *cause; /* the error in full, also where the client was not told; NULL: none */
};

struct api_settings {
	const char *listen;    /* "ADDR:PORT", "[V6]:PORT", "unix:PATH"; NULL: listen_fd */
	int listen_fd;	       /* a listening socket that somebody else made; taken over */
	const char *keys_path; /* NULL: no keys */
	const char *tls_cert;  /* PEM files, both or none */
	const char *tls_key;
	bool allow_plaintext;
	unsigned int rate_per_second; /* requests of a key; 0: any number */
	size_t max_body;	      /* bytes */
	unsigned int max_connections;
	unsigned int timeout_s; /* for a request to arrive, and for its answer to leave */
	void (*request_done)(const struct api_request_log *entry, void *context); /* or NULL */
	void *context;
};

/* The defaults above, and no listener. */
void api_settings_default(struct api_settings *settings_out);

/*
 * Listen. Settings are borrowed for the call only, `control` until api_close.
 * A socket file that nobody listens at is replaced. -EINVAL for settings that
 * do not go together, -EADDRINUSE, or what reading the files gave.
 */
int api_open(const struct api_settings *settings, struct control *control, struct api **api_out,
	     struct error *err);
void api_close(struct api *api); /* NULL is allowed; open connections end */

int api_fd(const struct api *api); /* an epoll descriptor; belongs to `api` */
/* Until api_run must be called whether api_fd is readable or not; -1: never. */
int api_timeout_ms(const struct api *api);
/* Do all that can be done without waiting. -EIO when the listener is of no more use. */
int api_run(struct api *api, struct error *err);

/* Read the file of keys again. When that fails, those that were stay. */
int api_reload_keys(struct api *api, struct error *err);

/* Seconds, ascending; the last bucket of a histogram counts all that took longer. */
#define API_LATENCY_BOUNDS 12
extern const double API_LATENCY_SECONDS[API_LATENCY_BOUNDS];

struct api_action_statistics {
	const char *action;			  /* as in the log */
	uint64_t buckets[API_LATENCY_BOUNDS + 1]; /* each request counts in one */
	uint64_t total_us;
	uint64_t count;
};

struct api_code_statistics {
	const char *action;
	const char *code; /* "OK", or that of the error */
	unsigned int status;
	uint64_t count;
};

struct api_statistics {
	const struct api_action_statistics *actions; /* those that were asked for */
	size_t action_count;
	const struct api_code_statistics *codes; /* likewise */
	size_t code_count;
	unsigned int connections; /* open now */
};
/* Since api_open. Borrowed until the next api_run. */
void api_statistics(const struct api *api, struct api_statistics *statistics_out);

#endif
