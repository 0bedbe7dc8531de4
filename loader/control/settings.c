// SPDX-License-Identifier: GPL-2.0-only
/*
 * settings.c - the settings of the connection table: what is stored, what has
 * its default, and what can be.
 */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "control/internal.h"
#include "model/code.h"
#include "util/array.h"
#include "util/cleanup.h"

/* A field under the name that the store has for it. */
struct field {
	const char *name;
	size_t offset;
	const char *what; /* of a timeout, for messages; NULL for a number of entries */
};

static const struct field fields[] = {
	{"share", offsetof(struct connection_settings, share), NULL},
	{"table", offsetof(struct connection_settings, entries), NULL},
	{"instances", offsetof(struct connection_settings, instances), NULL},
	{"timeout-fragment", offsetof(struct connection_settings, fragment_seconds), "fragments"},
#define X(name, label, default_seconds) \
	{"timeout-" label, \
	 offsetof(struct connection_settings, seconds) + SG_PHASE_##name * sizeof(uint32_t), \
	 label},
	SG_PHASES(X)
#undef X
};

static uint32_t *field_of(struct connection_settings *settings, const struct field *field)
{
	return (uint32_t *)((char *)settings + field->offset);
}

static uint32_t value_of(const struct connection_settings *settings, const struct field *field)
{
	return *(const uint32_t *)((const char *)settings + field->offset);
}

int settings_load(struct store *store, struct connection_settings *settings_out, struct error *err)
{
	struct connection_settings settings;

	connection_settings_default(&settings);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		uint32_t value;
		int r = store_setting_get(store, fields[i].name, &value, err);

		if (r)
			return r;
		if (value)
			*field_of(&settings, &fields[i]) = value;
	}
	*settings_out = settings;
	return 0;
}

/* Whole buckets, and a power of two of them. */
static uint32_t round_up(uint32_t entries)
{
	uint32_t rounded = SG_BUCKET_ENTRIES;

	while (rounded < entries)
		rounded *= 2;
	return rounded;
}

static int out_of_range(const char *what, uint32_t value, uint32_t least, uint32_t most,
			struct error *err)
{
	return error_set(err, EINVAL,
			 value < least ? CODE_INVALID_PARAMETER_LESS_MINIMUM
				       : CODE_INVALID_PARAMETER_EXCEED_MAXIMUM,
			 "%s %" PRIu32 " is out of range: use %" PRIu32 " to %" PRIu32, what, value,
			 least, most);
}

static int check_seconds(const struct connection_settings *settings, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		uint32_t value = value_of(settings, &fields[i]);
		char what[64];

		if (!fields[i].what || (value && value <= SETTINGS_MAX_SECONDS))
			continue;
		snprintf(what, sizeof(what), "timeout of %s", fields[i].what);
		return out_of_range(what, value, 1, SETTINGS_MAX_SECONDS, err);
	}
	return 0;
}

/* The window of an instance is twice a share, and has a least size. */
static int check_sizes(const struct connection_settings *settings, struct error *err)
{
	if (settings->entries < SETTINGS_MIN_ENTRIES || settings->entries > SETTINGS_MAX_ENTRIES)
		return out_of_range("table", settings->entries, SETTINGS_MIN_ENTRIES,
				    SETTINGS_MAX_ENTRIES, err);
	if (!settings->instances || settings->instances > SG_MAX_INSTANCES)
		return out_of_range("instances", settings->instances, 1, SG_MAX_INSTANCES, err);
	if (!settings->share || settings->share > settings->entries / 2)
		return error_set(err, EINVAL,
				 settings->share ? CODE_INVALID_PARAMETER_EXCEED_MAXIMUM
						 : CODE_INVALID_PARAMETER_LESS_MINIMUM,
				 "share %" PRIu32 " is out of range: use 1 to %" PRIu32
				 ", half of the table of %" PRIu32 " entries",
				 settings->share, settings->entries / 2, settings->entries);
	return 0;
}

int settings_check_connections(const struct connection_settings *settings,
			       const struct instance *instance, struct error *err)
{
	uint32_t most = connection_share_max(settings);

	if (instance->options.connections <= most)
		return 0;
	return error_set(err, EINVAL, CODE_INVALID_PARAMETER_EXCEED_MAXIMUM,
			 "instance \"%s\" cannot have %" PRIu32 " connections, its part of the "
			 "table holds %" PRIu32 ": ask for fewer, or enlarge all parts with sgate "
			 "connections set --share",
			 instance->id, instance->options.connections, most);
}

int settings_check_slot(const struct connection_settings *settings, uint32_t made_for,
			const struct instance *instance, struct error *err)
{
	bool is_set = instance->slot <= settings->instances;

	if (is_set && instance->slot <= made_for)
		return 0;
	return error_set(err, ENOSPC, CODE_OPERATION_DENIED_POLICY_TOO_LARGE,
			 "no room for instance \"%s\": the maps %s for %" PRIu32
			 " instances: remove one, or raise sgate connections set --instances%s",
			 instance->id, is_set ? "were made" : "are",
			 is_set ? made_for : settings->instances,
			 is_set ? ", which is used when the maps are next made" : "");
}

/* No instance may have been promised more than it could have then. */
static int check_instances(struct store *store, const struct connection_settings *settings,
			   struct error *err)
{
	AUTO(instances_fini) struct instances instances = {};
	int r = store_instance_list(store, &instances, err);

	for (size_t i = 0; !r && i < instances.count; i++) {
		r = settings_check_connections(settings, &instances.items[i], err);
		if (!r && instances.items[i].slot > settings->instances)
			r = error_set(err, EINVAL, CODE_INVALID_PARAMETER_LESS_MINIMUM,
				      "instances %" PRIu32 " is out of range: instance \"%s\" has "
				      "number %" PRIu32 " of them; remove it first",
				      settings->instances, instances.items[i].id,
				      instances.items[i].slot);
	}
	return r;
}

int settings_change(struct store *store, const struct connection_settings *change,
		    struct connection_settings *settings, struct error *err)
{
	struct connection_settings changed = *settings;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (value_of(change, &fields[i]))
			*field_of(&changed, &fields[i]) = value_of(change, &fields[i]);
	}
	r = check_seconds(&changed, err);
	if (!r)
		r = check_sizes(&changed, err);
	if (r)
		return r;
	changed.entries = round_up(changed.entries);
	r = check_instances(store, &changed, err);
	for (size_t i = 0; !r && i < ARRAY_SIZE(fields); i++) {
		if (value_of(change, &fields[i]))
			r = store_setting_set(store, fields[i].name, value_of(&changed, &fields[i]),
					      err);
	}
	if (!r)
		*settings = changed;
	return r;
}
