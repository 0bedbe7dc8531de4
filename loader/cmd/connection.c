// SPDX-License-Identifier: GPL-2.0-only
/*
 * connection.c - one connection as a document, and documents as a table.
 */
#include "cmd/connection.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>

#include "cmd/output.h"
#include "codec/rule_text.h"
#include "model/rule.h"

#define NUMBER_ICMP 1
#define NUMBER_ICMPV6 58

/* As rules name it: the numbers of ICMP are names in their own family only. */
static uint16_t protocol_of(const struct connection *connection)
{
	uint8_t protocol = connection->entry.protocol;

	if (protocol == NUMBER_ICMP && connection->family == SG_IPV4)
		return PROTOCOL_ICMP;
	if (protocol == NUMBER_ICMPV6 && connection->family == SG_IPV6)
		return PROTOCOL_ICMPV6;
	return protocol;
}

static json_t *address_document(enum sg_family family, const uint64_t halves[2])
{
	uint32_t ipv4 = htonl((uint32_t)halves[1]);
	char text[INET6_ADDRSTRLEN];
	uint8_t bytes[16];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(halves[i / 8] >> (56 - 8 * (i % 8)));
	if (family == SG_IPV4)
		inet_ntop(AF_INET, &ipv4, text, sizeof(text));
	else
		inet_ntop(AF_INET6, bytes, text, sizeof(text));
	return json_string(text);
}

static json_t *port_document(const struct connection *connection, uint32_t port)
{
	return protocol_has_ports(protocol_of(connection)) ? json_integer(port) : json_null();
}

/* What ICMP has instead of ports. */
static int add_icmp(json_t *object, const struct sg_connection *entry)
{
	return json_object_set_new(object, "icmpIdentifier", json_integer(entry->ports >> 16)) +
	       json_object_set_new(object, "icmpType", json_integer(entry->ports >> 8 & 0xff));
}

json_t *connection_document(const struct connection *connection, const char *instance_id)
{
	const struct sg_connection *entry = &connection->entry;
	bool is_egress = entry->flags & SG_CONNECTION_EGRESS;
	char protocol[8];
	json_t *object;

	protocol_format(protocol_of(connection), protocol);
	object = json_pack(
		"{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:s, s:I, s:I, s:I, s:I}", "instanceId",
		instance_id, "protocol", protocol, "direction", is_egress ? "egress" : "ingress",
		"localAddress", address_document(connection->family, connection->local),
		"localPort", port_document(connection, entry->ports >> 16), "remoteAddress",
		address_document(connection->family, connection->remote), "remotePort",
		port_document(connection, entry->ports & 0xffff), "phase",
		phase_label(entry->phase), "ageSeconds", (json_int_t)connection->age_s,
		"idleSeconds", (json_int_t)connection->idle_s, "expiresSeconds",
		(json_int_t)connection->expires_s, "generation", (json_int_t)entry->generation);
	if (object && protocol_has_types(protocol_of(connection)) && add_icmp(object, entry)) {
		json_decref(object);
		object = NULL;
	}
	return object;
}

/* "10.0.0.1:80", "[2001:db8::1]:80", "10.0.0.1" */
static json_t *end_text(const json_t *connection, const char *address_field, const char *port_field)
{
	const char *address = json_string_value(json_object_get(connection, address_field));
	const json_t *port = json_object_get(connection, port_field);

	if (!json_is_integer(port))
		return json_string(address);
	return json_sprintf(strchr(address, ':') ? "[%s]:%lld" : "%s:%lld", address,
			    (long long)json_integer_value(port));
}

/* "icmp 8 id 7": what tells it apart where there are no ports. */
static json_t *protocol_text(const json_t *connection)
{
	const char *protocol = json_string_value(json_object_get(connection, "protocol"));
	const json_t *type = json_object_get(connection, "icmpType");

	if (!type)
		return json_string(protocol);
	return json_sprintf(
		"%s %lld id %lld", protocol, (long long)json_integer_value(type),
		(long long)json_integer_value(json_object_get(connection, "icmpIdentifier")));
}

int connections_print(const json_t *connections, struct error *err)
{
	static const struct column columns[] = {
		{"PROTOCOL", "protocol"},
		{"INSTANCE", "instanceId"},
		{"DIRECTION", "direction"},
		{"LOCAL", "local"},
		{"REMOTE", "remote"},
		{"PHASE", "phase"},
		{"AGE", "ageSeconds"},
		{"IDLE", "idleSeconds"},
		{"EXPIRES", "expiresSeconds"},
		{"GENERATION", "generation"},
		{NULL, NULL},
	};
	AUTO_JSON json_t *table = json_array();
	const json_t *connection;
	int failures = 0;
	size_t index;

	json_array_foreach(connections, index, connection)
	{
		json_t *row = json_copy((json_t *)connection);

		failures += json_object_set_new(row, "local",
						end_text(connection, "localAddress", "localPort"));
		failures += json_object_set_new(
			row, "remote", end_text(connection, "remoteAddress", "remotePort"));
		failures += json_object_set_new(row, "protocol", protocol_text(connection));
		failures += json_array_append_new(table, row);
	}
	return failures ? out_of_memory(err) : output_table(table, columns, err);
}

static int compare_halves(const uint64_t a[2], const uint64_t b[2])
{
	if (a[0] != b[0])
		return a[0] < b[0] ? -1 : 1;
	return (a[1] > b[1]) - (a[1] < b[1]);
}

int connection_compare_addresses(const struct connection *a, const struct connection *b)
{
	int r = compare_halves(a->local, b->local);

	return r ? r : compare_halves(a->remote, b->remote);
}
