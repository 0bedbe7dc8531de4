// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_store_page.c - parts of lists, rules that are named without their
 * priority, and limits that are set lower.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store_fixture.h"

/* The ids of a page, each with a blank after it. */
static void check_groups(struct fixture *f, const struct page *page, int64_t total,
			 const char *expected)
{
	AUTO(groups_fini) struct groups groups = {0};
	char found[512] = "";
	int64_t count = 0;

	OK(f, store_group_page(f->store, page, &groups, &count, &f->err));
	for (size_t i = 0; i < groups.count; i++)
		strcat(strcat(found, groups.items[i].id), " ");
	assert_string_equal(found, expected);
	assert_int_equal(count, total);
}

static void check_instances(struct fixture *f, const struct page *page, int64_t total,
			    const char *expected)
{
	AUTO(instances_fini) struct instances instances = {0};
	char found[512] = "";
	int64_t count = 0;

	OK(f, store_instance_page(f->store, page, &instances, &count, &f->err));
	for (size_t i = 0; i < instances.count; i++)
		strcat(strcat(found, instances.items[i].id), " ");
	assert_string_equal(found, expected);
	assert_int_equal(count, total);
}

static const char *const some_ids[] = {"b", "none", "d", "b"};

static void pages_are_newest_first(void **state)
{
	static const struct {
		struct page page;
		int64_t total;
		const char *groups;
	} rows[] = {
		{{.size = 10}, 5, "e d c b a "},
		{{.size = INT64_MAX}, 5, "e d c b a "},
		{{.size = 2}, 5, "e d "},
		{{.size = 2, .offset = 2}, 5, "c b "},
		{{.size = 2, .offset = 4}, 5, "a "},
		{{.size = 2, .offset = 5}, 5, ""},
		{{.size = 2, .offset = INT64_MAX}, 5, ""},
		{{.size = 10, .ids = some_ids, .id_count = 4}, 2, "d b "},
		{{.size = 1, .offset = 1, .ids = some_ids, .id_count = 4}, 2, "b "},
		{{.size = 10, .ids = some_ids + 1, .id_count = 1}, 0, ""},
	};
	static const char *const ids[] = {"a", "b", "c", "d", "e"};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		fixture_group(f, ids[i]);
		fixture_instance(f, ids[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		check_groups(f, &rows[i].page, rows[i].total, rows[i].groups);
		check_instances(f, &rows[i].page, rows[i].total, rows[i].groups);
	}
}

static void groups_are_filtered_by_their_whole_name(void **state)
{
	struct fixture *f = *state;
	struct group group = {.id = "other", .name = "b", .available = true};

	fixture_group(f, "a");
	fixture_group(f, "b");
	OK(f, store_group_add(f->store, &group, &f->err));
	check_groups(f, &(struct page){.size = 10, .name = "b"}, 2, "other b ");
	check_groups(f, &(struct page){.size = 10, .name = ""}, 3, "other b a ");
	check_groups(f, &(struct page){.size = 10, .name = "%"}, 0, "");
	check_groups(f, &(struct page){.size = 10, .name = "b", .ids = some_ids, .id_count = 4}, 1,
		     "b ");
}

static void an_id_is_not_a_name(void **state)
{
	struct group group = {.id = "id", .name = "name", .available = true}, found = {0};
	struct fixture *f = *state;

	OK(f, store_group_add(f->store, &group, &f->err));
	OK(f, store_group_find_id(f->store, "id", &found, &f->err));
	assert_int_equal(found.key, group.key);
	REFUSED(f, store_group_find_id(f->store, "name", &found, &f->err), ENOENT,
		CODE_INVALID_SECURITY_GROUP_NOT_FOUND, "no group \"name\"");
}

static void members_are_told_by_their_ids(void **state)
{
	struct fixture *f = *state;
	int64_t group = fixture_group(f, "a");
	int64_t first = fixture_instance(f, "i-1");
	int64_t second = fixture_instance(f, "i-2");
	AUTO(ids_fini) struct ids ids = {0};

	OK(f, store_member_ids(f->store, group, &ids, &f->err));
	assert_int_equal(ids.count, 0);
	OK(f, store_associate(f->store, group, second, &f->err));
	OK(f, store_associate(f->store, group, first, &f->err));
	OK(f, store_member_ids(f->store, group, &ids, &f->err));
	assert_int_equal(ids.count, 2);
	assert_string_equal(ids.items[0], "i-1");
	assert_string_equal(ids.items[1], "i-2");
}

/* The rules that `words` means in the group, its first one named without its priority. */
static void check_resolved(struct fixture *f, int64_t group, const char *const *words, size_t count,
			   const char *expected)
{
	AUTO(rules_fini) struct rules rules = {0};
	char found[512] = "";

	fixture_rules(&rules, words, count);
	rules.items[0].priority = PRIORITY_UNSAID;
	OK(f, store_rules_resolve(f->store, group, &rules, &f->err));
	for (size_t i = 0; i < rules.count; i++) {
		AUTO_FREE char *text = rule_format(&rules.items[i]);

		strcat(strcat(found, text), "; ");
	}
	assert_string_equal(found, expected);
}

static void a_rule_without_its_priority_means_all_that_are_the_same(void **state)
{
	struct fixture *f = *state;
	int64_t group = fixture_group(f, "a");
	int64_t other = fixture_group(f, "b");

	fixture_rule_add(f, group, "ingress accept tcp 22 from any priority 50");
	fixture_rule_add(f, group, "ingress accept tcp 22 from any priority 7");
	fixture_rule_add(f, group, "ingress accept tcp 23 from any priority 9");
	fixture_rule_add(f, other, "ingress accept tcp 22 from any priority 3");
	check_resolved(f, group,
		       (const char *const[]){"ingress accept tcp 22 description new",
					     "ingress accept tcp 23 priority 4"},
		       2,
		       "ingress accept tcp 22 from any priority 7 description new; "
		       "ingress accept tcp 22 from any priority 50 description new; "
		       "ingress accept tcp 23 from any priority 4; ");
	/* anything else that differs makes it another */
	static const char *const others[] = {"egress accept tcp 22", "ingress deny tcp 22",
					     "ingress accept udp 22", "ingress accept tcp 24",
					     "ingress accept tcp 22 from 0.0.0.0/0"};

	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		AUTO(rules_fini) struct rules rules = {0};

		fixture_rules(&rules, others + i, 1);
		rules.items[0].priority = PRIORITY_UNSAID;
		OK(f, store_rules_resolve(f->store, group, &rules, &f->err));
		assert_int_equal(rules.count, 1);
		assert_int_equal(rules.items[0].priority, PRIORITY_DEFAULT);
	}
}

