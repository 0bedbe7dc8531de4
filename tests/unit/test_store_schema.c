// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_store_schema.c - versions of the schema, and what it refuses on its own,
 * from a hand at the sqlite3 prompt too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "store/schema.h"
#include "unit/store_fixture.h"

/* The store's database with the schema of this version. */
static void open_committed(struct fixture *f)
{
	OK(f, store_commit(f->store, &f->err));
}

static void an_empty_database_becomes_this_version(void **state)
{
	struct fixture *f = *state;
	sqlite3 *db = fixture_connect(f);

	assert_int_equal(fixture_number(db, "PRAGMA user_version"), 0);
	OK(f, store_open(f->dir, &f->store, &f->err));
	assert_int_equal(fixture_number(db, "PRAGMA user_version"), STORE_SCHEMA_VERSION);
	sqlite3_close(db);
}

/* Instances, groups, rules and memberships of a database that version 1 made. */
static const char VERSION_1_DATA[] =
	"INSERT INTO fact VALUES ('network-namespace', 'boot:4:5');"
	"INSERT INTO security_group VALUES (3, 'a', 'web', '', 'Available', 0, '');"
	"INSERT INTO rule (id, group_key, direction, policy, protocol, ports, remote, priority, "
	"  description) VALUES (8, 3, 'ingress', 'accept', 'tcp', '22', 'group:a', 1, '');"
	"INSERT INTO instance VALUES (5, 'vm1', 'tap0', 'REBOOTING', 7, 1, 'xdp', 'guest', 'drop', "
	"  1, '2026-01-31T12:00:00Z');"
	"INSERT INTO instance_address VALUES (5, 0, '10.0.0.1/32');"
	"INSERT INTO instance_mac VALUES (5, 0, '02:00:00:00:00:01');"
	"INSERT INTO instance_ethertype VALUES (5, 0, '0x88cc');"
	"INSERT INTO membership VALUES (5, 0, 3);"
	"INSERT INTO instance SELECT 9, 'gone', 'gone', '', 9, 0, mode, side, no_group, 0, '' "
	"  FROM instance; DELETE FROM instance WHERE key = 9;"
	"PRAGMA user_version = 1";

