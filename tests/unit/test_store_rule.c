// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_store_rule.c - the rules of a group: added, replaced, removed, and many
 * of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <time.h>

#include "unit/store_fixture.h"

#define MANY 20000
#define LIMIT CODE_OPERATION_DENIED_SECURITY_GROUP_RULE_EXCEED_LIMIT

static void every_kind_of_rule_reads_back_as_it_was_added(void **state)
{
	static const char *const words[] = {
		"ingress accept tcp 22 from 203.0.113.0/24",
		"ingress accept tcp 80,443,8000-8999 from group:sg-db priority 50",
		"egress deny udp 53 to ::/0",
		"ingress accept icmp 8/0 from any",
		"ingress accept icmpv6 128 from 2001:db8::/32 description ping, six",
		"egress accept all to any",
		"egress deny sctp 1-65534 to 10.0.0.1/32 priority 100",
		"ingress deny gre from any",
		"ingress deny 0 from any",
		"ingress deny 255 from any",
	};
	struct fixture *f = *state;
	AUTO(rules_fini) struct rules stored = {0};
	int64_t group = fixture_group(f, "a");

	fixture_group(f, "sg-db");
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		fixture_rule_add(f, group, words[i]);
	fixture_commit(f);
	OK(f, store_rules_load(f->store, group, &stored, &f->err));
	assert_int_equal(stored.count, ARRAY_SIZE(words));
	for (size_t i = 0; i < stored.count; i++) {
		AUTO(rule_fini) struct rule rule = fixture_rule(words[i]);
		AUTO_FREE char *written = rule_format(&stored.items[i]);

		assert_string_equal(written, words[i]);
		assert_int_equal(rule_compare(&stored.items[i], &rule), 0);
		assert_true(!i || stored.items[i].id > stored.items[i - 1].id);
	}
}

static void a_rule_that_exists_changes_nothing_but_its_description(void **state)
{
	struct fixture *f = *state;
	AUTO(rule_fini) struct rule first = fixture_rule("ingress accept tcp 22");
	AUTO(rule_fini) struct rule again = fixture_rule("ingress accept tcp 22 description ssh");
	AUTO(rules_fini) struct rules stored = {0};
	int64_t group = fixture_group(f, "a");
	bool added = false;

	OK(f, store_rule_add(f->store, group, &first, &added, &f->err));
	assert_true(added);
	OK(f, store_rule_add(f->store, group, &again, &added, &f->err));
	assert_false(added);
	assert_int_equal(again.id, first.id);
	OK(f, store_rules_load(f->store, group, &stored, &f->err));
	assert_int_equal(stored.count, 1);
	assert_string_equal(stored.items[0].description, "ssh");
}

static void the_same_rule_in_another_group_is_another_rule(void **state)
{
	struct fixture *f = *state;
	AUTO(rule_fini) struct rule first = fixture_rule("ingress accept tcp 22");
	AUTO(rule_fini) struct rule second = fixture_rule("ingress accept tcp 22");
	bool added;

	OK(f, store_rule_add(f->store, fixture_group(f, "a"), &first, &added, &f->err));
	OK(f, store_rule_add(f->store, fixture_group(f, "b"), &second, &added, &f->err));
	assert_true(added);
	assert_true(second.id > first.id);
}

static void each_part_but_the_description_makes_a_rule_another(void **state)
{
	static const char *const words[] = {
		"ingress accept tcp 22 from 10.0.0.0/8",
		"egress accept tcp 22 to 10.0.0.0/8",
		"ingress deny tcp 22 from 10.0.0.0/8",
		"ingress accept udp 22 from 10.0.0.0/8",
		"ingress accept tcp 23 from 10.0.0.0/8",
		"ingress accept tcp 22 from 10.0.0.0/9",
		"ingress accept tcp 22 from 10.0.0.0/8 priority 2",
	};
	struct fixture *f = *state;
	AUTO(rules_fini) struct rules stored = {0};
	int64_t group = fixture_group(f, "a");

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		fixture_rule_add(f, group, words[i]);
	OK(f, store_rules_load(f->store, group, &stored, &f->err));
	assert_int_equal(stored.count, ARRAY_SIZE(words));
}

static void a_rule_for_an_unknown_group_is_refused(void **state)
{
	struct fixture *f = *state;
	AUTO(rule_fini) struct rule rule = fixture_rule("ingress accept tcp from group:sg-none");
	bool added = true;

	REFUSED(f, store_rule_add(f->store, fixture_group(f, "a"), &rule, &added, &f->err), ENOENT,
		CODE_INVALID_SECURITY_GROUP_NOT_FOUND,
		"no group \"sg-none\", which a rule of group \"a\" names");
	assert_int_equal(rule.id, 0);
	assert_true(added);
}

