// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_store_group.c - groups stored, found, changed and removed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/store_fixture.h"

#define LIMIT CODE_OPERATION_DENIED_INSTANCE_SECURITY_GROUP_EXCEED_LIMIT
#define IN_USE CODE_OPERATION_DENIED_SECURITY_GROUP_EXIST_INSTANCE

static void a_group_reads_back_as_it_was_added(void **state)
{
	struct fixture *f = *state;
	AUTO(group_fini) struct group group = {.id = "sg-web", .name = "web", .available = true};
	AUTO(group_fini) struct group found = {0};
	AUTO(group_fini) struct group same = {0};

	group.description = strdup("Läden");
	group.is_default = true;
	OK(f, store_group_add(f->store, &group, &f->err));
	assert_true(group.key > 0);
	assert_int_equal(strlen(group.create_time), strlen("2026-01-31T12:00:00Z"));
	fixture_commit(f);
	OK(f, store_group_find(f->store, "sg-web", &found, &f->err));
	assert_int_equal(found.key, group.key);
	assert_string_equal(found.id, "sg-web");
	assert_string_equal(found.name, "web");
	assert_string_equal(found.description, "Läden");
	assert_string_equal(found.create_time, group.create_time);
	assert_true(found.available);
	assert_true(found.is_default);
	OK(f, store_group_find_key(f->store, group.key, &same, &f->err));
	assert_string_equal(same.id, "sg-web");
}

static void a_group_without_id_gets_one(void **state)
{
	struct fixture *f = *state;
	struct group group = {.name = "web", .available = true};

	OK(f, store_group_add(f->store, &group, &f->err));
	assert_int_equal(strlen(group.id), GROUP_ID_LENGTH);
	assert_memory_equal(group.id, "sg-", 3);
}

static void an_id_that_is_taken_is_refused_and_the_group_untouched(void **state)
{
	struct fixture *f = *state;
	struct group group = {.id = "a", .name = "other", .available = true};

	fixture_group(f, "a");
	REFUSED(f, store_group_add(f->store, &group, &f->err), EEXIST,
		CODE_OPERATION_DENIED_ALREADY_EXISTS, "group \"a\" exists already");
	assert_int_equal(group.key, 0);
	assert_string_equal(group.create_time, "");
}

static void a_key_is_never_used_again(void **state)
{
	struct fixture *f = *state;
	int64_t first = fixture_group(f, "a");

	OK(f, store_group_remove(f->store, first, &f->err));
	fixture_commit(f);
	assert_int_equal(fixture_group(f, "a"), first + 1);
}

static void a_group_is_found_by_id_before_name(void **state)
{
	struct fixture *f = *state;
	AUTO(group_fini) struct group found = {0};
	AUTO(group_fini) struct group named = {0};
	struct group group = {.id = "b", .name = "a", .available = true};

	OK(f, store_group_add(f->store, &group, &f->err));
	OK(f, store_group_find(f->store, "a", &named, &f->err));
	assert_string_equal(named.id, "b");
	fixture_group(f, "a");
	OK(f, store_group_find(f->store, "a", &found, &f->err));
	assert_string_equal(found.id, "a");
}

static void a_name_of_two_groups_is_refused_with_both_ids(void **state)
{
	struct fixture *f = *state;
	struct group first = {.id = "sg-1", .name = "web"};
	struct group second = {.id = "sg-2", .name = "web"};
	struct group found = {.name = "untouched"};

	OK(f, store_group_add(f->store, &first, &f->err));
	OK(f, store_group_add(f->store, &second, &f->err));
	REFUSED(f, store_group_find(f->store, "web", &found, &f->err), EINVAL,
		CODE_INVALID_PARAMETER_VALUE,
		"group name \"web\" is not unique: give an id, \"sg-1\" or \"sg-2\"");
	assert_string_equal(found.name, "untouched");
}

