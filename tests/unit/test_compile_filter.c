// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_compile_filter.c - the filter of an image: it excludes nothing that a rule
 * matches, and most of what none does.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <string.h>

#include "compile/search.h"
#include "unit/gen_policy.h"
#include "unit/policy_table.h"

static bool has_filter(const struct image *image, enum sg_family family)
{
	return SG_LAYERS_FILTER(image_ingress(image, family)->flags);
}

static struct filter_says ask(const struct image *image, const struct packet_key *packet)
{
	return image_filter_ask(image, image_ingress(image, packet->family), packet->family,
				packet->remote, SG_PORT_KEY(packet->protocol, packet->low16));
}

static bool excludes(const struct image *image, const struct packet_key *packet)
{
	struct filter_says may_match = ask(image, packet);

	return !may_match.prefixes && !may_match.any;
}

static void compile_rows(const struct rule_row *rows, size_t count, struct image *image)
{
	struct table table;

	table_fill(&table, rows, count);
	assert_int_equal(compile(&table.policy, 1000, image, NULL), 0);
}

/* All packets of a rule for a range of ports of 192.0.2.7. */
static void check_range(uint8_t protocol, uint16_t first, uint16_t last)
{
	const struct rule_row row = ACCEPT(protocol, 1, "192.0.2.7/32", PORTS({first, last}));
	struct packet_key packet = {
		.family = SG_IPV4, .protocol = protocol, .remote = {192, 0, 2, 7}};
	struct image image;

	compile_rows(&row, 1, &image);
	/* so few ports have no more than half of the bits */
	assert_true(has_filter(&image, SG_IPV4) || last - first > 32);
	for (uint32_t port = first; port <= last; port++) {
		packet.low16 = (uint16_t)port;
		if (excludes(&image, &packet))
			fail_msg("port %u of %u-%u is excluded", port, first, last);
	}
	image_fini(&image);
}

static void no_port_of_a_range_is_excluded(void **state)
{
	static const uint16_t edges[] = {0,    1,    30,   31,	 32,   33,   1022,  1023,
					 1024, 1025, 2047, 2048, 2049, 4096, 65534, 65535};
	struct gen_random random = {gen_seed(1)};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(edges); i++) {
		for (size_t j = i; j < ARRAY_SIZE(edges); j++)
			check_range(PROTOCOL_TCP, edges[i], edges[j]);
	}
	for (int i = 0; i < 50; i++) {
		uint16_t first = (uint16_t)gen_below(&random, 65536);

		check_range(PROTOCOL_UDP, first,
			    (uint16_t)(first + gen_below(&random, 65536U - first)));
	}
}

/* From both ends of each prefix, and from the middle. */
static void no_address_of_a_prefix_is_excluded(void **state)
{
	struct gen_random random = {gen_seed(2)};

	(void)state;
	for (unsigned int length = 0; length <= 128; length++) {
		enum sg_family family = gen_below(&random, 2) || length > 32 ? SG_IPV6 : SG_IPV4;
		struct rule rules[3];
		struct policy_rule by_rule[3];
		struct policy policy = {.rules = by_rule, .count = 3};
		struct packet_key packet = {.family = family, .protocol = PROTOCOL_TCP};
		struct image image;

		/* one prefix at each end of the addresses, and one anywhere */
		for (int i = 0; i < 3; i++) {
			struct prefix *prefix = &rules[i].remote.prefix;

			rules[i] = (struct rule){.id = i + 1,
						 .policy = RULE_ACCEPT,
						 .priority = 1,
						 .protocol = PROTOCOL_TCP,
						 .ports = {.count = 1, .ranges = {{22, 22}}},
						 .remote.kind = REMOTE_PREFIX};
			*prefix = (struct prefix){.family = family, .length = (uint8_t)length};
			for (unsigned int bit = 0; bit < length; bit++) {
				bool is_set = i == 1 || (i == 2 && gen_below(&random, 2));

				prefix->bytes[bit / 8] |= is_set << (7 - bit % 8);
			}
			by_rule[i] = (struct policy_rule){&rules[i], prefix, 1};
		}
		packet.low16 = 22;
		assert_int_equal(compile(&policy, 1000, &image, NULL), 0);
		assert_true(has_filter(&image, family));
		for (int i = 0; i < 3000; i++) {
			uint8_t low = (uint8_t)(i % 5 ? gen_next(&random) : i % 2 * 255U);

			memset(packet.remote, low, sizeof(packet.remote));
			for (int j = 0; i % 5 == 4 && j < 16; j++)
				packet.remote[j] = (uint8_t)gen_next(&random);
			for (unsigned int bit = 0; bit < length; bit++) {
				uint8_t mask = (uint8_t)(0x80 >> bit % 8);

				packet.remote[bit / 8] &= (uint8_t)~mask;
				packet.remote[bit / 8] |=
					rules[i % 3].remote.prefix.bytes[bit / 8] & mask;
			}
			if (excludes(&image, &packet))
				fail_msg("/%u: %s is excluded", length, gen_packet_text(&packet));
		}
		image_fini(&image);
	}
}