static void a_rule_of_an_unknown_group_is_refused(void **state)
{
	struct fixture *f = *state;
	AUTO(rule_fini) struct rule rule = fixture_rule("ingress accept tcp");
	struct rules none = {0};
	bool added;

	REFUSED(f, store_rule_add(f->store, 9, &rule, &added, &f->err), ENOENT,
		CODE_INVALID_SECURITY_GROUP_NOT_FOUND, "9");
	REFUSED(f, store_rule_remove(f->store, 9, &rule, &f->err), ENOENT,
		CODE_INVALID_SECURITY_GROUP_NOT_FOUND, "9");
	REFUSED(f, store_rules_replace(f->store, 9, &none, &f->err), ENOENT,
		CODE_INVALID_SECURITY_GROUP_NOT_FOUND, "9");
}

static void a_rule_is_removed_by_what_it_is(void **state)
{
	struct fixture *f = *state;
	AUTO(rule_fini) struct rule rule = fixture_rule("ingress accept tcp 22 description other");
	AUTO(rules_fini) struct rules stored = {0};
	int64_t group = fixture_group(f, "a");

	fixture_rule_add(f, group, "ingress accept tcp 22 description ssh");
	fixture_rule_add(f, group, "ingress accept tcp 23");
	OK(f, store_rule_remove(f->store, group, &rule, &f->err));
	REFUSED(f, store_rule_remove(f->store, group, &rule, &f->err), ENOENT,
		CODE_INVALID_SECURITY_GROUP_RULE_NOT_FOUND,
		"group \"a\" has no rule \"ingress accept tcp 22 from any");
	OK(f, store_rules_load(f->store, group, &stored, &f->err));
	assert_int_equal(stored.count, 1);
}

static void a_replacement_keeps_ids_order_and_the_last_description(void **state)
{
	static const char *const old[] = {"ingress accept tcp 1", "ingress accept tcp 2",
					  "ingress accept tcp 3 description three"};
	static const char *const new[] = {"ingress accept tcp 9", "ingress accept tcp 3",
					  "ingress accept tcp 8", "ingress accept tcp 1",
					  "ingress accept tcp 9 description nine"};
	static const char *const wanted[] = {
		"ingress accept tcp 1 from any", "ingress accept tcp 3 from any",
		"ingress accept tcp 9 from any description nine", "ingress accept tcp 8 from any"};
	struct fixture *f = *state;
	AUTO(rules_fini) struct rules before = {0};
	AUTO(rules_fini) struct rules after = {0};
	AUTO(rules_fini) struct rules stored = {0};
	int64_t group = fixture_group(f, "a");

	fixture_rules(&before, old, ARRAY_SIZE(old));
	fixture_rules(&after, new, ARRAY_SIZE(new));
	OK(f, store_rules_replace(f->store, group, &before, &f->err));
	OK(f, store_rules_replace(f->store, group, &after, &f->err));
	OK(f, store_rules_load(f->store, group, &stored, &f->err));
	assert_int_equal(stored.count, ARRAY_SIZE(wanted));
	for (size_t i = 0; i < stored.count; i++) {
		AUTO_FREE char *written = rule_format(&stored.items[i]);

		assert_string_equal(written, wanted[i]);
	}
	assert_int_equal(after.items[3].id, before.items[0].id);
	assert_int_equal(after.items[1].id, before.items[2].id);
	assert_int_equal(after.items[4].id, after.items[0].id);
}

static void a_replacement_by_none_removes_all_of_this_group_alone(void **state)
{
	struct fixture *f = *state;
	struct rules none = {0};
	AUTO(rules_fini) struct rules stored = {0};
	AUTO(rules_fini) struct rules others = {0};
	int64_t group = fixture_group(f, "a");
	int64_t other = fixture_group(f, "b");

	fixture_rule_add(f, group, "ingress accept tcp 22");
	fixture_rule_add(f, other, "ingress accept tcp 22");
	OK(f, store_rules_replace(f->store, group, &none, &f->err));
	OK(f, store_rules_load(f->store, group, &stored, &f->err));
	OK(f, store_rules_load(f->store, other, &others, &f->err));
	assert_int_equal(stored.count, 0);
	assert_int_equal(others.count, 1);
}

static struct rule numbered_rule(uint32_t number)
{
	struct rule rule = {
		.protocol = PROTOCOL_TCP,
		.priority = 1,
		.ports = {.count = 1, .ranges = {{443, 443}}},
		.remote = {.kind = REMOTE_PREFIX, .prefix = {.family = SG_IPV4, .length = 32}},
	};
	uint8_t *bytes = rule.remote.prefix.bytes;

	/* scattered, as real lists are */
	number *= 2654435761U;
	for (int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(number >> (24 - 8 * i));
	return rule;
}

static void numbered_rules(struct rules *rules, uint32_t first, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct rule rule = numbered_rule(first + i);

		assert_int_equal(rules_add(rules, &rule), 0);
	}
}

