// SPDX-License-Identifier: GPL-2.0-only
/*
 * schema.c - the tables, and how an older database becomes a newer one.
 *
 * The schema holds every limit that the program relies on, so that nothing, a
 * hand at the sqlite3 prompt included, can store what must not be. Keys are
 * AUTOINCREMENT: a number that was given away once is never used again.
 *
 * A step is never edited after a release: a change is one more step and
 * STORE_SCHEMA_VERSION one higher.
 */
#include "store/schema.h"

#include <errno.h>
#include <stdio.h>

#include "model/code.h"
#include "model/instance.h"
#include "model/rule.h"
#include "store/statement.h"
#include "store/store.h"
#include "util/array.h"

/* Numbers below that are these constants. One that changes needs a step. */
_Static_assert(ID_MAX == 64 && NAME_MAX_LENGTH == 64, "ids, names");
_Static_assert(DESCRIPTION_MIN == 2 && DESCRIPTION_MAX == 255, "descriptions of groups");
_Static_assert(RULE_DESCRIPTION_MAX == 255, "descriptions of rules");
_Static_assert(PRIORITY_MIN == 1 && PRIORITY_MAX == 100, "priorities");
_Static_assert(DEV_MAX == 15, "interface names");
_Static_assert(SG_MAX_INSTANCES == 65535, "slots");
_Static_assert(SG_MAX_GROUPS_PER_INSTANCE == 2, "positions of memberships and default groups");
_Static_assert(INSTANCE_MAX_ADDRESSES == 64 && SG_MAX_ETHERTYPES == 8, "positions of options");

