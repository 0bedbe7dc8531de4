// SPDX-License-Identifier: GPL-2.0-only
/*
 * instance.c - what a user can set on an instance.
 */
#include "model/instance.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/code.h"
#include "util/array.h"
#include "util/quote.h"

#define ETHERTYPE_MIN 0x0600 /* below it is the length of an IEEE 802.3 frame */

static const char *const mode_texts[] = {
	[MODE_AUTO] = "auto",
	[MODE_TC] = "tc",
	[MODE_XDP] = "xdp",
	[MODE_XDP_GENERIC] = "xdp-generic",
};

static const char *const side_texts[] = {
	[SIDE_AUTO] = "auto",
	[SIDE_HOST] = "host",
	[SIDE_GUEST] = "guest",
};

static const char *const no_group_texts[] = {
	[NO_GROUP_AUTO] = "auto",
	[NO_GROUP_DROP] = "drop",
	[NO_GROUP_PASS] = "pass",
};

void instance_options_fini(struct instance_options *options)
{
	free(options->macs);
	free(options->addresses);
	options->macs = NULL;
	options->mac_count = 0;
	options->addresses = NULL;
	options->address_count = 0;
}

void instance_fini(struct instance *instance)
{
	instance_options_fini(&instance->options);
}

/* The index of a text, or -1. */
static int text_find(const char *text, const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(text, texts[i]))
			return (int)i;
	}
	return -1;
}

static int unknown(const char *what, const char *text, const char *advice, struct error *err)
{
	return error_set(err, EINVAL, CODE_INVALID_PARAMETER_VALUE, "unknown %s \"%s\": use %s",
			 what, quote(text).text, advice);
}

const char *mode_text(enum attach_mode mode)
{
	return mode_texts[mode];
}

int mode_parse(const char *text, enum attach_mode *mode_out, struct error *err)
{
	int found = text_find(text, mode_texts, ARRAY_SIZE(mode_texts));

	if (found < 0)
		return unknown("mode", text, "auto, tc, xdp or xdp-generic", err);
	*mode_out = (enum attach_mode)found;
	return 0;
}

const char *side_text(enum instance_side side)
{
	return side_texts[side];
}

int side_parse(const char *text, enum instance_side *side_out, struct error *err)
{
	int found = text_find(text, side_texts, ARRAY_SIZE(side_texts));

	if (found < 0)
		return unknown("side", text, "auto, host or guest", err);
	*side_out = (enum instance_side)found;
	return 0;
}

const char *no_group_text(enum no_group no_group)
{
	return no_group_texts[no_group];
}

int no_group_parse(const char *text, enum no_group *no_group_out, struct error *err)
{
	int found = text_find(text, no_group_texts, ARRAY_SIZE(no_group_texts));

	if (found < 0)
		return unknown("no-group policy", text, "auto, drop or pass", err);
	*no_group_out = (enum no_group)found;
	return 0;
}

static int too_many(const char *what, int max, struct error *err)
{
	return error_set(err, EINVAL, CODE_INVALID_PARAMETER_EXCEED_MAXIMUM,
			 "too many %s: an instance can have at most %d", what, max);
}

int instance_options_add_mac(struct instance_options *options, const struct mac *mac,
			     struct error *err)
{
	size_t count = options->mac_count;
	struct mac *larger;

	for (size_t i = 0; i < count; i++) {
		if (!memcmp(options->macs + i, mac, sizeof(*mac)))
			return 0;
	}
	if (count >= INSTANCE_MAX_ADDRESSES)
		return too_many("MAC addresses", INSTANCE_MAX_ADDRESSES, err);
	larger = reallocarray(options->macs, count + 1, sizeof(*larger));
	if (!larger)
		return error_set(err, ENOMEM, CODE_INTERNAL_SERVER_ERROR, "out of memory");
	larger[count] = *mac;
	options->macs = larger;
	options->mac_count++;
	return 0;
}

int instance_options_add_address(struct instance_options *options, const struct prefix *prefix,
				 struct error *err)
{
	size_t count = options->address_count;
	struct prefix *larger;

	for (size_t i = 0; i < count; i++) {
		if (!prefix_compare(options->addresses + i, prefix))
			return 0;
	}
	if (count >= INSTANCE_MAX_ADDRESSES)
		return too_many("addresses", INSTANCE_MAX_ADDRESSES, err);
	larger = reallocarray(options->addresses, count + 1, sizeof(*larger));
	if (!larger)
		return error_set(err, ENOMEM, CODE_INTERNAL_SERVER_ERROR, "out of memory");
	larger[count] = *prefix;
	options->addresses = larger;
	options->address_count++;
	return 0;
}

static int ethertype_parse(const char *text, uint16_t *value_out)
{
	size_t length = strlen(text);

	if (strncmp(text, "0x", 2) != 0 || length < 3 || length > 6)
		return -EINVAL;
	if (strspn(text + 2, "0123456789abcdefABCDEF") != length - 2)
		return -EINVAL;
	*value_out = (uint16_t)strtoul(text + 2, NULL, 16);
	return 0;
}

/* What is wrong with allowing an EtherType; NULL when nothing is. */
static const char *ethertype_objection(uint16_t value)
{
	switch (value) {
	case 0x0800:
		return "is IPv4, which the rules judge: use rules to allow it";
	case 0x86dd:
		return "is IPv6, which the rules judge: use rules to allow it";
	case 0x0806:
		return "is ARP, which passes anyway: leave it out";
	case 0x8100:
	case 0x88a8:
		return "is a VLAN tag, which is looked through: use the EtherType inside";
	default:
		if (value < ETHERTYPE_MIN)
			return "is a frame's length, not an EtherType: use 0x0600 or more";
		return NULL;
	}
}

int instance_options_add_ethertype(struct instance_options *options, const char *text,
				   struct error *err)
{
	uint16_t *all = options->ethertypes;
	const char *objection;
	uint16_t value;
	size_t place = 0;

	if (ethertype_parse(text, &value))
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_PATTERN_ERROR,
				 "bad EtherType \"%s\": use 0x and up to four hexadecimal digits, "
				 "like 0x88cc",
				 quote(text).text);
	objection = ethertype_objection(value);
	if (objection)
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_VALUE, "EtherType \"%s\" %s",
				 text, objection);

	while (place < SG_MAX_ETHERTYPES && all[place] && all[place] < value)
		place++;
	if (place < SG_MAX_ETHERTYPES && all[place] == value)
		return 0;
	if (all[SG_MAX_ETHERTYPES - 1])
		return too_many("EtherTypes", SG_MAX_ETHERTYPES, err);
	memmove(all + place + 1, all + place, (SG_MAX_ETHERTYPES - 1 - place) * sizeof(*all));
	all[place] = value;
	return 0;
}
