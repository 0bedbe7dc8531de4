/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * listener.h - the listening socket of the API.
 */
#ifndef API_LISTENER_H
#define API_LISTENER_H

#include <stdbool.h>

#include "api/api.h"
#include "util/error.h"

struct listener {
	int fd; /* -1: none */
	bool is_unix;
	char *path; /* of a socket file that we made; owned, else NULL */
};

/*
 * Listen as the settings say, having checked that keys, TLS and plain HTTP go
 * together with where. A socket file is 0660, of our user and group.
 */
int listener_open(const struct api_settings *settings, struct listener *listener_out,
		  struct error *err);
/* Removes the socket file that it made. */
void listener_close(struct listener *listener);

#endif