static const char VERSION_1[] =
	/* Facts about the state directory itself. */
	"CREATE TABLE fact ("
	"  name TEXT NOT NULL PRIMARY KEY,"
	"  value TEXT NOT NULL"
	") STRICT, WITHOUT ROWID;"

	/* default_position: not NULL is a default group, of which an instance can have two. */
	"CREATE TABLE security_group ("
	"  key INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  id TEXT NOT NULL UNIQUE"
	"    CHECK (length(id) BETWEEN 1 AND 64 AND id NOT GLOB '*[^-A-Za-z0-9._]*'),"
	"  name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 64),"
	"  description TEXT NOT NULL"
	"    CHECK (description = '' OR length(description) BETWEEN 2 AND 255),"
	"  status TEXT NOT NULL CHECK (status IN ('Available', 'Unavailable')),"
	"  default_position INTEGER UNIQUE CHECK (default_position IN (0, 1)),"
	"  create_time TEXT NOT NULL"
	") STRICT;"
	"CREATE INDEX security_group_name ON security_group (name);"

	/*
	 * Columns are canonical text; no ports are all ports. The unique ones are
	 * the rule's identity, the most telling first, since they are compared
	 * from the left. A long IN would be built as a table for each row: a third
	 * of the time of inserting one.
	 */
	"CREATE TABLE rule ("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  group_key INTEGER NOT NULL REFERENCES security_group (key) ON DELETE CASCADE,"
	"  direction TEXT NOT NULL CHECK (direction IN ('ingress', 'egress')),"
	"  policy TEXT NOT NULL CHECK (policy IN ('accept', 'deny')),"
	"  protocol TEXT NOT NULL CHECK ("
	"    protocol = 'tcp' OR protocol = 'udp' OR protocol = 'all' OR protocol = 'icmp'"
	"    OR protocol = 'icmpv6' OR protocol = 'sctp' OR protocol = 'gre'"
	"    OR protocol = CAST(CAST(protocol AS INTEGER) AS TEXT)"
	"      AND CAST(protocol AS INTEGER) BETWEEN 0 AND 255"
	"      AND protocol NOT IN ('6', '17', '47', '132')),"
	"  ports TEXT NOT NULL CHECK (ports NOT GLOB '*[^-/,0-9]*'),"
	"  remote TEXT NOT NULL"
	"    CHECK (remote = 'any' OR remote GLOB 'group:?*' OR remote GLOB '*?/?*'),"
	"  priority INTEGER NOT NULL CHECK (priority BETWEEN 1 AND 100),"
	"  description TEXT NOT NULL CHECK (length(description) <= 255),"
	"  remote_group TEXT"
	"    GENERATED ALWAYS AS (CASE WHEN remote GLOB 'group:*' THEN substr(remote, 7) END)"
	"    STORED REFERENCES security_group (id),"
	"  UNIQUE (group_key, remote, ports, protocol, direction, policy, priority)"
	") STRICT;"
	"CREATE INDEX rule_group ON rule (group_key);"
	"CREATE INDEX rule_remote_group ON rule (remote_group) WHERE remote_group IS NOT NULL;"

	/* status '': as the interface is. */
	"CREATE TABLE instance ("
	"  key INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  id TEXT NOT NULL UNIQUE"
	"    CHECK (length(id) BETWEEN 1 AND 64 AND id NOT GLOB '*[^-A-Za-z0-9._]*'),"
	"  dev TEXT NOT NULL UNIQUE CHECK (length(CAST(dev AS BLOB)) BETWEEN 1 AND 15),"
	"  status TEXT NOT NULL"
	"    CHECK (length(status) <= 64 AND status NOT GLOB '*[^A-Z0-9_]*'),"
	"  slot INTEGER NOT NULL UNIQUE CHECK (slot BETWEEN 1 AND 4095),"
	"  enforced INTEGER NOT NULL CHECK (enforced IN (0, 1)),"
	"  mode TEXT NOT NULL CHECK (mode IN ('auto', 'tc', 'xdp', 'xdp-generic')),"
	"  side TEXT NOT NULL CHECK (side IN ('auto', 'host', 'guest')),"
	"  no_group TEXT NOT NULL CHECK (no_group IN ('auto', 'drop', 'pass')),"
	"  strict INTEGER NOT NULL CHECK (strict IN (0, 1)),"
	"  create_time TEXT NOT NULL"
	") STRICT;"

	/* Options that are lists, in the order in which they were given. */
	"CREATE TABLE instance_address ("
	"  instance_key INTEGER NOT NULL REFERENCES instance (key) ON DELETE CASCADE,"
	"  position INTEGER NOT NULL CHECK (position BETWEEN 0 AND 63),"
	"  value TEXT NOT NULL CHECK (value GLOB '*?/?*'),"
	"  PRIMARY KEY (instance_key, position),"
	"  UNIQUE (instance_key, value)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE instance_mac ("
	"  instance_key INTEGER NOT NULL REFERENCES instance (key) ON DELETE CASCADE,"
	"  position INTEGER NOT NULL CHECK (position BETWEEN 0 AND 63),"
	"  value TEXT NOT NULL CHECK (length(value) = 17 AND value NOT GLOB '*[^0-9A-Fa-f:]*'),"
	"  PRIMARY KEY (instance_key, position),"
	"  UNIQUE (instance_key, value)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE instance_ethertype ("
	"  instance_key INTEGER NOT NULL REFERENCES instance (key) ON DELETE CASCADE,"
	"  position INTEGER NOT NULL CHECK (position BETWEEN 0 AND 7),"
	"  value TEXT NOT NULL CHECK (length(value) = 6 AND value GLOB '0x*'),"
	"  PRIMARY KEY (instance_key, position),"
	"  UNIQUE (instance_key, value)"
	") STRICT, WITHOUT ROWID;"

	/* Two positions, so two groups: a third has no place to be stored in. */
	"CREATE TABLE membership ("
	"  instance_key INTEGER NOT NULL REFERENCES instance (key) ON DELETE CASCADE,"
	"  position INTEGER NOT NULL CHECK (position IN (0, 1)),"
	"  group_key INTEGER NOT NULL REFERENCES security_group (key),"
	"  PRIMARY KEY (instance_key, position),"
	"  UNIQUE (instance_key, group_key)"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX membership_group ON membership (group_key);";

static const char VERSION_2[] =
	/* Its share of the connection table; 0: the default one. */
	"ALTER TABLE instance ADD COLUMN connections INTEGER NOT NULL DEFAULT 0"
	"  CHECK (connections BETWEEN 0 AND 4294967295);"

	/* Numbers for the whole state directory; what is not here has its default. */
	"CREATE TABLE setting ("
	"  name TEXT NOT NULL PRIMARY KEY,"
	"  value INTEGER NOT NULL CHECK (value BETWEEN 1 AND 4294967295)"
	") STRICT, WITHOUT ROWID;";

