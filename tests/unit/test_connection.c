// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_connection.c - a connection of the table as a document.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "cmd/connection.h"
#include "util/array.h"
#include "util/cleanup.h"

#define IPV4(a, b, c, d) \
	{ \
		0, (a) << 24 | (b) << 16 | (c) << 8 | (d) \
	}

struct row {
	struct connection connection;
	const char *json;
};

static const struct row rows[] = {
	{{.family = SG_IPV4,
	  .entry = {.protocol = 6,
		    .phase = SG_PHASE_TCP_ESTABLISHED,
		    .flags = SG_CONNECTION_EGRESS,
		    .ports = 40000U << 16 | 443,
		    .generation = 4294967295},
	  .local = IPV4(10, 0, 0, 1),
	  .remote = IPV4(203U, 0, 113, 255),
	  .age_s = 3,
	  .idle_s = 2,
	  .expires_s = 431998},
	 "{'instanceId':'vm1','protocol':'tcp','direction':'egress','localAddress':'10.0.0.1',"
	 "'localPort':40000,'remoteAddress':'203.0.113.255','remotePort':443,"
	 "'phase':'established','ageSeconds':3,'idleSeconds':2,'expiresSeconds':431998,"
	 "'generation':4294967295}"},
	{{.family = SG_IPV6,
	  .entry = {.protocol = 17, .phase = SG_PHASE_UDP_UNREPLIED, .ports = 53U << 16 | 65535},
	  .local = {0x20010db800000000, 1},
	  .remote = {0xfe80000000000000, 0x0011223344556677}},
	 "{'instanceId':'vm1','protocol':'udp','direction':'ingress',"
	 "'localAddress':'2001:db8::1','localPort':53,"
	 "'remoteAddress':'fe80::11:2233:4455:6677','remotePort':65535,"
	 "'phase':'udp-unreplied','ageSeconds':0,'idleSeconds':0,'expiresSeconds':0,"
	 "'generation':0}"},
	{{.family = SG_IPV4,
	  .entry = {.protocol = 1, .phase = SG_PHASE_ICMP_REPLIED, .ports = 77U << 16 | 8 << 8},
	  .local = IPV4(10, 0, 0, 1),
	  .remote = IPV4(10, 0, 0, 2)},
	 "{'instanceId':'vm1','protocol':'icmp','direction':'ingress','localAddress':'10.0.0.1',"
	 "'localPort':null,'remoteAddress':'10.0.0.2','remotePort':null,'icmpIdentifier':77,"
	 "'icmpType':8,'phase':'icmp-replied','ageSeconds':0,'idleSeconds':0,"
	 "'expiresSeconds':0,'generation':0}"},
	{{.family = SG_IPV4,
	  .entry = {.protocol = 47, .phase = SG_PHASE_OTHER_UNREPLIED},
	  .local = IPV4(10, 0, 0, 1),
	  .remote = IPV4(10, 0, 0, 2)},
	 "{'instanceId':'vm1','protocol':'gre','direction':'ingress','localAddress':'10.0.0.1',"
	 "'localPort':null,'remoteAddress':'10.0.0.2','remotePort':null,"
	 "'phase':'other-unreplied','ageSeconds':0,'idleSeconds':0,'expiresSeconds':0,"
	 "'generation':0}"},
	/* ICMP is ICMP in its own family only */
	{{.family = SG_IPV6,
	  .entry = {.protocol = 1, .phase = SG_PHASE_OTHER_UNREPLIED},
	  .local = {0, 1},
	  .remote = {0, 2}},
	 "{'instanceId':'vm1','protocol':'1','direction':'ingress','localAddress':'::1',"
	 "'localPort':null,'remoteAddress':'::2','remotePort':null,"
	 "'phase':'other-unreplied','ageSeconds':0,'idleSeconds':0,'expiresSeconds':0,"
	 "'generation':0}"},
};

static void a_connection_shows_its_ends_and_its_times(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_t *document = connection_document(&rows[i].connection, "vm1");
		AUTO_FREE char *text = strdup(rows[i].json);
		AUTO_FREE char *got = NULL;
		json_t *wanted;

		assert_non_null(text);
		for (char *c = text; *c; c++) {
			if (*c == '\'')
				*c = '"';
		}
		wanted = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
		got = json_dumps(document, JSON_COMPACT);
		assert_non_null(wanted);
		assert_non_null(got);
		if (!json_equal(document, wanted))
			fail_msg("%s is not %s", got, text);
		json_decref(wanted);
		json_decref(document);
	}
}

static void addresses_have_an_order(void **state)
{
	static const struct connection ascending[] = {
		{.local = {0, 1}, .remote = {9, 9}},
		{.local = {0, 2}, .remote = {0, 1}},
		{.local = {0, 2}, .remote = {0, 1ULL << 63}},
		{.local = {0, 2}, .remote = {1, 0}},
		{.local = {1ULL << 63, 0}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ascending); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(ascending); j++)
			assert_int_equal(connection_compare_addresses(&ascending[i], &ascending[j]),
					 (i > j) - (i < j));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_shows_its_ends_and_its_times),
		cmocka_unit_test(addresses_have_an_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
