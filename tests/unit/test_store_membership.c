// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_store_membership.c - at most two groups an instance, in the order of
 * association, and who refers to whom.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/store_fixture.h"

#define LIMIT CODE_OPERATION_DENIED_INSTANCE_SECURITY_GROUP_EXCEED_LIMIT

/* Groups `a`, `b`, `c` and instance `vm1`. */
struct four {
	int64_t a, b, c, vm1;
};

static struct four four_add(struct fixture *f)
{
	return (struct four){
		.a = fixture_group(f, "a"),
		.b = fixture_group(f, "b"),
		.c = fixture_group(f, "c"),
		.vm1 = fixture_instance(f, "vm1"),
	};
}

/* The ids of the instance's groups are these, one letter each. */
static void assert_groups(struct fixture *f, int64_t instance_key, const char *ids)
{
	struct instance instance = {0};
	char found[SG_MAX_GROUPS_PER_INSTANCE + 1] = {0};

	OK(f, store_instance_find_key(f->store, instance_key, &instance, &f->err));
	for (size_t i = 0; i < instance.group_count; i++) {
		AUTO(group_fini) struct group group = {0};

		found[i] = instance.groups[i][0];
		OK(f, store_group_find_key(f->store, instance.group_keys[i], &group, &f->err));
		assert_string_equal(group.id, instance.groups[i]);
	}
	assert_string_equal(found, ids);
}

static void groups_are_in_the_order_of_association(void **state)
{
	struct fixture *f = *state;
	struct four four = four_add(f);

	OK(f, store_associate(f->store, four.b, four.vm1, &f->err));
	OK(f, store_associate(f->store, four.a, four.vm1, &f->err));
	assert_groups(f, four.vm1, "ba");
}

static void a_third_group_is_refused_with_the_two_that_are_there(void **state)
{
	struct fixture *f = *state;
	struct four four = four_add(f);

	OK(f, store_associate(f->store, four.a, four.vm1, &f->err));
	OK(f, store_associate(f->store, four.b, four.vm1, &f->err));
	REFUSED(f, store_associate(f->store, four.c, four.vm1, &f->err), EPERM, LIMIT,
		"instance \"vm1\" already has two groups, \"a\" and \"b\": dissociate one first");
	assert_groups(f, four.vm1, "ab");
}

static void associating_twice_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct four four = four_add(f);

	OK(f, store_associate(f->store, four.a, four.vm1, &f->err));
	OK(f, store_associate(f->store, four.a, four.vm1, &f->err));
	assert_groups(f, four.vm1, "a");
	OK(f, store_associate(f->store, four.b, four.vm1, &f->err));
	OK(f, store_associate(f->store, four.a, four.vm1, &f->err));
	OK(f, store_associate(f->store, four.b, four.vm1, &f->err));
	assert_groups(f, four.vm1, "ab");
}

static void a_place_that_became_free_is_used_and_the_order_kept(void **state)
{
	struct fixture *f = *state;
	struct four four = four_add(f);

	OK(f, store_associate(f->store, four.a, four.vm1, &f->err));
	OK(f, store_associate(f->store, four.b, four.vm1, &f->err));
	OK(f, store_dissociate(f->store, four.a, four.vm1, &f->err));
	assert_groups(f, four.vm1, "b");
	OK(f, store_associate(f->store, four.c, four.vm1, &f->err));
	assert_groups(f, four.vm1, "bc");
	OK(f, store_dissociate(f->store, four.c, four.vm1, &f->err));
	OK(f, store_associate(f->store, four.a, four.vm1, &f->err));
	assert_groups(f, four.vm1, "ba");
}

static void dissociating_what_is_not_associated_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct four four = four_add(f);

	OK(f, store_associate(f->store, four.a, four.vm1, &f->err));
	OK(f, store_dissociate(f->store, four.b, four.vm1, &f->err));
	OK(f, store_dissociate(f->store, 99, 99, &f->err));
	assert_groups(f, four.vm1, "a");
}

static void what_is_not_there_cannot_be_associated(void **state)
{
	struct fixture *f = *state;
	struct four four = four_add(f);

	REFUSED(f, store_associate(f->store, 99, 99, &f->err), ENOENT,
		CODE_INVALID_SECURITY_GROUP_NOT_FOUND, "99");
	REFUSED(f, store_associate(f->store, four.a, 99, &f->err), ENOENT,
		CODE_INVALID_INSTANCE_NOT_FOUND, "99");
	OK(f, store_associate(f->store, four.a, four.vm1, &f->err));
	OK(f, store_associate(f->store, four.b, four.vm1, &f->err));
	REFUSED(f, store_associate(f->store, 99, four.vm1, &f->err), ENOENT,
		CODE_INVALID_SECURITY_GROUP_NOT_FOUND, "99");
}

