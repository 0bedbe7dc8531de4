// SPDX-License-Identifier: GPL-2.0-only
/*
 * ports_text.c - the protocol and ports of a rule, as people write them.
 */
#include "codec/rule_text.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "model/code.h"
#include "util/array.h"
#include "util/number.h"
#include "util/quote.h"

static const struct {
	const char *name;
	uint16_t protocol;
} protocol_names[] = {
	{"all", PROTOCOL_ALL},	 {"tcp", PROTOCOL_TCP},	  {"udp", PROTOCOL_UDP},
	{"sctp", PROTOCOL_SCTP}, {"icmp", PROTOCOL_ICMP}, {"icmpv6", PROTOCOL_ICMPV6},
	{"gre", PROTOCOL_GRE},
};

void protocol_format(uint16_t protocol, char text[8])
{
	for (size_t i = 0; i < ARRAY_SIZE(protocol_names); i++) {
		if (protocol_names[i].protocol == protocol) {
			strcpy(text, protocol_names[i].name);
			return;
		}
	}
	snprintf(text, 8, "%u", protocol);
}

int protocol_parse(const char *text, uint16_t *protocol_out, struct error *err)
{
	uint64_t number;

	for (size_t i = 0; i < ARRAY_SIZE(protocol_names); i++) {
		if (!strcmp(protocol_names[i].name, text)) {
			*protocol_out = protocol_names[i].protocol;
			return 0;
		}
	}
	if (number_parse(text, 0, UINT8_MAX, &number))
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_VALUE,
				 "unknown protocol \"%s\": use all, tcp, udp, sctp, icmp, icmpv6, "
				 "gre or a number 0-255",
				 quote(text).text);
	*protocol_out = (uint16_t)number;
	return 0;
}

void ports_format(uint16_t protocol, const struct port_set *ports, char text[PORTS_TEXT_MAX])
{
	char *end = text;

	/* "65535-65535," is the longest a range can be */
	_Static_assert(PORTS_TEXT_MAX > 12 * PORT_SET_MAX, "room for every range");

	*end = '\0';
	for (size_t i = 0; i < ports->count; i++) {
		unsigned int first = ports->ranges[i].first;
		unsigned int last = ports->ranges[i].last;

		if (i)
			*end++ = ',';
		if (protocol_has_types(protocol) && first == last)
			end += sprintf(end, "%u/%u", first >> 8, first & 0xff);
		else if (protocol_has_types(protocol))
			end += sprintf(end, "%u", first >> 8);
		else if (first == last)
			end += sprintf(end, "%u", first);
		else
			end += sprintf(end, "%u-%u", first, last);
	}
}

static int bad_ports(const char *text, const char *advice, struct error *err)
{
	return error_set(err, EINVAL, CODE_INVALID_PARAMETER_SECURITY_GROUP_PORT_RANGE,
			 "bad ports \"%s\": %s", quote(text).text, advice);
}

/* N or N-M, of `length` bytes; `text` is all of the ports, for the message. */
static int range_parse(const char *item, size_t length, const char *text, struct port_range *range,
		       struct error *err)
{
	const char *dash = memchr(item, '-', length);
	size_t first_length = dash ? (size_t)(dash - item) : length;
	uint64_t first;
	uint64_t last;
	int r;

	r = number_parse_part(item, first_length, 0, UINT16_MAX, &first);
	last = first;
	if (!r && dash)
		r = number_parse_part(dash + 1, length - first_length - 1, 0, UINT16_MAX, &last);
	if (r == -ERANGE)
		return bad_ports(text, "ports are 0-65535", err);
	if (r)
		return bad_ports(text,
				 "use N, N-M or several of those joined by commas, without spaces",
				 err);
	if (first > last)
		return bad_ports(text, "write the smaller port of a range first", err);
	*range = (struct port_range){.first = (uint16_t)first, .last = (uint16_t)last};
	return 0;
}

static int port_list_parse(const char *text, struct port_set *ports, struct error *err)
{
	const char *item = text;
	size_t written = 1;

	for (const char *c = text; *c; c++)
		written += *c == ',';
	if (written > PORT_SET_MAX)
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_SECURITY_GROUP_PORT_RANGE,
				 "%zu ports or port ranges in a rule: at most %d, use more rules",
				 written, PORT_SET_MAX);
	for (size_t i = 0; i < written; i++) {
		size_t length = strcspn(item, ",");
		int r = range_parse(item, length, text, ports->ranges + i, err);

		if (r)
			return r;
		item += length + 1;
	}
	ports->count = (uint8_t)written;
	port_set_normalize(ports);
	return 0;
}

/* TYPE or TYPE/CODE */
static int type_parse(const char *text, struct port_set *ports, struct error *err)
{
	const char *slash = strchrnul(text, '/');
	uint64_t type;
	uint64_t code = 0;
	int r;

	if (strchr(text, ','))
		return bad_ports(text, "an ICMP rule takes one type, use a rule for each", err);
	r = number_parse_part(text, (size_t)(slash - text), 0, UINT8_MAX, &type);
	if (!r && *slash)
		r = number_parse(slash + 1, 0, UINT8_MAX, &code);
	if (r)
		return bad_ports(text, "an ICMP rule takes TYPE or TYPE/CODE, each 0-255", err);
	ports->count = 1;
	ports->ranges[0].first = (uint16_t)(type << 8 | code);
	ports->ranges[0].last = (uint16_t)(type << 8 | (*slash ? code : 0xff));
	return 0;
}

static int refuse_ports(const char *text, uint16_t protocol, struct error *err)
{
	const char *instead = "tcp, udp or sctp";
	char name[8];

	/* the numbers match in both families, so they cannot have the types of one */
	if (protocol == IPPROTO_ICMP)
		instead = "icmp";
	else if (protocol == IPPROTO_ICMPV6)
		instead = "icmpv6";
	protocol_format(protocol, name);
	return error_set(err, EINVAL, CODE_INVALID_PARAMETER_SECURITY_GROUP_PORT_RANGE,
			 "protocol %s has no ports: leave \"%s\" out, or use %s", name,
			 quote(text).text, instead);
}

int ports_parse(const char *text, uint16_t protocol, struct port_set *ports_out, struct error *err)
{
	struct port_set ports = {0};
	int r;

	if (!strcmp(text, "all") || !strcmp(text, "any"))
		return bad_ports(text, "leave the ports out to mean all", err);
	if (protocol_has_ports(protocol))
		r = port_list_parse(text, &ports, err);
	else if (protocol_has_types(protocol))
		r = type_parse(text, &ports, err);
	else
		r = refuse_ports(text, protocol, err);
	if (r)
		return r;
	*ports_out = ports;
	return 0;
}
