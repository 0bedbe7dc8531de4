// SPDX-License-Identifier: GPL-2.0-only
/*
 * settings.c - timeouts and sizes of the connection table, shown and changed.
 */
#include "cmd/commands.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/output.h"
#include "cmd/session.h"
#include "model/code.h"
#include "util/cleanup.h"
#include "util/number.h"
#include "util/quote.h"

static json_t *timeouts_document(const struct connection_settings *settings)
{
	json_t *object = json_object();

	for (int phase = 0; object && phase < SG_PHASE_COUNT; phase++) {
		if (json_object_set_new(object, phase_label(phase),
					json_integer(settings->seconds[phase]))) {
			json_decref(object);
			object = NULL;
		}
	}
	return object;
}

static json_t *settings_document(const struct connection_settings *settings)
{
	return json_pack("{s:o, s:I, s:I, s:I, s:I, s:I}", "timeouts", timeouts_document(settings),
			 "fragmentTimeout", (json_int_t)settings->fragment_seconds, "share",
			 (json_int_t)settings->share, "shareMax",
			 (json_int_t)connection_share_max(settings), "table",
			 (json_int_t)settings->entries, "instances",
			 (json_int_t)settings->instances);
}

static int print_settings(const json_t *document, struct error *err)
{
	static const struct column columns[] = {
		{"fragment timeout", "fragmentTimeout"},
		{"share", "share"},
		{"largest share", "shareMax"},
		{"table", "table"},
		{"instances", "instances"},
		{NULL, NULL},
	};
	json_t *timeouts = json_object_get(document, "timeouts");
	const char *label;
	json_t *seconds;

	json_object_foreach(timeouts, label, seconds)
	{
		AUTO_FREE char *text = value_text(seconds);

		if (!text)
			return out_of_memory(err);
		printf("timeout %s: %s\n", label, text);
	}
	return output_fields(document, columns, err);
}

int cmd_connections_settings(const struct invocation *invocation, struct error *err)
{
	AUTO_SESSION struct control *control = NULL;
	AUTO_JSON json_t *document = NULL;
	struct connection_settings settings;
	int r = session_open(invocation, &control, err);

	if (!r)
		r = control_settings_read(control, &settings, err);
	if (r)
		return r;
	document = settings_document(&settings);
	if (invocation->json || !document)
		return output_json(document, err);
	return print_settings(document, err);
}

/* A number from 1 on; "default" is `standard`. */
static int read_number(const char *option, const char *text, uint32_t max, uint32_t standard,
		       uint32_t *value_out, struct error *err)
{
	uint64_t value = standard;

	if (strcmp(text, "default") && number_parse(text, 1, max, &value))
		return error_set(
			err, EINVAL, CODE_INVALID_PARAMETER_VALUE,
			"invalid value \"%s\" of --%s: use a number from 1 to %u, or default",
			quote(text).text, option, max);
	*value_out = (uint32_t)value;
	return 0;
}

static int phase_find(const char *text, size_t length)
{
	for (int phase = 0; phase < SG_PHASE_COUNT; phase++) {
		const char *label = phase_label(phase);

		if (strlen(label) == length && !memcmp(label, text, length))
			return phase;
	}
	return -1;
}

/* "half-open=30" */
static int read_timeout(const char *text, const struct connection_settings *standard,
			struct connection_settings *change, struct error *err)
{
	size_t length = strcspn(text, "=");
	int phase = phase_find(text, length);

	if (phase < 0 || !text[length])
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_VALUE,
				 "invalid timeout \"%s\": use PHASE=SECONDS, as in half-open=30; "
				 "sgate connections settings shows the phases",
				 quote(text).text);
	return read_number("timeout", text + length + 1, SETTINGS_MAX_SECONDS,
			   standard->seconds[phase], &change->seconds[phase], err);
}

/* What is not given is 0. */
static int read_change(const struct invocation *invocation, struct connection_settings *change,
		       struct error *err)
{
	const char *fragment = option_value(invocation, "fragment-timeout");
	const char *share = option_value(invocation, "share");
	const char *table = option_value(invocation, "table");
	const char *instances = option_value(invocation, "instances");
	struct connection_settings standard;
	size_t position = 0;
	int r = 0;

	connection_settings_default(&standard);
	for (const char *text; !r && (text = option_next(invocation, "timeout", &position));)
		r = read_timeout(text, &standard, change, err);
	if (!r && fragment)
		r = read_number("fragment-timeout", fragment, SETTINGS_MAX_SECONDS,
				standard.fragment_seconds, &change->fragment_seconds, err);
	if (!r && share)
		r = read_number("share", share, SETTINGS_MAX_ENTRIES, standard.share,
				&change->share, err);
	if (!r && table)
		r = read_number("table", table, SETTINGS_MAX_ENTRIES, standard.entries,
				&change->entries, err);
	if (!r && instances)
		r = read_number("instances", instances, SG_MAX_INSTANCES, standard.instances,
				&change->instances, err);
	if (!r && !option_given(invocation, "timeout") && !fragment && !share && !table &&
	    !instances)
		return usage_error(invocation, err, "nothing to set: give an option");
	return r;
}

/* What is set, and which of it waits until the maps are made again. */
static int output_set(const struct invocation *invocation, struct control *control,
		      struct error *err)
{
	AUTO_JSON json_t *document = NULL;
	struct connection_settings settings;
	bool is_pending;
	int r = control_settings_pending(control, &is_pending, err);

	if (!r && !invocation->json && is_pending)
		return output_line("",
				   "sizes are used when the maps are next made: after a reboot, "
				   "or when the bpffs directory is new; all else is in force",
				   err);
	if (!r)
		r = control_settings_read(control, &settings, err);
	if (r || !invocation->json)
		return r;
	document = settings_document(&settings);
	if (json_object_set_new(document, "sizesPending", json_boolean(is_pending)))
		return out_of_memory(err);
	return output_json(document, err);
}

int cmd_connections_set(const struct invocation *invocation, struct error *err)
{
	AUTO_SESSION struct control *control = NULL;
	struct connection_settings change = {0};
	int r = read_change(invocation, &change, err);

	if (!r)
		r = session_open(invocation, &control, err);
	if (!r)
		r = control_connections_configure(control, &change, err);
	return r ? r : output_set(invocation, control, err);
}
