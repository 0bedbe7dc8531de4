// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_address.c - IP prefixes and MAC addresses: what is read, what refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "model/address.h"
#include "model/code.h"
#include "unit/refused.h"
#include "util/array.h"

#define CIDR CODE_INVALID_PARAMETER_SECURITY_GROUP_SOURCE_CIDR_IP

static void canonical_text_of_a_prefix_always_has_a_length(void **state)
{
	static const struct {
		const char *input;
		const char *expected;
	} rows[] = {
		{"10.0.0.0/8", "10.0.0.0/8"},
		{"192.0.2.1", "192.0.2.1/32"},
		{"192.0.2.1/32", "192.0.2.1/32"},
		{"192.0.2.128/25", "192.0.2.128/25"},
		{"128.0.0.0/1", "128.0.0.0/1"},
		{"0.0.0.0/0", "0.0.0.0/0"},
		{"255.255.255.255", "255.255.255.255/32"},
		{"::/0", "::/0"},
		{"::1", "::1/128"},
		{"2001:DB8::/32", "2001:db8::/32"},
		{"2001:0db8:0:0:0:0:0:1", "2001:db8::1/128"},
		{"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1/128"},
		{"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1/128"},
		{"2001:db8:8000::/33", "2001:db8:8000::/33"},
		{"64:ff9b::192.0.2.1", "64:ff9b::c000:201/128"},
	};
	struct error err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct prefix prefix;
		char text[PREFIX_TEXT_MAX];

		assert_int_equal(prefix_parse(rows[i].input, &prefix, &err), 0);
		prefix_format(&prefix, text);
		assert_string_equal(text, rows[i].expected);
	}
}

static void refused_prefixes_say_why(void **state)
{
	static const struct {
		const char *input;
		const char *fragment;
	} rows[] = {
		{"10.0.0.1/8", "\"10.0.0.1/8\" has host bits set: use 10.0.0.0/8"},
		{"192.0.2.129/25", "use 192.0.2.128/25"},
		{"1.2.3.4/0", "use 0.0.0.0/0"},
		{"2001:db8::1/64", "\"2001:db8::1/64\" has host bits set: use 2001:db8::/64"},
		{"2001:db8::1/127", "use 2001:db8::/127"},
		{"10.0.0.0/33", "number 0-32"},
		{"10.0.0.0/08", "number 0-32"},
		{"10.0.0.0/+8", "number 0-32"},
		{"10.0.0.0/", "number 0-32"},
		{"10.0.0.0/8/8", "number 0-32"},
		{"10.0.0.0/8 ", "number 0-32"},
		{"10.0.0.0/255.0.0.0", "number 0-32"},
		{"10.0.0.0/18446744073709551624", "number 0-32"},
		{"::/129", "number 0-128"},
		{"::/-1", "number 0-128"},
		{"", "bad address \"\""},
		{"/8", "bad address \"/8\""},
		{"10.0.0", "bad address \"10.0.0\": use an IPv4 or IPv6 address"},
		{"10.0.0.256", "bad address"},
		{"010.0.0.1", "bad address"},
		{"0x0a.0.0.1", "bad address"},
		{" 10.0.0.1", "bad address"},
		{"10.0.0.1 ", "bad address"},
		{"2001:db8::1::", "bad address"},
		{"2001:db8:::", "bad address"},
		{"12345::", "bad address"},
		{"host.example", "bad address \"host.example\""},
		{"fe80::1%eth0", "zone id"},
		{"::ffff:192.0.2.1", "IPv4-mapped IPv6 address, which no packet carries: use "
				     "192.0.2.1/32"},
		{"::ffff:10.0.0.0/104", "use 10.0.0.0/8"},
		{"::ffff:0:0/96", "use 0.0.0.0/0"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct prefix prefix;
		struct error err = {0};
		int r = prefix_parse(rows[i].input, &prefix, &err);

		check_refused(rows[i].input, r, &err, CIDR, rows[i].fragment);
	}
}

static void a_refused_prefix_leaves_the_output_untouched(void **state)
{
	struct prefix prefix = {.family = 77, .length = 99};

	(void)state;
	assert_int_equal(prefix_parse("10.0.0.1/8", &prefix, NULL), -EINVAL);
	assert_int_equal(prefix.family, 77);
	assert_int_equal(prefix.length, 99);
}

static void prefixes_order_by_family_then_bytes_then_length(void **state)
{
	static const char *const ascending[] = {
		"0.0.0.0/0", "10.0.0.0/8",    "10.0.0.0/9",    "10.0.0.0",
		"10.0.0.1",  "11.0.0.0/8",    "200.0.0.0/8",   "::/0",
		"::1",	     "2001:db8::/32", "2001:db8::/64",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ascending); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(ascending); j++) {
			struct prefix a;
			struct prefix b;
			int order;

			assert_int_equal(prefix_parse(ascending[i], &a, NULL), 0);
			assert_int_equal(prefix_parse(ascending[j], &b, NULL), 0);
			order = prefix_compare(&a, &b);
			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
		}
	}
}