static void limits_can_only_be_set_lower(void **state)
{
	struct fixture *f = *state;
	struct group third = {.name = "third", .available = true};
	AUTO(rule_fini) struct rule rule = fixture_rule("ingress accept tcp 2");
	int64_t group = fixture_group(f, "a");
	uint32_t limit = 0;
	bool added;

	OK(f, store_limit_get(f->store, LIMIT_GROUPS, 7, &limit, &f->err));
	assert_int_equal(limit, 7);
	OK(f, store_setting_set(f->store, LIMIT_GROUPS, 8, &f->err));
	OK(f, store_limit_get(f->store, LIMIT_GROUPS, 7, &limit, &f->err));
	assert_int_equal(limit, 7);
	OK(f, store_setting_set(f->store, LIMIT_GROUPS, 2, &f->err));
	OK(f, store_setting_set(f->store, LIMIT_RULES_PER_GROUP, 1, &f->err));
	fixture_group(f, "b");
	REFUSED(f, store_group_add(f->store, &third, &f->err), EPERM,
		CODE_OPERATION_DENIED_SECURITY_GROUP_TEAM_EXCEED_LIMIT, "limit of 2 groups");
	fixture_rule_add(f, group, "ingress accept tcp 1");
	fixture_rule_add(f, group, "ingress accept tcp 1");
	REFUSED(f, store_rule_add(f->store, group, &rule, &added, &f->err), EPERM,
		CODE_OPERATION_DENIED_SECURITY_GROUP_RULE_EXCEED_LIMIT, "cannot have 2 rules");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(pages_are_newest_first),
		STORE_TEST(groups_are_filtered_by_their_whole_name),
		STORE_TEST(an_id_is_not_a_name),
		STORE_TEST(members_are_told_by_their_ids),
		STORE_TEST(a_rule_without_its_priority_means_all_that_are_the_same),
		STORE_TEST(limits_can_only_be_set_lower),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
