// SPDX-License-Identifier: GPL-2.0-only
/*
 * arguments.c - arguments and options into objects of the model.
 */
#include "cmd/arguments.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/output.h"
#include "codec/rule_text.h"
#include "model/code.h"
#include "util/cleanup.h"
#include "util/number.h"
#include "util/quote.h"

int argument_rule(const char *text, struct rules *rules, struct error *err)
{
	AUTO(rule_fini) struct rule rule = {0};
	int r = rule_parse(text, &rule, err);

	if (!r && rules_add(rules, &rule))
		r = out_of_memory(err);
	return r;
}

static int add_mac(struct instance_options *options, const char *text, struct error *err)
{
	struct mac mac;
	int r = mac_parse(text, &mac, err);

	return r ? r : instance_options_add_mac(options, &mac, err);
}

static int add_address(struct instance_options *options, const char *text, struct error *err)
{
	struct prefix prefix;
	int r = prefix_parse(text, &prefix, err);

	return r ? r : instance_options_add_address(options, &prefix, err);
}

/* The values of a repeatable option; "none" alone is an empty list. */
static int read_list(const struct invocation *invocation, const char *name,
		     int (*add)(struct instance_options *, const char *, struct error *),
		     struct instance_options *options, bool *set_out, struct error *err)
{
	size_t position = 0, count = 0;
	bool has_none = false;
	int r = 0;

	for (const char *value; !r && (value = option_next(invocation, name, &position)); count++) {
		if (!strcmp(value, "none"))
			has_none = true;
		else
			r = add(options, value, err);
	}
	if (!r && has_none && count > 1)
		return usage_error(invocation, err, "--%s none beside another --%s", name, name);
	*set_out = count > 0;
	return r;
}

static int read_words(const struct invocation *invocation, struct instance_change *change,
		      struct error *err)
{
	struct instance_options *options = &change->options;
	const char *mode = option_value(invocation, "mode");
	const char *side = option_value(invocation, "side");
	const char *no_group = option_value(invocation, "no-group");
	int r = 0;

	change->set_mode = mode;
	change->set_side = side;
	change->set_no_group = no_group;
	if (mode)
		r = mode_parse(mode, &options->mode, err);
	if (!r && side)
		r = side_parse(side, &options->side, err);
	if (!r && no_group)
		r = no_group_parse(no_group, &options->no_group, err);
	return r;
}

/* An option and its opposite, --no-NAME. */
static int read_switch(const struct invocation *invocation, const char *name, bool *set_out,
		       bool *on_out, struct error *err)
{
	char opposite[32];
	bool on = option_given(invocation, name), off;

	snprintf(opposite, sizeof(opposite), "no-%s", name);
	off = option_given(invocation, opposite);
	if (on && off)
		return usage_error(invocation, err, "--%s beside --%s", name, opposite);
	*set_out = on || off;
	*on_out = on;
	return 0;
}

/* "default" hands it back to the setting for all. */
static int read_connections(const struct invocation *invocation, struct instance_change *change,
			    struct error *err)
{
	const char *text = option_value(invocation, "connections");
	uint64_t number = 0;

	change->set_connections = text;
	if (!text || !strcmp(text, "default"))
		return 0;
	if (number_parse(text, 1, UINT32_MAX, &number))
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_VALUE,
				 "invalid number of connections \"%s\": use a number from 1, or "
				 "default",
				 quote(text).text);
	change->options.connections = (uint32_t)number;
	return 0;
}

static int read_dev_and_status(const struct invocation *invocation, struct instance_change *change,
			       struct error *err)
{
	int r = 0;

	change->dev = option_value(invocation, "dev");
	change->status = option_value(invocation, "status");
	change->set_dev = change->dev;
	change->set_status = change->status;
	if (change->dev)
		r = dev_name_check(change->dev, err);
	if (!r && change->status)
		r = status_check(change->status, err);
	return r;
}

int argument_change(const struct invocation *invocation, struct instance_change *change_out,
		    struct error *err)
{
	struct instance_options *options = &change_out->options;
	int r = read_words(invocation, change_out, err);

	if (!r)
		r = read_switch(invocation, "strict", &change_out->set_strict, &options->strict,
				err);
	if (!r)
		r = read_switch(invocation, "match-altname", &change_out->set_match_altname,
				&options->match_altname, err);
	if (!r)
		r = read_connections(invocation, change_out, err);
	if (!r)
		r = read_dev_and_status(invocation, change_out, err);
	if (!r)
		r = read_list(invocation, "mac", add_mac, options, &change_out->set_macs, err);
	if (!r)
		r = read_list(invocation, "address", add_address, options,
			      &change_out->set_addresses, err);
	if (!r)
		r = read_list(invocation, "allow-ethertype", instance_options_add_ethertype,
			      options, &change_out->set_ethertypes, err);
	return r;
}
