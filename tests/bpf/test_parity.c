// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_parity.c - the slow matcher, the compiled image, the TC programs and
 * the XDP program decide alike, for pairs of random groups and packets at the
 * edges of their rules.
 *
 * SGATE_SEED=N starts with another seed; a failure names the seed to repeat.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/harness.h"
#include "unit/gen_policy.h"

#define PAIRS 1500
#define PACKETS 200
/* A change of side waits for the kernel, so it does not come with every pair. */
#define PAIRS_A_SIDE 25
/* Until no packet can be a reply to one before; none is answered and has a longer time. */
#define FORGOTTEN_SECONDS 601

/* Two groups and the rules of both. */
struct pair {
	struct gen_policy groups[2];
	struct policy_rule *rules; /* owned */
	struct policy policy;
};

static void pair_make(struct pair *pair, uint64_t seed, const struct gen_options *options)
{
	size_t count = 0;

	for (int i = 0; i < 2; i++) {
		pair->groups[i] = gen_policy(2 * seed + (unsigned int)i, options);
		count += pair->groups[i].policy.count;
	}
	pair->rules = calloc(count, sizeof(*pair->rules));
	assert_non_null(pair->rules);
	pair->policy = (struct policy){.rules = pair->rules, .count = 0};
	for (int i = 0; i < 2; i++) {
		const struct gen_policy *group = &pair->groups[i];

		for (size_t j = 0; j < group->policy.count; j++) {
			/* ids are unique across groups; those of the two are in turn older */
			group->rules[j].id = 2 * group->rules[j].id + i;
			pair->rules[pair->policy.count++] = group->policy_rules[j];
		}
	}
}

static void pair_fini(struct pair *pair)
{
	for (int i = 0; i < 2; i++)
		gen_policy_fini(&pair->groups[i]);
	free(pair->rules);
}

static bool is_extension(uint8_t protocol)
{
	return protocol == 0 || protocol == 43 || protocol == 44 || protocol == 51 ||
	       protocol == 60;
}

/* One that a frame can have: no ports where there are none. */
static void random_packet(struct pair *pair, struct packet_key *packet_out)
{
	struct gen_policy *group = &pair->groups[gen_below(&pair->groups[0].random, 2)];

	do {
		gen_packet(group, packet_out);
	} while (packet_out->family == SG_IPV6 && is_extension(packet_out->protocol));
	switch (packet_out->protocol) {
	case 6:
	case 17:
	case 132:
		return;
	case 1:
		if (packet_out->family == SG_IPV4)
			return;
		break;
	case 58:
		if (packet_out->family == SG_IPV6)
			return;
		break;
	}
	packet_out->low16 = 0;
}

static void make_frame(const struct packet_key *packet, struct frame *frame)
{
	static const char *const names[256] = {[6] = "tcp", [17] = "udp", [132] = "sctp"};
	const char *ip = packet->family == SG_IPV4 ? "ip4" : "ip6";
	unsigned int protocol = packet->protocol;
	char recipe[64];

	if (names[protocol])
		snprintf(recipe, sizeof(recipe), "%s %s=%u data=4", ip, names[protocol],
			 packet->low16);
	else if (protocol == (packet->family == SG_IPV4 ? 1 : 58))
		snprintf(recipe, sizeof(recipe), "%s %s=%u,%u", ip,
			 protocol == 1 ? "icmp" : "icmp6", packet->low16 >> 8,
			 packet->low16 & 255U);
	else
		snprintf(recipe, sizeof(recipe), "%s proto=%u data=8", ip, protocol);
	frame_make(frame, recipe);
	if (packet->direction == SG_INGRESS)
		frame_set_source(frame, packet->remote);
	else
		frame_set_destination(frame, packet->remote);
}

static enum sg_reason reason_of(bool matched, bool accepted)
{
	if (!matched)
		return SG_REASON_NO_RULE;
	return accepted ? SG_REASON_RULE_ACCEPT : SG_REASON_RULE_DENY;
}