static void a_new_instance_has_the_default_groups_oldest_first(void **state)
{
	static const struct {
		const char *id;
		bool is_default;
	} rows[] = {{"d", false}, {"z", true}, {"e", false}, {"y", true}};
	struct fixture *f = *state;
	struct instance instance = {.id = "vm1", .dev = "vm1"};
	struct group first = {0};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct group group = {
			.name = "n", .available = true, .is_default = rows[i].is_default};

		strcpy(group.id, rows[i].id);
		OK(f, store_group_add(f->store, &group, &f->err));
		if (i == 1)
			first = group;
	}
	OK(f, store_instance_add(f->store, &instance, &f->err));
	assert_int_equal(instance.group_count, 2);
	assert_string_equal(instance.groups[0], "z");
	assert_int_equal(instance.group_keys[0], first.key);
	assert_string_equal(instance.groups[1], "y");
	assert_groups(f, instance.key, "zy");
	/* one that is out of service cannot be associated */
	first.available = false;
	OK(f, store_group_update(f->store, &first, &f->err));
	assert_groups(f, fixture_instance(f, "vm2"), "y");
	assert_groups(f, instance.key, "zy");
}

static void members_and_referrers_are_listed_in_order_and_once(void **state)
{
	struct fixture *f = *state;
	struct four four = four_add(f);
	int64_t vm2 = fixture_instance(f, "vm2");
	AUTO(keys_fini) struct keys members = {0};
	AUTO(keys_fini) struct keys referrers = {0};
	AUTO(keys_fini) struct keys none = {0};

	OK(f, store_associate(f->store, four.a, vm2, &f->err));
	OK(f, store_associate(f->store, four.a, four.vm1, &f->err));
	OK(f, store_members(f->store, four.a, &members, &f->err));
	assert_int_equal(members.count, 2);
	assert_int_equal(members.items[0], four.vm1);
	assert_int_equal(members.items[1], vm2);
	OK(f, store_members(f->store, four.b, &none, &f->err));
	assert_int_equal(none.count, 0);

	fixture_rule_add(f, four.c, "ingress accept tcp 1 from group:a");
	fixture_rule_add(f, four.c, "ingress accept tcp 2 from group:a");
	fixture_rule_add(f, four.a, "ingress accept tcp 2 from group:a");
	fixture_rule_add(f, four.b, "ingress accept tcp 2 from group:c");
	OK(f, store_referrers(f->store, four.a, &referrers, &f->err));
	assert_int_equal(referrers.count, 2);
	assert_int_equal(referrers.items[0], four.a);
	assert_int_equal(referrers.items[1], four.c);
	OK(f, store_referrers(f->store, four.b, &none, &f->err));
	assert_int_equal(none.count, 0);
}

static void instance_with_addresses(struct fixture *f, const char *id, const char *const *addresses,
				    int64_t group_key)
{
	AUTO(instance_fini) struct instance instance = {0};

	snprintf(instance.id, sizeof(instance.id), "%s", id);
	snprintf(instance.dev, sizeof(instance.dev), "%s", id);
	for (; *addresses; addresses++) {
		struct prefix prefix;

		OK(f, prefix_parse(*addresses, &prefix, &f->err));
		OK(f, instance_options_add_address(&instance.options, &prefix, &f->err));
	}
	OK(f, store_instance_add(f->store, &instance, &f->err));
	OK(f, store_associate(f->store, group_key, instance.key, &f->err));
}

static void addresses_of_members_are_sorted_and_without_repeats(void **state)
{
	static const char *const of_vm2[] = {"2001:db8::2", "10.0.0.9", "10.0.0.1", NULL};
	static const char *const of_vm3[] = {"10.0.0.9", "9.0.0.0/8", NULL};
	static const char *const of_vm4[] = {"8.8.8.8", NULL};
	static const char *const wanted[] = {"9.0.0.0/8", "10.0.0.1/32", "10.0.0.9/32",
					     "2001:db8::2/128"};
	struct fixture *f = *state;
	struct four four = four_add(f);
	AUTO_FREE struct prefix *prefixes = NULL;
	size_t count;

	instance_with_addresses(f, "vm2", of_vm2, four.a);
	instance_with_addresses(f, "vm3", of_vm3, four.a);
	instance_with_addresses(f, "vm4", of_vm4, four.b);
	OK(f, store_associate(f->store, four.a, four.vm1, &f->err));
	OK(f, store_member_addresses(f->store, "a", &prefixes, &count, &f->err));
	assert_int_equal(count, ARRAY_SIZE(wanted));
	for (size_t i = 0; i < count; i++) {
		char text[PREFIX_TEXT_MAX];

		prefix_format(&prefixes[i], text);
		assert_string_equal(text, wanted[i]);
	}
}

static void an_unknown_group_has_no_addresses(void **state)
{
	struct fixture *f = *state;
	struct prefix *prefixes;
	size_t count;

	OK(f, store_member_addresses(f->store, "none", &prefixes, &count, &f->err));
	assert_int_equal(count, 0);
	assert_null(prefixes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(groups_are_in_the_order_of_association),
		STORE_TEST(a_third_group_is_refused_with_the_two_that_are_there),
		STORE_TEST(associating_twice_changes_nothing),
		STORE_TEST(a_place_that_became_free_is_used_and_the_order_kept),
		STORE_TEST(dissociating_what_is_not_associated_changes_nothing),
		STORE_TEST(what_is_not_there_cannot_be_associated),
		STORE_TEST(a_new_instance_has_the_default_groups_oldest_first),
		STORE_TEST(members_and_referrers_are_listed_in_order_and_once),
		STORE_TEST(addresses_of_members_are_sorted_and_without_repeats),
		STORE_TEST(an_unknown_group_has_no_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
