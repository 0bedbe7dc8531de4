// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_instance_options.c - what a user can set on an instance, and its limits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "model/code.h"
#include "model/instance.h"
#include "unit/refused.h"
#include "util/array.h"
#include "util/cleanup.h"

static void words_and_values_map_both_ways(void **state)
{
	enum attach_mode mode;
	enum instance_side side;
	enum no_group no_group;

	(void)state;
	for (int i = MODE_AUTO; i <= MODE_XDP_GENERIC; i++) {
		assert_int_equal(mode_parse(mode_text((enum attach_mode)i), &mode, NULL), 0);
		assert_int_equal(mode, i);
	}
	for (int i = SIDE_AUTO; i <= SIDE_GUEST; i++) {
		assert_int_equal(side_parse(side_text((enum instance_side)i), &side, NULL), 0);
		assert_int_equal(side, i);
	}
	for (int i = NO_GROUP_AUTO; i <= NO_GROUP_PASS; i++) {
		assert_int_equal(no_group_parse(no_group_text((enum no_group)i), &no_group, NULL),
				 0);
		assert_int_equal(no_group, i);
	}
	assert_string_equal(mode_text(MODE_XDP_GENERIC), "xdp-generic");
	assert_string_equal(side_text(SIDE_GUEST), "guest");
	assert_string_equal(no_group_text(NO_GROUP_DROP), "drop");
}

static void unknown_words_are_quoted_with_the_known_ones(void **state)
{
	enum attach_mode mode = MODE_XDP;
	enum instance_side side;
	enum no_group no_group;
	struct error err;
	int r;

	(void)state;
	r = mode_parse("XDP", &mode, &err);
	check_refused("XDP", r, &err, CODE_INVALID_PARAMETER_VALUE,
		      "unknown mode \"XDP\": use auto, tc, xdp or xdp-generic");
	assert_int_equal(mode, MODE_XDP);
	r = side_parse("", &side, &err);
	check_refused("", r, &err, CODE_INVALID_PARAMETER_VALUE,
		      "unknown side \"\": use auto, host or guest");
	r = no_group_parse("accept", &no_group, &err);
	check_refused("accept", r, &err, CODE_INVALID_PARAMETER_VALUE,
		      "unknown no-group policy \"accept\": use auto, drop or pass");
}

static void ethertypes_stay_ascending_and_unique(void **state)
{
	static const char *const inputs[] = {"0x88CC", "0x8863", "0xffff", "0x88cc", "0x600"};
	static const uint16_t expected[SG_MAX_ETHERTYPES] = {0x0600, 0x8863, 0x88cc, 0xffff};
	AUTO(instance_options_fini) struct instance_options options = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(inputs); i++)
		assert_int_equal(instance_options_add_ethertype(&options, inputs[i], NULL), 0);
	assert_memory_equal(options.ethertypes, expected, sizeof(expected));
}

static void ethertypes_that_make_no_sense_are_refused(void **state)
{
	static const struct {
		const char *input;
		const char *code;
		const char *fragment;
	} rows[] = {
		{"", CODE_INVALID_PARAMETER_PATTERN_ERROR, "bad EtherType \"\": use 0x"},
		{"0x", CODE_INVALID_PARAMETER_PATTERN_ERROR, "like 0x88cc"},
		{"88cc", CODE_INVALID_PARAMETER_PATTERN_ERROR, "bad EtherType \"88cc\""},
		{"35020", CODE_INVALID_PARAMETER_PATTERN_ERROR, "use 0x"},
		{"0x088cc", CODE_INVALID_PARAMETER_PATTERN_ERROR, "four hexadecimal digits"},
		{"0x88cg", CODE_INVALID_PARAMETER_PATTERN_ERROR, "use 0x"},
		{"0x-1", CODE_INVALID_PARAMETER_PATTERN_ERROR, "use 0x"},
		{"lldp", CODE_INVALID_PARAMETER_PATTERN_ERROR, "use 0x"},
		{"0x0", CODE_INVALID_PARAMETER_VALUE, "0x0600 or more"},
		{"0x05ff", CODE_INVALID_PARAMETER_VALUE, "0x0600 or more"},
		{"0x0800", CODE_INVALID_PARAMETER_VALUE, "\"0x0800\" is IPv4"},
		{"0x800", CODE_INVALID_PARAMETER_VALUE, "is IPv4"},
		{"0x86dd", CODE_INVALID_PARAMETER_VALUE, "is IPv6"},
		{"0x0806", CODE_INVALID_PARAMETER_VALUE, "is ARP"},
		{"0x8100", CODE_INVALID_PARAMETER_VALUE, "is a VLAN tag"},
		{"0x88a8", CODE_INVALID_PARAMETER_VALUE, "is a VLAN tag"},
	};
	AUTO(instance_options_fini) struct instance_options options = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct error err = {0};
		int r = instance_options_add_ethertype(&options, rows[i].input, &err);

		check_refused(rows[i].input, r, &err, rows[i].code, rows[i].fragment);
		assert_int_equal(options.ethertypes[0], 0);
	}
}