#define MOST_HOSTS 20000

/* So many hosts in a network with a rule for a port each. */
static void compile_hosts(struct gen_random *random, enum sg_family family, size_t count,
			  struct image *image)
{
	static struct rule rules[MOST_HOSTS];
	static struct policy_rule by_rule[MOST_HOSTS];
	struct policy policy = {.rules = by_rule, .count = count};

	for (size_t i = 0; i < count; i++) {
		struct prefix *prefix = &rules[i].remote.prefix;
		uint16_t port = (uint16_t)gen_next(random);

		rules[i] = (struct rule){.id = (int64_t)i + 1,
					 .policy = gen_below(random, 2) ? RULE_ACCEPT : RULE_DENY,
					 .priority = 1,
					 .protocol = PROTOCOL_TCP,
					 .ports = {.count = 1, .ranges = {{port, port}}},
					 .remote.kind = REMOTE_PREFIX};
		*prefix = (struct prefix){.family = family,
					  .length = family == SG_IPV4 ? 32 : 128,
					  .bytes = {10, 1, 2, 3, 4, 5}};
		for (int byte = family == SG_IPV4 ? 1 : 5; byte < prefix->length / 8; byte++)
			prefix->bytes[byte] = (uint8_t)gen_next(random);
		by_rule[i] = (struct policy_rule){&rules[i], prefix, 1};
	}
	assert_int_equal(compile(&policy, SG_HEAP_NODES, image, NULL), 0);
}

/* Packets of the hosts' network that no rule matches: how many of 100 are excluded. */
static uint32_t excluded_percent(struct gen_random *random, enum sg_family family,
				 const struct image *image)
{
	uint32_t excluded = 0;

	for (int i = 0; i < 10000; i++) {
		struct packet_key packet = {.family = family,
					    .protocol = PROTOCOL_TCP,
					    .low16 = (uint16_t)gen_next(random),
					    .remote = {10, 1, 2, 3, 4, 5}};

		for (int byte = family == SG_IPV4 ? 1 : 5; byte < 16; byte++)
			packet.remote[byte] = (uint8_t)gen_next(random);
		excluded += excludes(image, &packet);
	}
	return excluded / 100;
}

static void most_packets_of_no_rule_are_excluded(void **state)
{
	static const size_t hosts[] = {1, 10, 100, 1000, MOST_HOSTS};
	struct gen_random random = {gen_seed(3)};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		for (int family = SG_IPV4; family <= SG_IPV6; family++) {
			uint32_t percent;
			struct image image;

			compile_hosts(&random, family, hosts[i], &image);
			percent = excluded_percent(&random, family, &image);
			if (percent < 90)
				fail_msg("%zu hosts, family %d: %u %% are excluded", hosts[i],
					 family, percent);
			image_fini(&image);
		}
	}
}

