/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * connection.h - one connection as a document, and documents as a table.
 */
#ifndef CMD_CONNECTION_H
#define CMD_CONNECTION_H

#include <jansson.h>

#include "kern/kern.h"
#include "util/error.h"

/*
 * Ports are null where the protocol has none; ICMP has icmpIdentifier and
 * icmpType in their place. NULL: out of memory.
 */
json_t *connection_document(const struct connection *connection, const char *instance_id);

int connections_print(const json_t *connections, struct error *err);

/* Local, then remote address, as numbers. */
int connection_compare_addresses(const struct connection *a, const struct connection *b);

#endif
