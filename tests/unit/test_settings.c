// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_settings.c - settings of the connection table: defaults, what is stored,
 * and what is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "control/internal.h"
#include "unit/store_fixture.h"

#define TOO_LARGE CODE_INVALID_PARAMETER_EXCEED_MAXIMUM
#define TOO_SMALL CODE_INVALID_PARAMETER_LESS_MINIMUM

static struct connection_settings load(struct fixture *f)
{
	struct connection_settings settings;

	OK(f, settings_load(f->store, &settings, &f->err));
	return settings;
}

static void what_is_not_set_has_its_default(void **state)
{
	struct fixture *f = *state;
	struct connection_settings settings = load(f), standard;

	connection_settings_default(&standard);
	assert_memory_equal(&settings, &standard, sizeof(settings));
	assert_int_equal(settings.seconds[SG_PHASE_TCP_ESTABLISHED], 432000);
	/* the defaults are within the bounds themselves */
	OK(f, settings_change(f->store, &standard, &settings, &f->err));
	assert_memory_equal(&settings, &standard, sizeof(settings));
}

static void a_change_leaves_what_it_does_not_name(void **state)
{
	struct fixture *f = *state;
	struct connection_settings settings = load(f), before = settings;
	struct connection_settings change = {.share = 100, .seconds[SG_PHASE_UDP_REPLIED] = 7};
	struct connection_settings again = {.fragment_seconds = 9};

	OK(f, settings_change(f->store, &change, &settings, &f->err));
	OK(f, settings_change(f->store, &again, &settings, &f->err));
	before.share = 100;
	before.seconds[SG_PHASE_UDP_REPLIED] = 7;
	before.fragment_seconds = 9;
	assert_memory_equal(&settings, &before, sizeof(settings));
	settings = load(f);
	assert_memory_equal(&settings, &before, sizeof(settings));
	/* what has its default is not stored, so that it follows a new one */
	assert_int_equal(fixture_number(f->store->db, "SELECT count(*) FROM setting"), 3);
}

static void each_phase_is_stored_by_itself(void **state)
{
	struct fixture *f = *state;
	struct connection_settings settings = load(f), change = {0};

	for (uint32_t phase = 0; phase < SG_PHASE_COUNT; phase++)
		change.seconds[phase] = 1000 + phase;
	OK(f, settings_change(f->store, &change, &settings, &f->err));
	settings = load(f);
	assert_memory_equal(settings.seconds, change.seconds, sizeof(change.seconds));
}

static void a_table_is_a_power_of_two_of_buckets(void **state)
{
	static const struct {
		uint32_t asked, entries;
	} rows[] = {
		{SETTINGS_MIN_ENTRIES, SETTINGS_MIN_ENTRIES},
		{SETTINGS_MIN_ENTRIES + 1, 2 * SETTINGS_MIN_ENTRIES},
		{100000, 131072},
		{131072, 131072},
		{131073, 262144},
		{SETTINGS_MAX_ENTRIES - 1, SETTINGS_MAX_ENTRIES},
		{SETTINGS_MAX_ENTRIES, SETTINGS_MAX_ENTRIES},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct connection_settings settings = load(f);
		struct connection_settings change = {.share = 1, .entries = rows[i].asked};

		OK(f, settings_change(f->store, &change, &settings, &f->err));
		assert_int_equal(settings.entries, rows[i].entries);
		settings = load(f);
		assert_int_equal(settings.entries, rows[i].entries);
	}
}

static void what_makes_no_sense_is_refused_and_nothing_stored(void **state)
{
	static const struct {
		struct connection_settings change;
		const char *code;
		const char *fragment;
	} rows[] = {
		{{.seconds[SG_PHASE_TCP_CLOSED] = SETTINGS_MAX_SECONDS + 1},
		 TOO_LARGE,
		 "timeout of closed 31536001 is out of range: use 1 to 31536000"},
		{{.fragment_seconds = UINT32_MAX}, TOO_LARGE, "timeout of fragments 4294967295"},
		{{.entries = SETTINGS_MIN_ENTRIES - 1}, TOO_SMALL, "table 8191 is out of range"},
		{{.entries = SETTINGS_MAX_ENTRIES + 1}, TOO_LARGE, "table 16777217"},
		{{.entries = UINT32_MAX}, TOO_LARGE, "table 4294967295"},
		{{.share = 8193, .entries = 16384}, TOO_LARGE, "use 1 to 8192, half of the table"},
		{{.instances = SG_MAX_INSTANCES + 1},
		 TOO_LARGE,
		 "instances 65536 is out of range: use 1 to 65535"},
		{{.share = UINT32_MAX}, TOO_LARGE, "share 4294967295 is out of range"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct connection_settings settings = load(f), before = settings;

		REFUSED(f, settings_change(f->store, &rows[i].change, &settings, &f->err), EINVAL,
			rows[i].code, rows[i].fragment);
		assert_memory_equal(&settings, &before, sizeof(settings));
	}
	assert_int_equal(fixture_number(f->store->db, "SELECT count(*) FROM setting"), 0);
}

static void an_instance_keeps_what_it_was_given(void **state)
{
	struct fixture *f = *state;
	struct connection_settings settings = load(f), change = {.share = 1};
	struct instance instance = {.id = "vm1", .dev = "tap0"};

	instance.options.connections = connection_share_max(&settings);
	OK(f, settings_check_connections(&settings, &instance, &f->err));
	OK(f, store_instance_add(f->store, &instance, &f->err));
	REFUSED(f, settings_change(f->store, &change, &settings, &f->err), EINVAL, TOO_LARGE,
		"instance \"vm1\" cannot have");
	instance.options.connections++;
	REFUSED(f, settings_check_connections(&settings, &instance, &f->err), EINVAL, TOO_LARGE,
		"sgate connections set --share");
	instance.options.connections = 0;
	OK(f, store_instance_update(f->store, &instance, &f->err));
	OK(f, settings_change(f->store, &change, &settings, &f->err));
}

static void an_instance_keeps_its_slot(void **state)
{
	struct fixture *f = *state;
	struct connection_settings settings = load(f), change = {.instances = 1};
	struct instance first = {.id = "vm1", .dev = "tap1"}, second = {.id = "vm2", .dev = "tap2"};

	OK(f, store_instance_add(f->store, &first, &f->err));
	OK(f, store_instance_add(f->store, &second, &f->err));
	REFUSED(f, settings_change(f->store, &change, &settings, &f->err), EINVAL, TOO_SMALL,
		"instance \"vm2\" has number 2 of them");
	change.instances = 2;
	OK(f, settings_change(f->store, &change, &settings, &f->err));
	OK(f, settings_check_slot(&settings, 2, &second, &f->err));
	REFUSED(f, settings_check_slot(&settings, 1, &second, &f->err), ENOSPC,
		CODE_OPERATION_DENIED_POLICY_TOO_LARGE, "the maps were made for 1 instances");
	second.slot = 3;
	REFUSED(f, settings_check_slot(&settings, 9, &second, &f->err), ENOSPC,
		CODE_OPERATION_DENIED_POLICY_TOO_LARGE, "the maps are for 2 instances");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(what_is_not_set_has_its_default),
		STORE_TEST(a_change_leaves_what_it_does_not_name),
		STORE_TEST(each_phase_is_stored_by_itself),
		STORE_TEST(a_table_is_a_power_of_two_of_buckets),
		STORE_TEST(what_makes_no_sense_is_refused_and_nothing_stored),
		STORE_TEST(an_instance_keeps_what_it_was_given),
		STORE_TEST(an_instance_keeps_its_slot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