/* Blocks fit the prefixes that there are, not the widest address space. */
static void one_wide_prefix_does_not_hide_the_others(void **state)
{
	static const struct rule_row rows[] = {
		ACCEPT(PROTOCOL_TCP, 1, "10.0.0.0/8", PORTS({443, 443})),
		ACCEPT(PROTOCOL_TCP, 1, "128.0.0.0/1", PORTS({80, 80})),
		ACCEPT(PROTOCOL_TCP, 1, "203.0.113.5/32", PORTS({22, 22})),
	};
	struct packet_key packet = {
		.family = SG_IPV4, .protocol = PROTOCOL_TCP, .low16 = 443, .remote = {11, 1, 2, 3}};
	struct image image;

	(void)state;
	compile_rows(rows, ARRAY_SIZE(rows), &image);
	/* what is open for the one network is not for any other */
	assert_true(excludes(&image, &packet));
	packet.remote[0] = 10;
	assert_false(excludes(&image, &packet));
	packet.protocol = PROTOCOL_UDP;
	assert_true(excludes(&image, &packet));
	packet.protocol = PROTOCOL_TCP;
	packet.low16 = 22;
	assert_true(excludes(&image, &packet));
	/* half of all addresses: its port is one that must be searched for everywhere */
	packet.low16 = 80;
	assert_false(excludes(&image, &packet));
	image_fini(&image);
}

/* A rule for one protocol is none for the others, whatever ports they have. */
static void protocols_do_not_hide_each_other(void **state)
{
	static const struct {
		int rule;
		uint8_t packet;
	} protocols[] = {{PROTOCOL_TCP, IPPROTO_TCP},
			 {PROTOCOL_UDP, IPPROTO_UDP},
			 {PROTOCOL_ICMP, IPPROTO_ICMP},
			 {PROTOCOL_ICMPV6, IPPROTO_ICMPV6}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		bool is_ipv6 = protocols[i].rule == PROTOCOL_ICMPV6;
		const struct rule_row row =
			ACCEPT(protocols[i].rule, 1, is_ipv6 ? "2001:db8::/32" : "192.0.2.0/24");
		struct packet_key packet = {.family = is_ipv6 ? SG_IPV6 : SG_IPV4,
					    .remote = {192, 0, 2, 7}};
		struct image image;

		if (is_ipv6)
			memcpy(packet.remote, (uint8_t[]){0x20, 0x01, 0x0d, 0xb8}, 4);
		compile_rows(&row, 1, &image);
		assert_true(has_filter(&image, packet.family));
		for (size_t j = 0; j < ARRAY_SIZE(protocols); j++) {
			packet.protocol = protocols[j].packet;
			for (uint32_t port = 0; port < 65536; port++) {
				packet.low16 = (uint16_t)port;
				if (excludes(&image, &packet) == (i == j))
					fail_msg("rule for %u, packet %u %u", protocols[i].packet,
						 protocols[j].packet, port);
			}
		}
		image_fini(&image);
	}
}

/* Ten hosts, which are too many for a list, and what is open for all. */
static const struct rule_row open_rows[] = {
	ACCEPT(PROTOCOL_ALL, 2, "any"),
	DENY(PROTOCOL_TCP, 1, "192.0.2.1/32", PORTS({22, 22})),
	DENY(PROTOCOL_TCP, 1, "192.0.2.2/32", PORTS({22, 22})),
	DENY(PROTOCOL_TCP, 1, "192.0.2.3/32", PORTS({22, 22})),
	DENY(PROTOCOL_TCP, 1, "192.0.2.4/32", PORTS({22, 22})),
	DENY(PROTOCOL_TCP, 1, "192.0.2.5/32", PORTS({22, 22})),
	DENY(PROTOCOL_TCP, 1, "192.0.2.6/32", PORTS({22, 22})),
	DENY(PROTOCOL_TCP, 1, "192.0.2.7/32", PORTS({22, 22})),
	DENY(PROTOCOL_TCP, 1, "192.0.2.8/32", PORTS({22, 22})),
	DENY(PROTOCOL_TCP, 1, "192.0.2.9/32", PORTS({22, 22})),
	DENY(PROTOCOL_TCP, 1, "192.0.2.10/32", PORTS({22, 22})),
};

