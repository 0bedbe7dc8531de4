/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * address.h - IP prefixes and MAC addresses.
 */
#ifndef MODEL_ADDRESS_H
#define MODEL_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "sgate/policy.h"
#include "util/error.h"

struct prefix {
	uint8_t family; /* enum sg_family */
	uint8_t length; /* bits: 0-32 or 0-128 */
	uint8_t bytes
		[16]; /* network byte order; IPv4 in the first four, the rest 0; no host bits */
};

struct mac {
	uint8_t bytes[6];
};

#define PREFIX_TEXT_MAX 64 /* longest text with its final NUL, rounded up */
#define MAC_TEXT_MAX 18

/*
 * Read a CIDR or a bare address (its /32 or /128). -EINVAL for anything else,
 * and for host bits, with the network that was meant in the message. Code:
 * INVALID_PARAMETER_SECURITY_GROUP_SOURCE_CIDR_IP.
 */
int prefix_parse(const char *text, struct prefix *prefix_out, struct error *err);

/* Always with a length: "10.0.0.0/8", "2001:db8::1/128". */
void prefix_format(const struct prefix *prefix, char text[PREFIX_TEXT_MAX]);

/* Family, then bytes, then length: a total order. */
int prefix_compare(const struct prefix *a, const struct prefix *b);

bool prefix_contains(const struct prefix *prefix, const uint8_t address[16]);

/* Six hexadecimal bytes with colons. Refuses group addresses and all zeroes. */
int mac_parse(const char *text, struct mac *mac_out, struct error *err);
void mac_format(const struct mac *mac, char text[MAC_TEXT_MAX]);

#endif