static void a_group_that_is_not_there_is_named(void **state)
{
	struct fixture *f = *state;
	struct group group = {.key = 7, .name = "x"};

	REFUSED(f, store_group_find(f->store, "x", &group, &f->err), ENOENT,
		CODE_INVALID_SECURITY_GROUP_NOT_FOUND,
		"no group \"x\": list them with sgate group list");
	REFUSED(f, store_group_find_key(f->store, 7, &group, &f->err), ENOENT,
		CODE_INVALID_SECURITY_GROUP_NOT_FOUND, "7");
	REFUSED(f, store_group_update(f->store, &group, &f->err), ENOENT,
		CODE_INVALID_SECURITY_GROUP_NOT_FOUND, "7");
	REFUSED(f, store_group_remove(f->store, 7, &f->err), ENOENT,
		CODE_INVALID_SECURITY_GROUP_NOT_FOUND, "7");
}

static void groups_are_listed_oldest_first(void **state)
{
	struct fixture *f = *state;
	AUTO(groups_fini) struct groups empty = {0};
	AUTO(groups_fini) struct groups groups = {0};

	OK(f, store_group_list(f->store, &empty, &f->err));
	assert_int_equal(empty.count, 0);
	for (int i = 0; i < 20; i++) {
		char id[8];

		snprintf(id, sizeof(id), "g%d", 99 - i);
		fixture_group(f, id);
	}
	OK(f, store_group_list(f->store, &groups, &f->err));
	assert_int_equal(groups.count, 20);
	assert_string_equal(groups.items[0].id, "g99");
	assert_string_equal(groups.items[19].id, "g80");
}

static void an_update_writes_name_description_and_status(void **state)
{
	struct fixture *f = *state;
	AUTO(group_fini) struct group found = {0};
	AUTO(group_fini) struct group again = {0};
	struct group group = {.name = "web", .available = false};

	group.key = fixture_group(f, "a");
	group.description = (char[]){"old servers"};
	OK(f, store_group_update(f->store, &group, &f->err));
	OK(f, store_group_find(f->store, "web", &found, &f->err));
	assert_string_equal(found.id, "a");
	assert_string_equal(found.description, "old servers");
	assert_false(found.available);
	group.description = NULL;
	group.available = true;
	OK(f, store_group_update(f->store, &group, &f->err));
	OK(f, store_group_find(f->store, "a", &again, &f->err));
	assert_null(again.description);
	assert_true(again.available);
}

static void a_third_default_group_is_refused(void **state)
{
	static const char *const ids[] = {"a", "b"};
	struct fixture *f = *state;
	struct group third = {.id = "c", .name = "c", .available = true, .is_default = true};
	int64_t first = 0;

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		struct group group = {.name = "x", .available = true, .is_default = true};

		strcpy(group.id, ids[i]);
		OK(f, store_group_add(f->store, &group, &f->err));
		first = first ? first : group.key;
	}
	REFUSED(f, store_group_add(f->store, &third, &f->err), EPERM, LIMIT,
		"third default group beside \"a\" and \"b\"");
	OK(f, store_group_remove(f->store, first, &f->err));
	OK(f, store_group_add(f->store, &third, &f->err));
}

static void a_group_that_an_instance_has_stays(void **state)
{
	struct fixture *f = *state;
	int64_t group = fixture_group(f, "a");
	int64_t instance = fixture_instance(f, "vm1");

	OK(f, store_associate(f->store, group, instance, &f->err));
	REFUSED(f, store_group_remove(f->store, group, &f->err), EPERM, IN_USE,
		"group \"a\" is associated with instance \"vm1\": dissociate it first");
	OK(f, store_dissociate(f->store, group, instance, &f->err));
	OK(f, store_group_remove(f->store, group, &f->err));
}

static void a_group_that_a_rule_of_another_names_stays(void **state)
{
	struct fixture *f = *state;
	int64_t group = fixture_group(f, "a");
	int64_t other = fixture_group(f, "b");

	fixture_rule_add(f, other, "ingress accept tcp 22 from group:a");
	REFUSED(f, store_group_remove(f->store, group, &f->err), EPERM, IN_USE,
		"group \"a\" is named by a rule of group \"b\": remove that rule first");
	OK(f, store_group_remove(f->store, other, &f->err));
	OK(f, store_group_remove(f->store, group, &f->err));
}

