/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * internal.h - the server: what its files share.
 *
 *   client     a connection, who is at its other end, and until when it may stay
 *   exchange   one request on it and the answer
 */
#ifndef API_INTERNAL_H
#define API_INTERNAL_H

#include <jansson.h>
#include <microhttpd.h>

#include "api/action.h"
#include "api/api.h"
#include "api/headers.h"
#include "api/access.h"
#include "api/listener.h"
#include "api/statistics.h"
#include "observe/health.h"

#define PEER_TEXT_MAX 64
#define REQUEST_ID_MAX 38 /* T and a UUID, with its NUL */

struct client {
	struct client *previous, *next; /* those whose time is up first come first */
	struct api *api;
	int fd;
	uint64_t deadline_us;
	bool is_cut; /* its time was up; it is in the list no more */
	char peer[PEER_TEXT_MAX];
	bool has_credentials;
	pid_t pid;
	uid_t uid;
	gid_t gid;
};

struct api {
	struct control *control;
	struct MHD_Daemon *server;
	struct listener listener;
	struct client *first, *last;
	struct exchange *waiting, **waiting_end; /* whole requests, the first to come first */
	struct access_keys keys;
	char *keys_path;	    /* NULL: whoever can connect is trusted, */
	struct allowance allowance; /* and all of them share this one */
	unsigned int rate_per_second;
	size_t max_body;
	uint64_t timeout_us;
	int64_t fixed_time; /* of the clock, for tests; 0: it is the real one */
	struct health health;
	struct statistics statistics;
	void (*request_done)(const struct api_request_log *entry, void *context);
	void *context;
};

/* Seconds since 1970, for time stamps. */
int64_t clock_seconds(const struct api *api);

/* --- clients --- */

/* Of MHD: a connection begins or ends. */
void client_notify(void *context, struct MHD_Connection *connection, void **socket_context,
		   enum MHD_ConnectionNotificationCode code);
struct client *client_of(struct MHD_Connection *connection);
/* Its time begins anew. */
void client_renew(struct client *client);
/* Cut off those whose time is up. */
void clients_cut(struct api *api);

/* --- exchanges --- */

struct exchange {
	struct api *api;
	struct MHD_Connection *connection;
	struct exchange *next; /* of those that wait */
	bool is_performed;
	char *answer; /* when performed; NULL: for want of memory, or nobody waits for it */
	uint64_t begun_us;
	bool has_begun; /* its headers are here */
	bool is_answered;
	char id[REQUEST_ID_MAX];
	const char *method; /* borrowed; valid after has_begun */
	struct headers headers;
	char *body;
	size_t body_length, body_capacity;
	bool is_health;
	const struct action *action; /* NULL: not known yet */
	char key_id[ID_MAX + 1];     /* empty: not known */
	struct error error;	     /* what is wrong with it; code NULL: nothing so far */
	unsigned int status;	     /* of the answer; 0: none yet */
};

/* Of MHD: the first line of a request has come; its headers, its body; it is over. */
void *exchange_begin(void *context, const char *uri, struct MHD_Connection *connection);
enum MHD_Result exchange_handle(void *context, struct MHD_Connection *connection, const char *url,
				const char *method, const char *version, const char *body,
				size_t *body_length, void **state);
void exchange_end(void *context, struct MHD_Connection *connection, void **state,
		  enum MHD_RequestTerminationCode code);

/* Perform the one that has waited longest; false when there is none. */
bool exchange_perform_next(struct api *api);
/* They are answered no more. */
void exchanges_abandon(struct api *api);

/*
 * What to answer when the whole request is here, as text that the caller frees;
 * fills the exchange's key_id, action, error and status. NULL for want of memory.
 */
char *exchange_perform(struct exchange *exchange);
/* {"requestId", "code", "message"} of its error, likewise. */
char *exchange_error_text(struct exchange *exchange);

#endif