/* More slots. A check is altered by making the table again; its keys go on where they were. */
static const char VERSION_3[] =
	"CREATE TABLE instance_3 ("
	"  key INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  id TEXT NOT NULL UNIQUE"
	"    CHECK (length(id) BETWEEN 1 AND 64 AND id NOT GLOB '*[^-A-Za-z0-9._]*'),"
	"  dev TEXT NOT NULL UNIQUE CHECK (length(CAST(dev AS BLOB)) BETWEEN 1 AND 15),"
	"  status TEXT NOT NULL"
	"    CHECK (length(status) <= 64 AND status NOT GLOB '*[^A-Z0-9_]*'),"
	"  slot INTEGER NOT NULL UNIQUE CHECK (slot BETWEEN 1 AND 65535),"
	"  enforced INTEGER NOT NULL CHECK (enforced IN (0, 1)),"
	"  mode TEXT NOT NULL CHECK (mode IN ('auto', 'tc', 'xdp', 'xdp-generic')),"
	"  side TEXT NOT NULL CHECK (side IN ('auto', 'host', 'guest')),"
	"  no_group TEXT NOT NULL CHECK (no_group IN ('auto', 'drop', 'pass')),"
	"  strict INTEGER NOT NULL CHECK (strict IN (0, 1)),"
	"  create_time TEXT NOT NULL,"
	"  connections INTEGER NOT NULL DEFAULT 0 CHECK (connections BETWEEN 0 AND 4294967295)"
	") STRICT;"
	"INSERT INTO instance_3 SELECT key, id, dev, status, slot, enforced, mode, side, no_group, "
	"  strict, create_time, connections FROM instance;"
	"DELETE FROM sqlite_sequence WHERE name = 'instance_3';"
	"INSERT INTO sqlite_sequence (name, seq)"
	"  SELECT 'instance_3', seq FROM sqlite_sequence WHERE name = 'instance';"
	"DROP TABLE instance;"
	"ALTER TABLE instance_3 RENAME TO instance;";

static const char VERSION_4[] =
	/* Whether dev may be an alternative name of its interface. */
	"ALTER TABLE instance ADD COLUMN match_altname INTEGER NOT NULL DEFAULT 0"
	"  CHECK (match_altname IN (0, 1));";

const char *const SCHEMA_STEPS[] = {VERSION_1, VERSION_2, VERSION_3, VERSION_4};
_Static_assert(ARRAY_SIZE(SCHEMA_STEPS) == STORE_SCHEMA_VERSION, "a step for each version");

static int version_get(struct store *store, int *version_out, struct error *err)
{
	int64_t version;
	int r = store_query_integer(store, "PRAGMA user_version", NO_VALUES, &version, err);

	if (r)
		return r;
	*version_out = (int)version;
	return 0;
}

static int version_set(struct store *store, int version, struct error *err)
{
	char sql[64];

	snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", version);
	return store_script(store, sql, err);
}

static int newer(struct store *store, int version, int wanted, struct error *err)
{
	return error_set(err, EIO, CODE_INTERNAL_SERVER_ERROR,
			 "database \"%s\" has schema version %d and this sgate knows version %d: "
			 "use the newer sgate that wrote it",
			 store->path, version, wanted);
}

int schema_check(struct store *store, int wanted, struct error *err)
{
	int version;
	int r = version_get(store, &version, err);

	if (r)
		return r;
	if (version > wanted)
		return newer(store, version, wanted, err);
	if (version < wanted)
		return error_set(err, EIO, CODE_INTERNAL_SERVER_ERROR,
				 "database \"%s\" has schema version %d, older than when it was "
				 "opened with version %d: run sgate again",
				 store->path, version, wanted);
	return 0;
}

/* What a step that rebuilds a table may have left pointing at nothing. */
static int foreign_keys_check(struct store *store, struct error *err)
{
	AUTO_STATEMENT sqlite3_stmt *statement = NULL;
	int r = store_query(store, "PRAGMA foreign_key_check", NO_VALUES, &statement, err);

	if (!r)
		r = statement_step(store, statement, err);
	if (r <= 0)
		return r;
	return store_corrupt(store, "reference in table",
			     (const char *)sqlite3_column_text(statement, 0), err);
}

static int steps_run(struct store *store, const char *const steps[], int count, struct error *err)
{
	int version;
	int r = version_get(store, &version, err);

	if (r)
		return r;
	if (version < 0 || version > count)
		return newer(store, version, count, err);
	if (version == count)
		return 0;
	for (; version < count; version++) {
		r = store_script(store, steps[version], err);
		if (r)
			return r;
	}
	r = foreign_keys_check(store, err);
	if (r)
		return r;
	return version_set(store, count, err);
}

int schema_upgrade(struct store *store, const char *const steps[], int count, struct error *err)
{
	int version;
	int r = version_get(store, &version, err);

	if (r || version == count)
		return r;
	if (version > count)
		return newer(store, version, count, err);
	/* Rebuilding a table must not cascade to those that refer to it; off only outside of a
	 * transaction. */
	r = store_script(store, "PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE", err);
	if (r)
		return r;
	r = steps_run(store, steps, count, err);
	if (!r)
		r = store_script(store, "COMMIT", err);
	if (r && !sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	if (r)
		return r;
	return store_script(store, "PRAGMA foreign_keys = ON", err);
}