static void a_replacement_of_20000_rules_keeps_the_ids_of_those_that_stay(void **state)
{
	struct fixture *f = *state;
	AUTO(rules_fini) struct rules before = {0};
	AUTO(rules_fini) struct rules after = {0};
	AUTO(rules_fini) struct rules stored = {0};
	int64_t group = fixture_group(f, "a");

	numbered_rules(&before, 0, MANY);
	numbered_rules(&after, MANY / 2, MANY);
	OK(f, store_rules_replace(f->store, group, &before, &f->err));
	OK(f, store_rules_replace(f->store, group, &after, &f->err));
	OK(f, store_rules_load(f->store, group, &stored, &f->err));
	assert_int_equal(stored.count, MANY);
	for (size_t i = 0; i < MANY; i++) {
		if (i < MANY / 2)
			assert_int_equal(after.items[i].id, before.items[i + MANY / 2].id);
		assert_int_equal(stored.items[i].id, after.items[i].id);
		assert_int_equal(rule_compare(&stored.items[i], &after.items[i]), 0);
	}
}

static double seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

static void the_limit_of_rules_can_be_reached_soon_and_not_exceeded(void **state)
{
	struct fixture *f = *state;
	AUTO(rules_fini) struct rules rules = {0};
	AUTO(rules_fini) struct rules stored = {0};
	AUTO(rule_fini) struct rule over = fixture_rule("egress accept all");
	int64_t group = fixture_group(f, "a");
	struct timespec start;
	bool added;

	numbered_rules(&rules, 0, STORE_MAX_RULES_PER_GROUP);
	clock_gettime(CLOCK_MONOTONIC, &start);
	OK(f, store_rules_replace(f->store, group, &rules, &f->err));
	fixture_commit(f);
	print_message("stored after %.2f s", seconds_since(&start));
	OK(f, store_rules_replace(f->store, group, &rules, &f->err));
	fixture_commit(f);
	print_message(", the same again after %.2f s", seconds_since(&start));
	OK(f, store_rules_load(f->store, group, &stored, &f->err));
	print_message(", read after %.2f s\n", seconds_since(&start));
	assert_int_equal(stored.count, STORE_MAX_RULES_PER_GROUP);
	REFUSED(f, store_rule_add(f->store, group, &over, &added, &f->err), EPERM, LIMIT,
		"group \"a\" cannot have 100001 rules: 100000 is the limit");
	store_rollback(f->store);
	OK(f, store_begin_write(f->store, &f->err));
	numbered_rules(&rules, STORE_MAX_RULES_PER_GROUP, 1);
	REFUSED(f, store_rules_replace(f->store, group, &rules, &f->err), EPERM, LIMIT, "100001");
	store_rollback(f->store);
	OK(f, store_begin_write(f->store, &f->err));
	/* what makes place for it counts */
	rules.items[0] = rules.items[--rules.count];
	OK(f, store_rules_replace(f->store, group, &rules, &f->err));
	clock_gettime(CLOCK_MONOTONIC, &start);
	OK(f, store_group_remove(f->store, group, &f->err));
	fixture_commit(f);
	print_message("removed after %.2f s\n", seconds_since(&start));
}

static void stored_text_that_does_not_read_back_is_told(void **state)
{
	struct fixture *f = *state;
	struct rules untouched = {.count = 7};
	int64_t group = fixture_group(f, "a");

	fixture_rule_add(f, group, "ingress accept tcp 22 description one");
	fixture_rule_add(f, group, "ingress accept tcp 23 description two");
	fixture_sql(f, "UPDATE rule SET remote = '10.0.0.0/77' WHERE ports = '23'");
	REFUSED(f, store_rules_load(f->store, group, &untouched, &f->err), EIO,
		CODE_INTERNAL_SERVER_ERROR, "invalid remote, \"10.0.0.0/77\"");
	fixture_sql(f, "UPDATE rule SET remote = 'any', ports = '9-1' WHERE ports = '23'");
	REFUSED(f, store_rules_load(f->store, group, &untouched, &f->err), EIO,
		CODE_INTERNAL_SERVER_ERROR, "invalid list of ports, \"9-1\"");
	assert_int_equal(untouched.count, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(every_kind_of_rule_reads_back_as_it_was_added),
		STORE_TEST(a_rule_that_exists_changes_nothing_but_its_description),
		STORE_TEST(the_same_rule_in_another_group_is_another_rule),
		STORE_TEST(each_part_but_the_description_makes_a_rule_another),
		STORE_TEST(a_rule_for_an_unknown_group_is_refused),
		STORE_TEST(a_rule_of_an_unknown_group_is_refused),
		STORE_TEST(a_rule_is_removed_by_what_it_is),
		STORE_TEST(a_replacement_keeps_ids_order_and_the_last_description),
		STORE_TEST(a_replacement_by_none_removes_all_of_this_group_alone),
		STORE_TEST(a_replacement_of_20000_rules_keeps_the_ids_of_those_that_stay),
		STORE_TEST(the_limit_of_rules_can_be_reached_soon_and_not_exceeded),
		STORE_TEST(stored_text_that_does_not_read_back_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