static void what_is_open_for_all_does_not_hide_prefixes(void **state)
{
	struct packet_key packet = {
		.family = SG_IPV4, .protocol = PROTOCOL_TCP, .low16 = 22, .remote = {192, 0, 2, 7}};
	struct image image;

	(void)state;
	compile_rows(open_rows, ARRAY_SIZE(open_rows), &image);
	assert_true(has_filter(&image, SG_IPV4));
	/* no prefix, and so nothing that a filter would spare */
	assert_false(has_filter(&image, SG_IPV6));
	assert_true(ask(&image, &packet).any);
	assert_true(ask(&image, &packet).prefixes);
	packet.low16 = 443;
	assert_true(ask(&image, &packet).any);
	assert_false(ask(&image, &packet).prefixes);
	packet.low16 = 22;
	packet.remote[0] = 193;
	assert_true(ask(&image, &packet).any);
	assert_false(ask(&image, &packet).prefixes);
	image_fini(&image);
}

static void a_filter_that_would_exclude_little_is_not_there(void **state)
{
	static const struct rule_row open[] = {ACCEPT(PROTOCOL_TCP, 1, "10.0.0.0/8"),
					       ACCEPT(PROTOCOL_ALL, 1, "any")};
	static const struct rule_row half[] = {
		ACCEPT(PROTOCOL_TCP, 1, "0.0.0.0/0", PORTS({1024, 65535})),
		ACCEPT(PROTOCOL_TCP, 1, "192.0.2.0/24", PORTS({22, 22}))};
	/* too much for a list, but no prefix to search for */
	static const struct rule_row anywhere[] = {
		ACCEPT(PROTOCOL_ALL, 2, "any"),
		DENY(PROTOCOL_TCP, 1, "any", PORTS({1, 1}, {3, 3}, {5, 5}, {7, 7}, {9, 9})),
		DENY(PROTOCOL_UDP, 1, "any", PORTS({1, 1}, {3, 3}, {5, 5}, {7, 7}, {9, 9})),
	};
	struct image image;

	(void)state;
	compile_rows(open, ARRAY_SIZE(open), &image);
	assert_false(has_filter(&image, SG_IPV4));
	assert_false(has_filter(&image, SG_IPV6));
	image_fini(&image);
	/* half of the bits are worth it, one more is not */
	compile_rows(half, 1, &image);
	assert_true(has_filter(&image, SG_IPV4));
	assert_false(has_filter(&image, SG_IPV6));
	image_fini(&image);
	compile_rows(half, 2, &image);
	assert_false(has_filter(&image, SG_IPV4));
	image_fini(&image);
	compile_rows(anywhere, ARRAY_SIZE(anywhere), &image);
	assert_false(image_ingress(&image, SG_IPV4)->flags & SG_LAYERS_LIST);
	assert_false(has_filter(&image, SG_IPV4));
	image_fini(&image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_port_of_a_range_is_excluded),
		cmocka_unit_test(no_address_of_a_prefix_is_excluded),
		cmocka_unit_test(most_packets_of_no_rule_are_excluded),
		cmocka_unit_test(one_wide_prefix_does_not_hide_the_others),
		cmocka_unit_test(protocols_do_not_hide_each_other),
		cmocka_unit_test(what_is_open_for_all_does_not_hide_prefixes),
		cmocka_unit_test(a_filter_that_would_exclude_little_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
