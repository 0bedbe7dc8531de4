// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_store_instance.c - instances stored, found, changed and removed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/store_fixture.h"

#define TAKEN CODE_OPERATION_DENIED_ALREADY_EXISTS

static void options_fill(struct instance_options *options)
{
	static const char *const addresses[] = {"2001:db8::/64", "10.0.0.9/32", "10.0.0.1/32"};
	static const char *const macs[] = {"02:00:00:00:00:02", "02:00:00:00:00:01"};
	static const char *const ethertypes[] = {"0x88cc", "0x8847"};
	struct error err;

	options->mode = MODE_XDP_GENERIC;
	options->side = SIDE_GUEST;
	options->no_group = NO_GROUP_PASS;
	options->strict = true;
	options->match_altname = true;
	options->connections = 4294967295;
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		struct prefix prefix;

		assert_int_equal(prefix_parse(addresses[i], &prefix, &err), 0);
		assert_int_equal(instance_options_add_address(options, &prefix, &err), 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(macs); i++) {
		struct mac mac;

		assert_int_equal(mac_parse(macs[i], &mac, &err), 0);
		assert_int_equal(instance_options_add_mac(options, &mac, &err), 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(ethertypes); i++)
		assert_int_equal(instance_options_add_ethertype(options, ethertypes[i], &err), 0);
}

static void assert_options_equal(const struct instance_options *a, const struct instance_options *b)
{
	assert_int_equal(a->mode, b->mode);
	assert_int_equal(a->side, b->side);
	assert_int_equal(a->no_group, b->no_group);
	assert_int_equal(a->strict, b->strict);
	assert_int_equal(a->match_altname, b->match_altname);
	assert_int_equal(a->connections, b->connections);
	assert_memory_equal(a->ethertypes, b->ethertypes, sizeof(a->ethertypes));
	assert_int_equal(a->mac_count, b->mac_count);
	for (size_t i = 0; i < a->mac_count; i++)
		assert_memory_equal(&a->macs[i], &b->macs[i], sizeof(a->macs[i]));
	assert_int_equal(a->address_count, b->address_count);
	for (size_t i = 0; i < a->address_count; i++)
		assert_int_equal(prefix_compare(&a->addresses[i], &b->addresses[i]), 0);
}

static void an_instance_reads_back_as_it_was_added(void **state)
{
	struct fixture *f = *state;
	AUTO(instance_fini)
	struct instance instance = {
		.id = "vm1", .dev = "tap0", .status = "CREATING", .enforced = true};
	AUTO(instance_fini) struct instance found = {0};

	options_fill(&instance.options);
	OK(f, store_instance_add(f->store, &instance, &f->err));
	assert_int_equal(instance.slot, 1);
	assert_int_equal(strlen(instance.create_time), strlen("2026-01-31T12:00:00Z"));
	fixture_commit(f);
	OK(f, store_instance_find(f->store, "vm1", &found, &f->err));
	assert_int_equal(found.key, instance.key);
	assert_string_equal(found.id, "vm1");
	assert_string_equal(found.dev, "tap0");
	assert_string_equal(found.status, "CREATING");
	assert_int_equal(found.slot, 1);
	assert_true(found.enforced);
	assert_string_equal(found.create_time, instance.create_time);
	assert_int_equal(found.group_count, 0);
	assert_options_equal(&found.options, &instance.options);
}

static void as_many_addresses_as_there_can_be_are_kept(void **state)
{
	struct fixture *f = *state;
	AUTO(instance_fini) struct instance instance = {.id = "vm1", .dev = "tap0"};
	AUTO(instance_fini) struct instance found = {0};
	struct error err;

	for (int i = 0; i < INSTANCE_MAX_ADDRESSES; i++) {
		struct prefix prefix = {.length = 32, .bytes = {10, 0, 0, (uint8_t)i}};
		struct mac mac = {.bytes = {2, 0, 0, 0, 0, (uint8_t)i}};

		assert_int_equal(instance_options_add_address(&instance.options, &prefix, &err), 0);
		assert_int_equal(instance_options_add_mac(&instance.options, &mac, &err), 0);
	}
	OK(f, store_instance_add(f->store, &instance, &f->err));
	OK(f, store_instance_find(f->store, "vm1", &found, &f->err));
	assert_options_equal(&found.options, &instance.options);
}

static void an_id_or_interface_that_is_taken_is_refused_with_its_holder(void **state)
{
	struct fixture *f = *state;
	struct instance same_id = {.id = "vm1", .dev = "tap9"};
	struct instance same_dev = {.id = "vm9", .dev = "tap1"};
	struct instance other = {.id = "vm1", .dev = "tap1"};
	struct instance both = {.id = "vm2", .dev = "tap1"};

	OK(f, store_instance_add(f->store, &other, &f->err));
	fixture_instance(f, "vm2");
	REFUSED(f, store_instance_add(f->store, &same_id, &f->err), EEXIST, TAKEN,
		"instance \"vm1\" exists already, on interface \"tap1\"");
	REFUSED(f, store_instance_add(f->store, &same_dev, &f->err), EEXIST, TAKEN,
		"interface \"tap1\" belongs to instance \"vm1\"");
	REFUSED(f, store_instance_add(f->store, &both, &f->err), EEXIST, TAKEN,
		"instance \"vm2\" exists already");
	assert_int_equal(same_dev.key, 0);
	assert_int_equal(same_dev.slot, 0);
	assert_string_equal(same_dev.create_time, "");
	strcpy(other.dev, "vm2");
	REFUSED(f, store_instance_update(f->store, &other, &f->err), EEXIST, TAKEN,
		"interface \"vm2\" belongs to instance \"vm2\"");
}

static void an_instance_is_found_by_id_before_interface(void **state)
{
	struct fixture *f = *state;
	struct instance found = {0};
	struct instance first = {.id = "b", .dev = "a"};
	struct instance second = {.id = "a", .dev = "b"};

	OK(f, store_instance_add(f->store, &first, &f->err));
	OK(f, store_instance_find(f->store, "a", &found, &f->err));
	assert_string_equal(found.id, "b");
	REFUSED(f, store_instance_find_id(f->store, "a", &found, &f->err), ENOENT,
		CODE_INVALID_INSTANCE_NOT_FOUND,
		"no instance \"a\": list them with sgate instance list");
	OK(f, store_instance_add(f->store, &second, &f->err));
	OK(f, store_instance_find(f->store, "a", &found, &f->err));
	assert_string_equal(found.id, "a");
	OK(f, store_instance_find_id(f->store, "a", &found, &f->err));
	assert_string_equal(found.id, "a");
	OK(f, store_instance_find_key(f->store, first.key, &found, &f->err));
	assert_string_equal(found.id, "b");
}

static void many_are_found_by_their_keys_in_that_order(void **state)
{
	struct fixture *f = *state;
	int64_t group = fixture_group(f, "g");
	int64_t numbers[] = {fixture_instance(f, "a"), fixture_instance(f, "b"),
			     fixture_instance(f, "c")};
	int64_t wanted[] = {numbers[2], numbers[0]};
	struct keys keys = {.items = wanted, .count = 2};
	AUTO(instances_fini) struct instances found = {0};

	OK(f, store_associate(f->store, group, numbers[2], &f->err));
	OK(f, store_instances_find(f->store, &keys, &found, &f->err));
	assert_int_equal(found.count, 2);
	assert_string_equal(found.items[0].id, "c");
	assert_int_equal(found.items[0].group_keys[0], group);
	assert_string_equal(found.items[1].id, "a");
	assert_int_equal(found.items[1].group_count, 0);
	wanted[1] = 99;
	REFUSED(f, store_instances_find(f->store, &keys, &found, &f->err), ENOENT,
		CODE_INVALID_INSTANCE_NOT_FOUND, "99");
	assert_int_equal(found.count, 2);
}

static void an_instance_that_is_not_there_is_named(void **state)
{
	struct fixture *f = *state;
	struct instance instance = {.key = 7, .id = "x", .dev = "untouched"};

	REFUSED(f, store_instance_find(f->store, "x", &instance, &f->err), ENOENT,
		CODE_INVALID_INSTANCE_NOT_FOUND, "no instance \"x\"");
	REFUSED(f, store_instance_find_key(f->store, 7, &instance, &f->err), ENOENT,
		CODE_INVALID_INSTANCE_NOT_FOUND, "7");
	REFUSED(f, store_instance_update(f->store, &instance, &f->err), ENOENT,
		CODE_INVALID_INSTANCE_NOT_FOUND, "7");
	REFUSED(f, store_instance_remove(f->store, 7, &f->err), ENOENT,
		CODE_INVALID_INSTANCE_NOT_FOUND, "7");
	assert_string_equal(instance.dev, "untouched");
}

static void an_update_writes_all_that_a_user_can_set(void **state)
{
	struct fixture *f = *state;
	AUTO(instance_fini) struct instance instance = {.id = "vm1", .dev = "tap0"};
	AUTO(instance_fini) struct instance found = {0};
	AUTO(instance_fini) struct instance again = {0};

	OK(f, store_instance_add(f->store, &instance, &f->err));
	strcpy(instance.dev, "tap1");
	strcpy(instance.status, "REBOOTING");
	instance.enforced = true;
	options_fill(&instance.options);
	OK(f, store_instance_update(f->store, &instance, &f->err));
	OK(f, store_instance_find(f->store, "tap1", &found, &f->err));
	assert_string_equal(found.status, "REBOOTING");
	assert_true(found.enforced);
	assert_options_equal(&found.options, &instance.options);
	/* the lists are what they are now, no longer what they were */
	instance_options_fini(&instance.options);
	instance.options = (struct instance_options){0};
	OK(f, store_instance_update(f->store, &instance, &f->err));
	OK(f, store_instance_find(f->store, "vm1", &again, &f->err));
	assert_options_equal(&again.options, &instance.options);
}

static void a_removed_instance_leaves_nothing_behind(void **state)
{
	struct fixture *f = *state;
	AUTO(instance_fini) struct instance instance = {.id = "vm1", .dev = "tap0"};
	int64_t group = fixture_group(f, "a");

	options_fill(&instance.options);
	OK(f, store_instance_add(f->store, &instance, &f->err));
	OK(f, store_associate(f->store, group, instance.key, &f->err));
	OK(f, store_instance_remove(f->store, instance.key, &f->err));
	assert_int_equal(fixture_number(f->store->db, "SELECT (SELECT count(*) FROM instance) + "
						      "(SELECT count(*) FROM instance_address) + "
						      "(SELECT count(*) FROM instance_mac) + "
						      "(SELECT count(*) FROM instance_ethertype) + "
						      "(SELECT count(*) FROM membership)"),
			 0);
	OK(f, store_group_remove(f->store, group, &f->err));
	assert_true(fixture_instance(f, "vm1") > instance.key);
}

static void a_slot_is_the_smallest_that_is_free(void **state)
{
	struct fixture *f = *state;
	struct instance instance = {.id = "new", .dev = "new"};
	struct instance last = {.id = "last", .dev = "last"};
	int64_t second;

	fixture_instance(f, "a");
	second = fixture_instance(f, "b");
	fixture_instance(f, "c");
	OK(f, store_instance_remove(f->store, second, &f->err));
	OK(f, store_instance_add(f->store, &instance, &f->err));
	assert_int_equal(instance.slot, 2);
	OK(f, store_instance_add(f->store, &last, &f->err));
	assert_int_equal(last.slot, 4);
}

/* Fills all slots but one by raw SQL. */
static void an_instance_for_which_there_is_no_slot_is_refused(void **state)
{
	static const char sql[] =
		"WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 65535) "
		"INSERT INTO instance (id, dev, status, slot, enforced, mode, side, no_group, "
		"strict, create_time) "
		"SELECT 'f' || i, 'f' || i, '', i, 0, 'auto', 'auto', 'auto', 0, '' FROM n";
	struct fixture *f = *state;
	struct instance over = {.id = "over", .dev = "over"};
	struct instance same = {.id = "f2", .dev = "over"};
	AUTO(instances_fini) struct instances all = {0};

	assert_int_equal(fixture_sql(f, sql), SQLITE_OK);
	fixture_instance(f, "a");
	REFUSED(f, store_instance_add(f->store, &over, &f->err), ENOSPC,
		CODE_OPERATION_DENIED_POLICY_TOO_LARGE,
		"no room for instance \"over\": there are 65535");
	REFUSED(f, store_instance_add(f->store, &same, &f->err), EEXIST, TAKEN, "\"f2\"");
	OK(f, store_instance_list(f->store, &all, &f->err));
	assert_int_equal(all.count, SG_MAX_INSTANCES);
	OK(f, store_instance_remove(f->store, all.items[9].key, &f->err));
	OK(f, store_instance_add(f->store, &over, &f->err));
	assert_int_equal(over.slot, all.items[9].slot);
}

static void instances_are_listed_oldest_first_with_groups_and_options(void **state)
{
	struct fixture *f = *state;
	AUTO(instance_fini) struct instance full = {.id = "b", .dev = "b"};
	AUTO(instances_fini) struct instances empty = {0};
	AUTO(instances_fini) struct instances all = {0};

	OK(f, store_instance_list(f->store, &empty, &f->err));
	assert_int_equal(empty.count, 0);
	options_fill(&full.options);
	OK(f, store_instance_add(f->store, &full, &f->err));
	OK(f, store_associate(f->store, fixture_group(f, "g"), fixture_instance(f, "a"), &f->err));
	OK(f, store_instance_list(f->store, &all, &f->err));
	assert_int_equal(all.count, 2);
	assert_string_equal(all.items[0].id, "b");
	assert_options_equal(&all.items[0].options, &full.options);
	assert_int_equal(all.items[0].group_count, 0);
	assert_string_equal(all.items[1].id, "a");
	assert_int_equal(all.items[1].options.address_count, 0);
	assert_int_equal(all.items[1].group_count, 1);
	assert_string_equal(all.items[1].groups[0], "g");
}

static void stored_text_that_does_not_read_back_is_told(void **state)
{
	static const struct {
		const char *sql;
		const char *fragment;
	} rows[] = {
		{"UPDATE instance_address SET value = '1/1' WHERE position = 2",
		 "invalid address, \"1/1\""},
		{"UPDATE instance_mac SET value = '::::::::::::::::a' WHERE position = 1",
		 "invalid MAC address"},
		{"UPDATE instance SET create_time = '2026-01-31T12:00:00+00:00'",
		 "invalid create_time"},
	};
	struct fixture *f = *state;
	AUTO(instance_fini) struct instance instance = {.id = "vm1", .dev = "tap0"};
	struct instances untouched = {.count = 7};

	options_fill(&instance.options);
	OK(f, store_instance_add(f->store, &instance, &f->err));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		fixture_sql(f, "SAVEPOINT before; PRAGMA ignore_check_constraints = 1");
		assert_int_equal(fixture_sql(f, rows[i].sql), SQLITE_OK);
		REFUSED(f, store_instance_list(f->store, &untouched, &f->err), EIO,
			CODE_INTERNAL_SERVER_ERROR, rows[i].fragment);
		fixture_sql(f, "ROLLBACK TO before");
	}
	assert_int_equal(untouched.count, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(an_instance_reads_back_as_it_was_added),
		STORE_TEST(as_many_addresses_as_there_can_be_are_kept),
		STORE_TEST(an_id_or_interface_that_is_taken_is_refused_with_its_holder),
		STORE_TEST(an_instance_is_found_by_id_before_interface),
		STORE_TEST(many_are_found_by_their_keys_in_that_order),
		STORE_TEST(an_instance_that_is_not_there_is_named),
		STORE_TEST(an_update_writes_all_that_a_user_can_set),
		STORE_TEST(a_removed_instance_leaves_nothing_behind),
		STORE_TEST(a_slot_is_the_smallest_that_is_free),
		STORE_TEST(an_instance_for_which_there_is_no_slot_is_refused),
		STORE_TEST(instances_are_listed_oldest_first_with_groups_and_options),
		STORE_TEST(stored_text_that_does_not_read_back_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