static void a_database_of_version_1_keeps_what_is_stored(void **state)
{
	struct fixture *f = *state;
	AUTO(instance_fini) struct instance instance = {0};
	AUTO(rules_fini) struct rules rules = {0};
	AUTO_FREE char *fact = NULL;
	sqlite3 *db = fixture_connect(f);
	uint32_t setting = 7;

	assert_int_equal(sqlite3_exec(db, SCHEMA_STEPS[0], NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, VERSION_1_DATA, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	OK(f, store_open(f->dir, &f->store, &f->err));
	assert_int_equal(fixture_number(f->store->db, "PRAGMA user_version"), STORE_SCHEMA_VERSION);
	OK(f, store_begin_write(f->store, &f->err));
	OK(f, store_instance_find(f->store, "vm1", &instance, &f->err));
	assert_int_equal(instance.key, 5);
	assert_int_equal(instance.slot, 7);
	assert_string_equal(instance.status, "REBOOTING");
	assert_string_equal(instance.create_time, "2026-01-31T12:00:00Z");
	assert_true(instance.enforced && instance.options.strict);
	assert_int_equal(instance.options.mode, MODE_XDP);
	assert_int_equal(instance.options.connections, 0);
	assert_int_equal(instance.options.address_count, 1);
	assert_int_equal(instance.options.mac_count, 1);
	assert_int_equal(instance.options.ethertypes[0], 0x88cc);
	assert_string_equal(instance.groups[0], "a");
	OK(f, store_rules_load(f->store, 3, &rules, &f->err));
	assert_int_equal(rules.count, 1);
	assert_int_equal(rules.items[0].id, 8);
	OK(f, store_fact_get(f->store, "network-namespace", &fact, &f->err));
	assert_string_equal(fact, "boot:4:5");
	OK(f, store_setting_get(f->store, "share", &setting, &f->err));
	assert_int_equal(setting, 0);
	assert_false(instance.options.match_altname);
	/* a number that was given away is not used again */
	assert_int_equal(fixture_instance(f, "vm2"), 10);
	/* and the new columns are of use */
	instance.options.connections = 4000000000;
	instance.options.match_altname = true;
	OK(f, store_instance_update(f->store, &instance, &f->err));
	assert_int_equal(
		fixture_number(f->store->db, "SELECT connections FROM instance WHERE key = 5"),
		4000000000);
	assert_int_equal(
		fixture_number(f->store->db, "SELECT match_altname FROM instance WHERE key = 5"),
		1);
}

static void a_step_runs_once_and_keeps_what_is_stored(void **state)
{
	static const char second[] =
		"CREATE TABLE copy (key INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL "
		"UNIQUE, "
		"name TEXT, description TEXT, status TEXT, default_position INTEGER, "
		"create_time TEXT, colour TEXT NOT NULL DEFAULT 'red') STRICT;"
		"INSERT INTO copy SELECT *, 'red' FROM security_group;"
		"DROP TABLE security_group;"
		"ALTER TABLE copy RENAME TO security_group";
	const char *const steps[] = {SCHEMA_STEPS[0], SCHEMA_STEPS[1], SCHEMA_STEPS[2],
				     SCHEMA_STEPS[3], second};
	struct fixture *f = *state;
	int64_t group = fixture_group(f, "a");

	fixture_rule_add(f, group, "ingress accept tcp 22 from group:a");
	OK(f, store_associate(f->store, group, fixture_instance(f, "vm1"), &f->err));
	open_committed(f);
	for (int i = 0; i < 2; i++) {
		OK(f, schema_upgrade(f->store, steps, ARRAY_SIZE(steps), &f->err));
		assert_int_equal(fixture_number(f->store->db, "PRAGMA user_version"),
				 ARRAY_SIZE(steps));
		/* rebuilding the table has not cascaded */
		assert_int_equal(fixture_number(f->store->db, "SELECT count(*) FROM rule"), 1);
		assert_int_equal(fixture_number(f->store->db, "SELECT count(*) FROM membership"),
				 1);
		assert_int_equal(fixture_number(f->store->db, "SELECT colour = 'red' "
							      "FROM security_group"),
				 1);
	}
	assert_int_equal(fixture_number(f->store->db, "PRAGMA foreign_keys"), 1);
	assert_int_equal(fixture_sql(f, "DELETE FROM security_group"),
			 SQLITE_CONSTRAINT_FOREIGNKEY);
}

static void a_step_that_fails_changes_nothing(void **state)
{
	const char *const steps[] = {SCHEMA_STEPS[0], SCHEMA_STEPS[1], SCHEMA_STEPS[2],
				     SCHEMA_STEPS[3], "CREATE TABLE a (b); CREATE TABLE a (b)"};
	struct fixture *f = *state;

	open_committed(f);
	REFUSED(f, schema_upgrade(f->store, steps, ARRAY_SIZE(steps), &f->err), EIO,
		CODE_INTERNAL_SERVER_ERROR, "table a already exists");
	assert_int_equal(fixture_number(f->store->db, "PRAGMA user_version"), STORE_SCHEMA_VERSION);
	assert_int_equal(
		fixture_number(f->store->db, "SELECT count(*) FROM sqlite_schema WHERE name = 'a'"),
		0);
}

static void a_step_that_leaves_a_reference_to_nothing_is_undone(void **state)
{
	const char *const steps[] = {SCHEMA_STEPS[0], SCHEMA_STEPS[1], SCHEMA_STEPS[2],
				     SCHEMA_STEPS[3], "DELETE FROM security_group"};
	struct fixture *f = *state;

	OK(f,
	   store_associate(f->store, fixture_group(f, "a"), fixture_instance(f, "vm1"), &f->err));
	open_committed(f);
	REFUSED(f, schema_upgrade(f->store, steps, ARRAY_SIZE(steps), &f->err), EIO,
		CODE_INTERNAL_SERVER_ERROR, "membership");
	assert_int_equal(fixture_number(f->store->db, "SELECT count(*) FROM security_group"), 1);
}

static void a_newer_database_is_refused_with_both_versions(void **state)
{
	struct fixture *f = *state;
	struct store *other = NULL;

	open_committed(f);
	fixture_sql(f, "PRAGMA user_version = 7");
	REFUSED(f, store_open(f->dir, &other, &f->err), EIO, CODE_INTERNAL_SERVER_ERROR,
		"schema version 7 and this sgate knows version 4");
	assert_null(other);
	/* one that was open when the other was upgraded notices */
	REFUSED(f, store_begin_write(f->store, &f->err), EIO, CODE_INTERNAL_SERVER_ERROR,
		"schema version 7");
	REFUSED(f, store_begin_read(f->store, &f->err), EIO, CODE_INTERNAL_SERVER_ERROR,
		"schema version 7");
}

#define RULE \
	"INSERT INTO rule (group_key, direction, policy, protocol, ports, remote, priority, " \
	"description) VALUES "
#define INSTANCE \
	"INSERT INTO instance (id, dev, status, slot, enforced, mode, side, no_group, strict, " \
	"create_time) VALUES "
#define GROUP \
	"INSERT INTO security_group (id, name, description, status, default_position, " \
	"create_time) VALUES "

/* Group 1 `a`, 2 `b`, 3 `c`; 1 and 2 are default groups and those of instance 1 `vm1`. */
static const struct {
	int result;
	const char *sql;
} RAW[] = {
	{SQLITE_CONSTRAINT_CHECK, "INSERT INTO membership VALUES (1, 2, 3)"},
	{SQLITE_CONSTRAINT_CHECK, "INSERT INTO membership VALUES (1, -1, 3)"},
	{SQLITE_CONSTRAINT_PRIMARYKEY, "INSERT INTO membership VALUES (1, 1, 3)"},
	{SQLITE_CONSTRAINT_CHECK, "UPDATE membership SET position = 2 WHERE position = 1"},
	{SQLITE_CONSTRAINT_UNIQUE, "UPDATE membership SET group_key = 1"},
	{SQLITE_CONSTRAINT_NOTNULL, "UPDATE membership SET position = NULL"},
	{SQLITE_CONSTRAINT_FOREIGNKEY, "UPDATE membership SET group_key = 9 "
				       "WHERE position = 0"},
	{SQLITE_CONSTRAINT_FOREIGNKEY, "UPDATE membership SET instance_key = 9"},
	{SQLITE_CONSTRAINT_FOREIGNKEY, "DELETE FROM security_group WHERE key = 1"},
	{SQLITE_CONSTRAINT_FOREIGNKEY, "UPDATE security_group SET key = 9 WHERE key = 1"},

	{SQLITE_CONSTRAINT_CHECK, GROUP "('d', 'd', '', 'Gone', NULL, '')"},
	{SQLITE_CONSTRAINT_CHECK, GROUP "('d', 'd', '', 'Available', 2, '')"},
	{SQLITE_CONSTRAINT_UNIQUE, GROUP "('d', 'd', '', 'Available', 1, '')"},
	{SQLITE_CONSTRAINT_UNIQUE, GROUP "('a', 'd', '', 'Available', NULL, '')"},
	{SQLITE_CONSTRAINT_CHECK, GROUP "('', 'd', '', 'Available', NULL, '')"},
	{SQLITE_CONSTRAINT_CHECK, GROUP "('d e', 'd', '', 'Available', NULL, '')"},
	{SQLITE_CONSTRAINT_CHECK, GROUP "('d', '', '', 'Available', NULL, '')"},
	{SQLITE_CONSTRAINT_CHECK, GROUP "('d', 'd', 'x', 'Available', NULL, '')"},

	{SQLITE_OK, RULE "(3, 'ingress', 'accept', '0', '', '10.0.0.0/8', 100, '')"},
	{SQLITE_CONSTRAINT_UNIQUE,
	 RULE "(3, 'ingress', 'accept', '0', '', '10.0.0.0/8', 100, 'other')"},
	{SQLITE_CONSTRAINT_CHECK, RULE "(3, 'in', 'accept', 'tcp', '', 'any', 1, '')"},
	{SQLITE_CONSTRAINT_CHECK, RULE "(3, 'egress', 'drop', 'tcp', '', 'any', 1, '')"},
	{SQLITE_CONSTRAINT_CHECK, RULE "(3, 'egress', 'deny', 'TCP', '', 'any', 1, '')"},
	{SQLITE_CONSTRAINT_CHECK, RULE "(3, 'egress', 'deny', '6', '', 'any', 1, '')"},
	{SQLITE_CONSTRAINT_CHECK, RULE "(3, 'egress', 'deny', '256', '', 'any', 1, '')"},
	{SQLITE_CONSTRAINT_CHECK, RULE "(3, 'egress', 'deny', '-1', '', 'any', 1, '')"},
	{SQLITE_CONSTRAINT_CHECK, RULE "(3, 'egress', 'deny', '07', '', 'any', 1, '')"},
	{SQLITE_CONSTRAINT_CHECK, RULE "(3, 'egress', 'deny', 'tcp', 'x', 'any', 1, '')"},
	{SQLITE_CONSTRAINT_CHECK, RULE "(3, 'egress', 'deny', 'tcp', '', 'all', 1, '')"},
	{SQLITE_CONSTRAINT_CHECK, RULE "(3, 'egress', 'deny', 'tcp', '', 'any', 0, '')"},
	{SQLITE_CONSTRAINT_CHECK, RULE "(3, 'egress', 'deny', 'tcp', '', 'any', 101, '')"},
	{SQLITE_CONSTRAINT_DATATYPE, RULE "(3, 'egress', 'deny', 'tcp', '', 'any', 'x', '')"},
	{SQLITE_CONSTRAINT_FOREIGNKEY, RULE "(9, 'egress', 'deny', 'tcp', '', 'any', 1, '')"},
	{SQLITE_CONSTRAINT_FOREIGNKEY,
	 RULE "(3, 'egress', 'deny', 'tcp', '', 'group:none', 1, '')"},
	{SQLITE_OK, RULE "(3, 'egress', 'deny', 'tcp', '', 'group:b', 1, '')"},
	{SQLITE_CONSTRAINT_FOREIGNKEY, "UPDATE security_group SET id = 'z' WHERE id = 'b'"},

	{SQLITE_CONSTRAINT_CHECK, INSTANCE "('x', 'x', '', 0, 0, 'tc', 'host', 'drop', 0, '')"},
	{SQLITE_CONSTRAINT_CHECK, INSTANCE "('x', 'x', '', 65536, 0, 'tc', 'host', 'drop', 0, '')"},
	{SQLITE_CONSTRAINT_UNIQUE, INSTANCE "('x', 'x', '', 1, 0, 'tc', 'host', 'drop', 0, '')"},
	{SQLITE_CONSTRAINT_UNIQUE, INSTANCE "('x', 'vm1', '', 9, 0, 'tc', 'host', 'drop', 0, '')"},
	{SQLITE_CONSTRAINT_CHECK,
	 INSTANCE "('x', 'x', 'Running', 9, 0, 'tc', 'host', 'drop', 0, '')"},
	{SQLITE_CONSTRAINT_CHECK, INSTANCE "('x', 'x', '', 9, 2, 'tc', 'host', 'drop', 0, '')"},
	{SQLITE_CONSTRAINT_CHECK, INSTANCE "('x', 'x', '', 9, 0, 'ebpf', 'host', 'drop', 0, '')"},
	{SQLITE_CONSTRAINT_CHECK, INSTANCE "('x', 'x', '', 9, 0, 'tc', 'left', 'drop', 0, '')"},
	{SQLITE_CONSTRAINT_CHECK, INSTANCE "('x', 'x', '', 9, 0, 'tc', 'host', 'deny', 0, '')"},
	{SQLITE_CONSTRAINT_CHECK,
	 INSTANCE "('x', '1234567890123456', '', 9, 0, 'tc', 'host', 'drop', 0, '')"},
	{SQLITE_CONSTRAINT_CHECK, "UPDATE instance SET connections = -1"},
	{SQLITE_CONSTRAINT_CHECK, "UPDATE instance SET connections = 4294967296"},
	{SQLITE_CONSTRAINT_NOTNULL, "UPDATE instance SET connections = NULL"},
	{SQLITE_CONSTRAINT_CHECK, "INSERT INTO setting VALUES ('share', 0)"},
	{SQLITE_CONSTRAINT_DATATYPE, "INSERT INTO setting VALUES ('share', 'x')"},
	{SQLITE_CONSTRAINT_CHECK, "INSERT INTO instance_address VALUES (1, 64, '10.0.0.1/32')"},
	{SQLITE_CONSTRAINT_CHECK, "INSERT INTO instance_mac VALUES (1, 0, 'x')"},
	{SQLITE_CONSTRAINT_CHECK, "INSERT INTO instance_ethertype VALUES (1, 8, '0x88cc')"},
	{SQLITE_CONSTRAINT_FOREIGNKEY,
	 "INSERT INTO instance_mac VALUES (9, 0, '02:00:00:00:00:01')"},
};

static void raw_sql_cannot_store_what_must_not_be(void **state)
{
	static const char *const ids[] = {"a", "b", "c"};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		struct group group = {.name = "n", .available = true, .is_default = i < 2};

		strcpy(group.id, ids[i]);
		OK(f, store_group_add(f->store, &group, &f->err));
		assert_int_equal(group.key, i + 1);
	}
	assert_int_equal(fixture_instance(f, "vm1"), 1);
	for (size_t i = 0; i < ARRAY_SIZE(RAW); i++) {
		int result = fixture_sql(f, RAW[i].sql);

		if (result != RAW[i].result)
			fail_msg("%s: %d, not %d: %s", RAW[i].sql, result, RAW[i].result,
				 sqlite3_errmsg(f->store->db));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DIRECTORY_TEST(an_empty_database_becomes_this_version),
		DIRECTORY_TEST(a_database_of_version_1_keeps_what_is_stored),
		STORE_TEST(a_step_runs_once_and_keeps_what_is_stored),
		STORE_TEST(a_step_that_fails_changes_nothing),
		STORE_TEST(a_step_that_leaves_a_reference_to_nothing_is_undone),
		STORE_TEST(a_newer_database_is_refused_with_both_versions),
		STORE_TEST(raw_sql_cannot_store_what_must_not_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