static void a_prefix_contains_exactly_its_addresses(void **state)
{
	static const struct {
		const char *prefix;
		const char *address;
		bool contained;
	} rows[] = {
		{"10.0.0.0/8", "10.255.255.255", true},
		{"10.0.0.0/8", "11.0.0.0", false},
		{"192.0.2.128/25", "192.0.2.128", true},
		{"192.0.2.128/25", "192.0.2.127", false},
		{"192.0.2.4/30", "192.0.2.7", true},
		{"192.0.2.4/30", "192.0.2.8", false},
		{"0.0.0.0/0", "255.255.255.255", true},
		{"192.0.2.1", "192.0.2.1", true},
		{"192.0.2.1", "192.0.2.0", false},
		{"2001:db8::/33", "2001:db8:7fff::", true},
		{"2001:db8::/33", "2001:db8:8000::", false},
		{"2001:db8::1", "2001:db8::1", true},
		{"2001:db8::1", "2001:db8::2", false},
		{"::/0", "ffff::", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct prefix prefix;
		struct prefix address;

		assert_int_equal(prefix_parse(rows[i].prefix, &prefix, NULL), 0);
		assert_int_equal(prefix_parse(rows[i].address, &address, NULL), 0);
		assert_int_equal(prefix_contains(&prefix, address.bytes), rows[i].contained);
	}
}

static void macs_are_read_in_either_case_and_written_in_lower(void **state)
{
	struct mac mac;
	char text[MAC_TEXT_MAX];

	(void)state;
	assert_int_equal(mac_parse("52:54:00:AB:cd:0f", &mac, NULL), 0);
	mac_format(&mac, text);
	assert_string_equal(text, "52:54:00:ab:cd:0f");
}

static void refused_macs_say_why(void **state)
{
	static const struct {
		const char *input;
		const char *code;
		const char *fragment;
	} rows[] = {
		{"", CODE_INVALID_PARAMETER_PATTERN_ERROR, "bad MAC address \"\": use six"},
		{"52:54:00:ab:cd", CODE_INVALID_PARAMETER_PATTERN_ERROR, "six hexadecimal bytes"},
		{"52:54:00:ab:cd:0", CODE_INVALID_PARAMETER_PATTERN_ERROR, "six"},
		{"52:54:00:ab:cd:0f:11", CODE_INVALID_PARAMETER_PATTERN_ERROR, "six"},
		{"52-54-00-ab-cd-0f", CODE_INVALID_PARAMETER_PATTERN_ERROR, "with colons"},
		{"52:54:00:ab:cd:0g", CODE_INVALID_PARAMETER_PATTERN_ERROR, "six"},
		{"52:54:00:ab:cd:+f", CODE_INVALID_PARAMETER_PATTERN_ERROR, "six"},
		{"ff:ff:ff:ff:ff:ff", CODE_INVALID_PARAMETER_VALUE, "multicast or broadcast"},
		{"01:00:5e:00:00:01", CODE_INVALID_PARAMETER_VALUE, "multicast or broadcast"},
		{"00:00:00:00:00:00", CODE_INVALID_PARAMETER_VALUE, "empty MAC address"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct mac mac;
		struct error err = {0};
		int r = mac_parse(rows[i].input, &mac, &err);

		check_refused(rows[i].input, r, &err, rows[i].code, rows[i].fragment);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(canonical_text_of_a_prefix_always_has_a_length),
		cmocka_unit_test(refused_prefixes_say_why),
		cmocka_unit_test(a_refused_prefix_leaves_the_output_untouched),
		cmocka_unit_test(prefixes_order_by_family_then_bytes_then_length),
		cmocka_unit_test(a_prefix_contains_exactly_its_addresses),
		cmocka_unit_test(macs_are_read_in_either_case_and_written_in_lower),
		cmocka_unit_test(refused_macs_say_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