static void check_image(const struct harness *harness, const struct image *image,
			const struct packet_key *packet, const struct slow_verdict *slow)
{
	uint32_t decision = image_classify(image, packet);
	bool matched = decision != SG_DECISION_NONE;

	if (matched != slow->matched ||
	    (matched &&
	     ((decision & 1) != slow->accepted || image_rule_id(image, decision) != slow->rule_id)))
		fail_msg("%s: %s: the image decides %#x, the slow matcher by rule %lld",
			 harness->name, gen_packet_text(packet), decision,
			 (long long)slow->rule_id);
}

static void check_packet(struct harness *harness, const struct pair *pair,
			 const struct image *image, const struct packet_key *packet,
			 size_t seen[SG_REASON_COUNT])
{
	struct slow_verdict slow = slow_match(&pair->policy, packet);
	enum sg_reason expected = reason_of(slow.matched, slow.accepted), found;
	struct frame frame;

	check_image(harness, image, packet, &slow);
	make_frame(packet, &frame);
	for (enum program program = 0; program < PROGRAMS; program++) {
		if (harness_direction(harness, program) != packet->direction)
			continue;
		harness_pass(harness, FORGOTTEN_SECONDS);
		found = harness_run(harness, program, &frame);
		if (found != expected)
			fail_msg("%s: %s: program %d says %s, the slow matcher %s", harness->name,
				 gen_packet_text(packet), program, reason_label(found),
				 reason_label(expected));
		seen[expected]++;
	}
}

/* What the packets of some pairs have met. */
struct seen {
	size_t reasons[SG_REASON_COUNT];
	size_t tables[2]; /* address trees with a table, by family */
	size_t port_tables[2];
	size_t filters[2];
};

static void note_tables(const struct image *image, struct seen *seen)
{
	for (int direction = SG_INGRESS; direction <= SG_EGRESS; direction++) {
		for (int family = SG_IPV4; family <= SG_IPV6; family++) {
			const struct sg_layers *layers =
				&image->nodes[0].root.layers[SG_LAYERS_INDEX(direction, family)];

			seen->filters[family] += !!SG_LAYERS_FILTER(layers->flags);
			if (layers->flags & SG_LAYERS_LIST)
				continue;
			seen->tables[family] += !!(layers->narrow & SG_TREE_TABLE);
			seen->port_tables[family] += !!(layers->any & SG_PORT_TABLE);
		}
	}
}

static void check_pair(struct harness *harness, uint64_t seed, const struct gen_options *options,
		       int packets, uint32_t side, struct seen *seen)
{
	struct pair pair;
	struct image image;
	struct error err;

	pair_make(&pair, seed, options);
	harness_name(harness, "SGATE_SEED=%llu", (unsigned long long)seed);
	if (compile(&pair.policy, SG_HEAP_NODES, &image, &err))
		fail_msg("%s: %s", harness->name, err.message);
	/* what a filter excludes is not searched for */
	if (seed % 2)
		image_drop_filters(&image);
	harness_bind_image(harness, &image, SG_OPTION_STRICT | side);
	note_tables(&image, seen);
	for (int i = 0; i < packets; i++) {
		struct packet_key packet;

		random_packet(&pair, &packet);
		check_packet(harness, &pair, &image, &packet, seen->reasons);
	}
	image_fini(&image);
	pair_fini(&pair);
}

/* XDP sees ingress on one side and egress on the other. */
static uint32_t side_of(uint64_t number)
{
	return number / PAIRS_A_SIDE % 2 ? SG_OPTION_GUEST : 0;
}

