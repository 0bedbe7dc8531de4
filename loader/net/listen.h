/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * listen.h - TCP listeners, by an address as people write it.
 */
#ifndef NET_LISTEN_H
#define NET_LISTEN_H

#include <stdbool.h>
#include <sys/socket.h>

#include "util/error.h"

/* "ADDR:PORT" or "[V6]:PORT", numeric; port 0 is one that is free. -EINVAL with USAGE. */
int tcp_address_parse(const char *text, struct sockaddr_storage *address_out, socklen_t *length_out,
		      struct error *err);
bool tcp_address_is_loopback(const struct sockaddr_storage *address);

/*
 * A listening socket, nonblocking and close-on-exec. An IPv6 address takes no
 * IPv4 clients. The address need not be there yet: a service that guards
 * interfaces starts before they are configured. -EADDRINUSE and so on, with the address in the message.
 */
int tcp_listen(const char *text, int *fd_out, struct error *err);

#endif