static void one_ethertype_too_many_is_refused(void **state)
{
	AUTO(instance_options_fini) struct instance_options options = {0};
	struct instance_options before;
	struct error err = {0};
	char text[8];
	int r;

	(void)state;
	for (int i = 0; i < SG_MAX_ETHERTYPES; i++) {
		snprintf(text, sizeof(text), "0x9%03x", i);
		assert_int_equal(instance_options_add_ethertype(&options, text, NULL), 0);
	}
	/* one that is there is not one more */
	assert_int_equal(instance_options_add_ethertype(&options, "0x9000", NULL), 0);
	before = options;
	r = instance_options_add_ethertype(&options, "0x7000", &err);
	check_refused("0x7000", r, &err, CODE_INVALID_PARAMETER_EXCEED_MAXIMUM,
		      "too many EtherTypes: an instance can have at most 8");
	assert_memory_equal(before.ethertypes, options.ethertypes, sizeof(before.ethertypes));
}

static void the_same_address_twice_is_kept_once(void **state)
{
	AUTO(instance_options_fini) struct instance_options options = {0};
	const struct mac mac = {{2, 0, 0, 0, 0, 1}};
	struct prefix prefix;

	(void)state;
	assert_int_equal(prefix_parse("10.0.0.1", &prefix, NULL), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(instance_options_add_mac(&options, &mac, NULL), 0);
		assert_int_equal(instance_options_add_address(&options, &prefix, NULL), 0);
	}
	assert_int_equal(options.mac_count, 1);
	assert_int_equal(options.address_count, 1);
}

static void one_address_too_many_is_refused(void **state)
{
	AUTO(instance_options_fini) struct instance_options options = {0};
	struct mac mac = {{2}};
	struct prefix prefix = {.family = SG_IPV4, .length = 32, .bytes = {10}};
	struct error err = {0};
	int r;

	(void)state;
	for (uint8_t i = 0; i < INSTANCE_MAX_ADDRESSES; i++) {
		mac.bytes[5] = i;
		prefix.bytes[3] = i;
		assert_int_equal(instance_options_add_mac(&options, &mac, NULL), 0);
		assert_int_equal(instance_options_add_address(&options, &prefix, NULL), 0);
	}
	mac.bytes[5] = prefix.bytes[3] = INSTANCE_MAX_ADDRESSES;
	r = instance_options_add_mac(&options, &mac, &err);
	check_refused("MAC", r, &err, CODE_INVALID_PARAMETER_EXCEED_MAXIMUM,
		      "too many MAC addresses: an instance can have at most 64");
	r = instance_options_add_address(&options, &prefix, &err);
	check_refused("address", r, &err, CODE_INVALID_PARAMETER_EXCEED_MAXIMUM,
		      "too many addresses");
	assert_int_equal(options.mac_count, INSTANCE_MAX_ADDRESSES);
	assert_int_equal(options.address_count, INSTANCE_MAX_ADDRESSES);
	assert_int_equal(options.addresses[0].bytes[3], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_and_values_map_both_ways),
		cmocka_unit_test(unknown_words_are_quoted_with_the_known_ones),
		cmocka_unit_test(ethertypes_stay_ascending_and_unique),
		cmocka_unit_test(ethertypes_that_make_no_sense_are_refused),
		cmocka_unit_test(one_ethertype_too_many_is_refused),
		cmocka_unit_test(the_same_address_twice_is_kept_once),
		cmocka_unit_test(one_address_too_many_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