static void all_decide_alike(void **state)
{
	struct harness *harness = harness_of(state);
	struct seen seen = {0};
	uint64_t seed = gen_seed(1);

	print_message("SGATE_SEED=%llu\n", (unsigned long long)seed);
	for (int i = 0; i < PAIRS; i++, seed++)
		check_pair(harness, seed, &(struct gen_options){0}, PACKETS, side_of(seed), &seen);
	/* The packets must be worth something. */
	assert_in_range(seen.reasons[SG_REASON_RULE_ACCEPT], PAIRS * PACKETS / 5, SIZE_MAX);
	assert_in_range(seen.reasons[SG_REASON_RULE_DENY], PAIRS * PACKETS / 5, SIZE_MAX);
	assert_in_range(seen.reasons[SG_REASON_NO_RULE], PAIRS * PACKETS / 5, SIZE_MAX);
	assert_in_range(seen.filters[SG_IPV4], PAIRS / 20, PAIRS);
	assert_in_range(seen.filters[SG_IPV6], PAIRS / 20, PAIRS);
}

static void all_decide_alike_by_thousands_of_rules(void **state)
{
	static const struct gen_options options = {.min_rules = 4000, .max_rules = 5000};
	struct harness *harness = harness_of(state);
	struct seen seen = {0};
	uint64_t seed = gen_seed(1);

	for (int i = 0; i < 4; i++, seed++)
		check_pair(harness, seed, &options, 2000, i % 2 ? SG_OPTION_GUEST : 0, &seen);
}

/* A rule for one host anywhere and one of two ports. */
static void host_rule(struct gen_random *random, struct rule *rule)
{
	struct prefix *prefix = &rule->remote.prefix;
	uint16_t port = (uint16_t)(80 + gen_below(random, 2));

	rule->direction = gen_below(random, 2) ? SG_EGRESS : SG_INGRESS;
	rule->policy = gen_below(random, 3) ? RULE_ACCEPT : RULE_DENY;
	rule->priority = 1;
	rule->protocol = PROTOCOL_TCP;
	rule->ports.count = 1;
	rule->ports.ranges[0] = (struct port_range){port, port};
	rule->remote.kind = REMOTE_PREFIX;
	prefix->family = gen_below(random, 2) ? SG_IPV6 : SG_IPV4;
	prefix->length = prefix->family == SG_IPV6 ? 128 : 32;
	for (uint32_t i = 0; i < prefix->length / 8; i++)
		prefix->bytes[i] = (uint8_t)gen_below(random, 256);
}

/* A packet of the rule's host, or of one beside it. */
static struct packet_key host_packet(struct gen_random *random, const struct rule *rule)
{
	const struct prefix *prefix = &rule->remote.prefix;
	struct packet_key packet = {
		.direction = rule->direction,
		.family = prefix->family,
		.protocol = PROTOCOL_TCP,
		.low16 = (uint16_t)(80 + gen_below(random, 2)),
	};

	memcpy(packet.remote, prefix->bytes, prefix->length / 8);
	packet.remote[prefix->length / 8 - 1] += (uint8_t)(gen_below(random, 3) - 1);
	return packet;
}

/* A rule for any remote and one of many ports of a few protocols, dense and sparse ones. */
static void port_rule(struct gen_random *random, struct rule *rule)
{
	static const int protocols[] = {PROTOCOL_TCP, PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_ICMP,
					PROTOCOL_ICMPV6};
	uint32_t first = gen_below(random, gen_below(random, 2) ? 2000 : 65000);
	uint32_t span = gen_below(random, 2) ? 0 : gen_below(random, 40);

	rule->direction = gen_below(random, 2) ? SG_EGRESS : SG_INGRESS;
	rule->policy = gen_below(random, 3) ? RULE_ACCEPT : RULE_DENY;
	rule->priority = 1 + gen_below(random, 3);
	rule->protocol = protocols[gen_below(random, ARRAY_SIZE(protocols))];
	if (rule->protocol == PROTOCOL_TCP || rule->protocol == PROTOCOL_UDP) {
		rule->ports.count = 1;
		rule->ports.ranges[0] =
			(struct port_range){(uint16_t)first, (uint16_t)(first + span)};
	}
}

/* A packet at an edge of the rule, or beside it. */
static struct packet_key port_packet(struct gen_random *random, const struct rule *rule)
{
	const struct port_range *range = &rule->ports.ranges[0];
	uint16_t edge = gen_below(random, 2) ? range->first : range->last;
	struct packet_key packet = {
		.direction = rule->direction,
		.family = gen_below(random, 2) ? SG_IPV6 : SG_IPV4,
		.protocol = (uint8_t)rule->protocol,
		.low16 = (uint16_t)(edge + gen_below(random, 3) - 1),
	};