static void a_group_that_only_its_own_rules_name_goes_with_them(void **state)
{
	struct fixture *f = *state;
	int64_t group = fixture_group(f, "a");

	fixture_rule_add(f, group, "ingress accept tcp 22 from group:a");
	fixture_rule_add(f, group, "ingress accept tcp 23");
	OK(f, store_group_remove(f->store, group, &f->err));
	assert_int_equal(fixture_number(f->store->db, "SELECT count(*) FROM rule"), 0);
}

static void a_group_is_added_with_its_rules_and_may_name_itself(void **state)
{
	static const char *const words[] = {
		"ingress accept tcp 22 from group:a description old",
		"egress accept all",
		"ingress accept tcp 22 from group:a description new",
	};
	struct fixture *f = *state;
	AUTO(group_fini) struct group group = {.id = "a", .name = "a", .available = true};
	AUTO(rules_fini) struct rules stored = {0};

	fixture_rules(&group.rules, words, ARRAY_SIZE(words));
	OK(f, store_group_add(f->store, &group, &f->err));
	OK(f, store_rules_load(f->store, group.key, &stored, &f->err));
	assert_int_equal(stored.count, 2);
	assert_string_equal(stored.items[0].description, "new");
	assert_int_equal(stored.items[0].id, group.rules.items[0].id);
	assert_int_equal(stored.items[0].id, group.rules.items[2].id);
	assert_int_equal(stored.items[1].id, group.rules.items[1].id);
}

static void a_group_with_a_rule_for_an_unknown_group_is_refused(void **state)
{
	static const char *const words[] = {"egress accept all",
					    "ingress accept tcp from group:sg-none"};
	struct fixture *f = *state;
	AUTO(group_fini) struct group group = {.id = "a", .name = "a", .available = true};

	fixture_rules(&group.rules, words, ARRAY_SIZE(words));
	REFUSED(f, store_group_add(f->store, &group, &f->err), ENOENT,
		CODE_INVALID_SECURITY_GROUP_NOT_FOUND,
		"no group \"sg-none\", which a rule of group \"a\" names: create it first");
	assert_int_equal(group.key, 0);
	assert_int_equal(group.rules.items[0].id, 0);
}

/* Fills all places but one by raw SQL. */
static void one_group_more_than_the_limit_is_refused(void **state)
{
	struct fixture *f = *state;
	struct group group = {.id = "over", .name = "over", .available = true};
	char sql[256];

	snprintf(sql, sizeof(sql),
		 "WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
		 "INSERT INTO security_group (id, name, description, status, create_time) "
		 "SELECT 'f' || i, 'n', '', 'Available', '' FROM n",
		 STORE_MAX_GROUPS);
	assert_int_equal(fixture_sql(f, sql), SQLITE_OK);
	fixture_group(f, "last");
	REFUSED(f, store_group_add(f->store, &group, &f->err), EPERM,
		CODE_OPERATION_DENIED_SECURITY_GROUP_TEAM_EXCEED_LIMIT, "limit of 100000 groups");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(a_group_reads_back_as_it_was_added),
		STORE_TEST(a_group_without_id_gets_one),
		STORE_TEST(an_id_that_is_taken_is_refused_and_the_group_untouched),
		STORE_TEST(a_key_is_never_used_again),
		STORE_TEST(a_group_is_found_by_id_before_name),
		STORE_TEST(a_name_of_two_groups_is_refused_with_both_ids),
		STORE_TEST(a_group_that_is_not_there_is_named),
		STORE_TEST(groups_are_listed_oldest_first),
		STORE_TEST(an_update_writes_name_description_and_status),
		STORE_TEST(a_third_default_group_is_refused),
		STORE_TEST(a_group_that_an_instance_has_stays),
		STORE_TEST(a_group_that_a_rule_of_another_names_stays),
		STORE_TEST(a_group_that_only_its_own_rules_name_goes_with_them),
		STORE_TEST(a_group_is_added_with_its_rules_and_may_name_itself),
		STORE_TEST(a_group_with_a_rule_for_an_unknown_group_is_refused),
		STORE_TEST(one_group_more_than_the_limit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
