// SPDX-License-Identifier: GPL-2.0-only
/*
 * policy_table.c - make policies of tables and check what decides.
 */
#include "unit/policy_table.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "unit/gen_policy.h"

static struct prefix cidr(const char *text, size_t length)
{
	struct prefix prefix = {0};
	char address[64];
	char *slash;

	assert_true(length < sizeof(address));
	memcpy(address, text, length);
	address[length] = '\0';
	slash = strchr(address, '/');
	assert_non_null(slash);
	*slash = '\0';
	prefix.family = strchr(address, ':') ? SG_IPV6 : SG_IPV4;
	prefix.length = (uint8_t)atoi(slash + 1);
	assert_int_equal(
		inet_pton(prefix.family == SG_IPV6 ? AF_INET6 : AF_INET, address, prefix.bytes), 1);
	return prefix;
}

void table_fill(struct table *table, const struct rule_row *rows, size_t count)
{
	assert_true(count <= TABLE_ROWS);
	memset(table, 0, sizeof(*table));
	for (size_t i = 0; i < count; i++) {
		const char *text = rows[i].remote;
		struct rule *rule = &table->rules[i];
		struct policy_rule *policy_rule = &table->policy_rules[i];

		*rule = (struct rule){
			.id = (int64_t)i + 1,
			.direction = rows[i].direction,
			.policy = rows[i].policy,
			.protocol = rows[i].protocol,
			.priority = rows[i].priority,
			.ports = rows[i].ports,
			.remote.kind = REMOTE_PREFIX,
		};
		*policy_rule = (struct policy_rule){.rule = rule, .remotes = table->remotes[i]};
		if (!strcmp(text, "any")) {
			rule->remote.kind = REMOTE_ANY;
			continue;
		}
		if (!strncmp(text, "GROUP", 5)) {
			rule->remote.kind = REMOTE_GROUP;
			text += 5;
		}
		while (*(text += strspn(text, " "))) {
			size_t length = strcspn(text, " ");

			assert_true(policy_rule->remote_count < TABLE_REMOTES);
			table->remotes[i][policy_rule->remote_count++] = cidr(text, length);
			text += length;
		}
	}
	table->policy = (struct policy){.rules = table->policy_rules, .count = count};
}

static struct packet_key packet_of(const struct expectation *expected)
{
	struct packet_key packet = {
		.direction = expected->direction,
		.family = strchr(expected->remote, ':') ? SG_IPV6 : SG_IPV4,
		.protocol = expected->protocol,
		.low16 = expected->low16,
	};

	assert_int_equal(inet_pton(packet.family == SG_IPV6 ? AF_INET6 : AF_INET, expected->remote,
				   packet.remote),
			 1);
	return packet;
}

const struct sg_layers *image_ingress(const struct image *image, enum sg_family family)
{
	return &image->nodes[0].root.layers[SG_LAYERS_INDEX(SG_INGRESS, family)];
}

void image_drop_filters(struct image *image)
{
	for (int i = 0; i < 4; i++)
		image->nodes[0].root.layers[i].flags &= SG_LAYERS_FILTER_AT(1) - 1;
}

static void check_one(const struct table *table, const struct image *image,
		      const struct expectation *expected)
{
	struct packet_key packet = packet_of(expected);
	struct slow_verdict slow = slow_match(&table->policy, &packet);
	uint32_t decision = image_classify(image, &packet);
	int by_image = decision == SG_DECISION_NONE ? 0 : (int)image_rule_id(image, decision);
	int by_slow = slow.matched ? (int)slow.rule_id : 0;

	if (by_image != expected->rule || by_slow != expected->rule)
		fail_msg("%s: rule %d expected, image: %d, slow matcher: %d",
			 gen_packet_text(&packet), expected->rule, by_image, by_slow);
	if (by_image)
		assert_int_equal(decision & 1, table->rules[by_image - 1].policy == RULE_ACCEPT);
}

void table_check(const struct rule_row *rows, size_t row_count, const struct expectation *expected,
		 size_t count)
{
	struct table table;
	struct image image;

	table_fill(&table, rows, row_count);
	assert_int_equal(compile(&table.policy, SG_HEAP_NODES, &image, NULL), 0);
	for (size_t i = 0; i < count; i++)
		check_one(&table, &image, &expected[i]);
	image_drop_filters(&image);
	for (size_t i = 0; i < count; i++)
		check_one(&table, &image, &expected[i]);
	image_fini(&image);
}