	if (rule->protocol == PROTOCOL_ICMP || rule->protocol == PROTOCOL_ICMPV6) {
		packet.family = rule->protocol == PROTOCOL_ICMP ? SG_IPV4 : SG_IPV6;
		packet.protocol = packet.family == SG_IPV4 ? 1 : 58;
		packet.low16 = 8 << 8;
	}
	packet.remote[0] = 10;
	packet.remote[15] = (uint8_t)gen_below(random, 256);
	return packet;
}

struct kind {
	uint32_t rules;
	void (*make_rule)(struct gen_random *random, struct rule *rule);
	struct packet_key (*make_packet)(struct gen_random *random, const struct rule *rule);
};

/* Many rules of a kind, of which none is the strongest of all. */
static struct seen check_kind(struct harness *harness, const struct kind *kind)
{
	struct gen_random random = {.state = gen_seed(1)};
	struct rule *rules = calloc(kind->rules, sizeof(*rules));
	struct pair pair = {.rules = calloc(kind->rules, sizeof(*pair.rules))};
	struct seen seen = {0};
	struct image image;
	struct error err;

	assert_non_null(rules);
	assert_non_null(pair.rules);
	harness_name(harness, "SGATE_SEED=%llu", (unsigned long long)random.state);
	for (uint32_t i = 0; i < kind->rules; i++) {
		rules[i].id = i + 1;
		kind->make_rule(&random, &rules[i]);
		pair.rules[i].rule = &rules[i];
		if (rules[i].remote.kind == REMOTE_PREFIX)
			pair.rules[i] = (struct policy_rule){&rules[i], &rules[i].remote.prefix, 1};
	}
	pair.policy = (struct policy){.rules = pair.rules, .count = kind->rules};
	if (compile(&pair.policy, SG_HEAP_NODES, &image, &err))
		fail_msg("%s", err.message);
	note_tables(&image, &seen);
	harness_bind_image(harness, &image, SG_OPTION_STRICT);
	for (int i = 0; i < 4000; i++) {
		struct packet_key packet =
			kind->make_packet(&random, &rules[gen_below(&random, kind->rules)]);

		check_packet(harness, &pair, &image, &packet, seen.reasons);
	}
	assert_in_range(seen.reasons[SG_REASON_RULE_ACCEPT], 400, SIZE_MAX);
	assert_in_range(seen.reasons[SG_REASON_RULE_DENY], 200, SIZE_MAX);
	assert_in_range(seen.reasons[SG_REASON_NO_RULE], 400, SIZE_MAX);
	image_fini(&image);
	free(pair.rules);
	free(rules);
	return seen;
}

/* So many that the trees of both families begin with a table. */
static void all_decide_alike_by_hosts_everywhere(void **state)
{
	static const struct kind hosts = {12000, host_rule, host_packet};
	struct seen seen = check_kind(harness_of(state), &hosts);

	assert_int_equal(seen.tables[SG_IPV4], 2);
	assert_int_equal(seen.tables[SG_IPV6], 2);
}

/* So many that there is a table of ports for each direction and family. */
static void all_decide_alike_by_many_ports_for_anyone(void **state)
{
	static const struct kind ports = {1500, port_rule, port_packet};
	struct seen seen = check_kind(harness_of(state), &ports);

	assert_int_equal(seen.port_tables[SG_IPV4], 2);
	assert_int_equal(seen.port_tables[SG_IPV6], 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_decide_alike),
		cmocka_unit_test(all_decide_alike_by_thousands_of_rules),
		cmocka_unit_test(all_decide_alike_by_hosts_everywhere),
		cmocka_unit_test(all_decide_alike_by_many_ports_for_anyone),
	};

	return cmocka_run_group_tests(tests, harness_open, harness_close);
}
