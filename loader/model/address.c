// SPDX-License-Identifier: GPL-2.0-only
/*
 * address.c - read, write and compare IP prefixes and MAC addresses.
 */
#include "model/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model/code.h"
#include "util/number.h"
#include "util/quote.h"

#define MAPPED_BITS 96 /* length of ::ffff:0:0/96 */

static uint8_t family_bits(uint8_t family)
{
	return family == SG_IPV4 ? 32 : 128;
}

static int bad_address(const char *text, const char *advice, struct error *err)
{
	return error_set(err, EINVAL, CODE_INVALID_PARAMETER_SECURITY_GROUP_SOURCE_CIDR_IP,
			 "bad address \"%s\": %s", quote(text).text, advice);
}

/* Clear the bits after the prefix's length; whether there were any. */
static bool clear_host_bits(struct prefix *prefix)
{
	bool had_any = false;

	for (unsigned int i = 0; i < sizeof(prefix->bytes); i++) {
		uint8_t mask = 0;

		if (prefix->length >= 8 * (i + 1))
			mask = 0xff;
		else if (prefix->length > 8 * i)
			mask = (uint8_t)(0xff << (8 * (i + 1) - prefix->length));
		if (prefix->bytes[i] & ~mask)
			had_any = true;
		prefix->bytes[i] &= mask;
	}
	return had_any;
}

/* Fill in family and bytes from the part before the slash. */
static int address_parse(const char *text, size_t length, struct prefix *prefix)
{
	char address[INET6_ADDRSTRLEN] = {0};

	if (!length || length >= sizeof(address))
		return -EINVAL;
	memcpy(address, text, length);
	prefix->family = strchr(address, ':') ? SG_IPV6 : SG_IPV4;
	if (inet_pton(prefix->family == SG_IPV6 ? AF_INET6 : AF_INET, address, prefix->bytes) != 1)
		return -EINVAL;
	return 0;
}

static bool is_ipv4_mapped(const struct prefix *prefix)
{
	static const uint8_t mapped[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

	return prefix->family == SG_IPV6 && prefix->length >= MAPPED_BITS &&
	       !memcmp(prefix->bytes, mapped, sizeof(mapped));
}

static int refuse_ipv4_mapped(const char *text, const struct prefix *prefix, struct error *err)
{
	struct prefix meant = {.family = SG_IPV4, .length = prefix->length - MAPPED_BITS};
	char meant_text[PREFIX_TEXT_MAX];

	memcpy(meant.bytes, prefix->bytes + MAPPED_BITS / 8, 4);
	prefix_format(&meant, meant_text);
	return error_set(err, EINVAL, CODE_INVALID_PARAMETER_SECURITY_GROUP_SOURCE_CIDR_IP,
			 "\"%s\" is an IPv4-mapped IPv6 address, which no packet carries: use %s",
			 quote(text).text, meant_text);
}

int prefix_parse(const char *text, struct prefix *prefix_out, struct error *err)
{
	const char *slash = strchrnul(text, '/');
	struct prefix prefix = {0};
	bool has_host_bits;
	char network[PREFIX_TEXT_MAX];

	if (strchr(text, '%'))
		return bad_address(
			text, "zone ids mean nothing here, leave the % and what follows out", err);
	if (address_parse(text, (size_t)(slash - text), &prefix))
		return bad_address(text, "use an IPv4 or IPv6 address, or a CIDR like 10.0.0.0/8",
				   err);
	prefix.length = family_bits(prefix.family);
	if (*slash) {
		uint64_t length;

		if (number_parse(slash + 1, 0, prefix.length, &length))
			return bad_address(text,
					   prefix.family == SG_IPV4
						   ? "the prefix length is a number 0-32"
						   : "the prefix length is a number 0-128",
					   err);
		prefix.length = (uint8_t)length;
	}
	has_host_bits = clear_host_bits(&prefix);
	if (is_ipv4_mapped(&prefix))
		return refuse_ipv4_mapped(text, &prefix, err);
	if (has_host_bits) {
		prefix_format(&prefix, network);
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_SECURITY_GROUP_SOURCE_CIDR_IP,
				 "\"%s\" has host bits set: use %s", quote(text).text, network);
	}
	*prefix_out = prefix;
	return 0;
}

void prefix_format(const struct prefix *prefix, char text[PREFIX_TEXT_MAX])
{
	char address[INET6_ADDRSTRLEN];

	/* cannot fail: the family is known and the room is enough */
	inet_ntop(prefix->family == SG_IPV6 ? AF_INET6 : AF_INET, prefix->bytes, address,
		  sizeof(address));
	snprintf(text, PREFIX_TEXT_MAX, "%s/%u", address, prefix->length);
}

int prefix_compare(const struct prefix *a, const struct prefix *b)
{
	int difference;

	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	difference = memcmp(a->bytes, b->bytes, sizeof(a->bytes));
	if (difference)
		return difference < 0 ? -1 : 1;
	if (a->length != b->length)
		return a->length < b->length ? -1 : 1;
	return 0;
}

bool prefix_contains(const struct prefix *prefix, const uint8_t address[16])
{
	unsigned int whole = prefix->length / 8;
	unsigned int rest = prefix->length % 8;

	if (memcmp(prefix->bytes, address, whole) != 0)
		return false;
	return !rest || !((prefix->bytes[whole] ^ address[whole]) >> (8 - rest));
}

/* Exactly xx:xx:xx:xx:xx:xx. */
static int mac_bytes_parse(const char *text, struct mac *mac)
{
	if (strlen(text) != MAC_TEXT_MAX - 1)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(mac->bytes); i++) {
		int high = hex_digit(text[3 * i]);
		int low = hex_digit(text[3 * i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		if (i + 1 < sizeof(mac->bytes) && text[3 * i + 2] != ':')
			return -EINVAL;
		mac->bytes[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

int mac_parse(const char *text, struct mac *mac_out, struct error *err)
{
	static const struct mac zero;
	struct mac mac;

	if (mac_bytes_parse(text, &mac))
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_PATTERN_ERROR,
				 "bad MAC address \"%s\": use six hexadecimal bytes with colons, "
				 "like 52:54:00:12:34:56",
				 quote(text).text);
	if (mac.bytes[0] & 1)
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_VALUE,
				 "\"%s\" is a multicast or broadcast MAC address, which no "
				 "interface has: use the interface's own",
				 text);
	if (!memcmp(&mac, &zero, sizeof(mac)))
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_VALUE,
				 "\"%s\" is the empty MAC address, which no interface has: use "
				 "the interface's own",
				 text);
	*mac_out = mac;
	return 0;
}

void mac_format(const struct mac *mac, char text[MAC_TEXT_MAX])
{
	const uint8_t *b = mac->bytes;

	snprintf(text, MAC_TEXT_MAX, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4],
		 b[5]);
}
