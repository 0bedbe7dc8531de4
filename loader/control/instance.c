// SPDX-License-Identifier: GPL-2.0-only
/*
 * instance.c - instances: registered, changed, attached, detached, removed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/internal.h"
#include "model/code.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/quote.h"

/* Replace the elements of an owned array by a copy of others. */
static int copy_array(void *to, size_t *to_count, const void *from, size_t count, size_t size)
{
	void *copy = NULL;

	if (count) {
		copy = reallocarray(NULL, count, size);
		if (!copy)
			return -ENOMEM;
		memcpy(copy, from, count * size);
	}
	free(*(void **)to);
	*(void **)to = copy;
	*to_count = count;
	return 0;
}

static int copy_addresses(struct instance_options *to, const struct instance_change *fields)
{
	const struct instance_options *from = &fields->options;
	int r = 0;

	if (fields->set_macs)
		r = copy_array(&to->macs, &to->mac_count, from->macs, from->mac_count,
			       sizeof(*from->macs));
	if (!r && fields->set_addresses)
		r = copy_array(&to->addresses, &to->address_count, from->addresses,
			       from->address_count, sizeof(*from->addresses));
	return r;
}

/* Write the fields that are set into the instance. */
static int apply_fields(struct instance *instance, const struct instance_change *fields,
			struct error *err)
{
	struct instance_options *to = &instance->options;
	const struct instance_options *from = &fields->options;

	if (fields->set_dev)
		snprintf(instance->dev, sizeof(instance->dev), "%s", fields->dev);
	if (fields->set_status) {
		bool derived =
			!strcmp(fields->status, "RUNNING") || !strcmp(fields->status, "STOPPED");

		snprintf(instance->status, sizeof(instance->status), "%s",
			 derived ? "" : fields->status);
	}
	if (fields->set_mode)
		to->mode = from->mode;
	if (fields->set_side)
		to->side = from->side;
	if (fields->set_no_group)
		to->no_group = from->no_group;
	if (fields->set_match_altname)
		to->match_altname = from->match_altname;
	if (fields->set_strict)
		to->strict = from->strict;
	if (fields->set_connections)
		to->connections = from->connections;
	if (fields->set_ethertypes)
		memcpy(to->ethertypes, from->ethertypes, sizeof(to->ethertypes));
	if (copy_addresses(to, fields))
		return control_out_of_memory(err);
	return 0;
}

static int check_fields(const struct instance_change *fields, struct error *err)
{
	int r = 0;

	if (fields->set_dev)
		r = dev_name_check(fields->dev, err);
	if (!r && fields->set_status)
		r = status_check(fields->status, err);
	return r;
}

static int check_connections(struct control *control, const struct instance *instance,
			     struct error *err)
{
	struct connection_settings settings;
	int r;

	if (!instance->options.connections)
		return 0;
	r = settings_load(control->store, &settings, err);
	return r ? r : settings_check_connections(&settings, instance, err);
}

static int add_instance(struct change *change, struct instance *instance, struct error *err)
{
	struct control *control = change->control;
	int r = check_connections(control, instance, err);

	if (!r)
		r = store_instance_add(control->store, instance, err);
	if (!r)
		r = control_claim_namespace(control, err);
	if (!r)
		r = change_touch_addresses(change, instance, err);
	return r;
}

int control_instance_add(struct control *control, struct instance *instance, struct error *err)
{
	struct change change;
	int r = id_check(instance->id, "instance id", err);

	if (!r)
		r = dev_name_check(instance->dev, err);
	if (!r)
		r = change_begin(control, &change, err);
	if (r)
		return r;
	instance->enforced = true;
	return change_end(&change, add_instance(&change, instance, err), err);
}

static int set_instance(struct change *change, const char *name,
			const struct instance_change *fields, struct error *err)
{
	struct control *control = change->control;
	AUTO(instance_fini) struct instance instance = {};
	int r = find_instance(control, name, &instance, err);

	if (!r)
		r = apply_fields(&instance, fields, err);
	if (!r)
		r = check_connections(control, &instance, err);
	if (!r)
		r = store_instance_update(control->store, &instance, err);
	if (!r)
		r = change_touch_addresses(change, &instance, err);
	return r;
}

int control_instance_set(struct control *control, const char *name,
			 const struct instance_change *fields, struct error *err)
{
	struct change change;
	int r = check_fields(fields, err);

	if (!r)
		r = change_begin(control, &change, err);
	if (r)
		return r;
	return change_end(&change, set_instance(&change, name, fields, err), err);
}

static int remove_instance(struct change *change, const char *name, struct error *err)
{
	struct control *control = change->control;
	AUTO(instance_fini) struct instance instance = {};
	int r = find_instance(control, name, &instance, err);

	if (!r)
		r = store_instance_remove(control->store, instance.key, err);
	if (!r)
		r = change_touch_removed(change, &instance, err);
	return r;
}

int control_instance_remove(struct control *control, const char *name, struct error *err)
{
	struct change change;
	int r = change_begin(control, &change, err);

	return r ? r : change_end(&change, remove_instance(&change, name, err), err);
}

/* The instance that has the interface; else, and found_out false, the options of a new one. */
static int find_or_make(struct control *control, const char *dev, const char *id,
			struct instance *instance_out, bool *found_out, struct error *err)
{
	struct error reason;
	int r = id ? store_instance_find_id(control->store, id, instance_out, &reason)
		   : store_instance_find(control->store, dev, instance_out, &reason);

	*found_out = !r;
	if (r && r != -ENOENT) {
		*err = reason;
		return r;
	}
	if (r) {
		*instance_out = (struct instance){};
		snprintf(instance_out->id, sizeof(instance_out->id), "%s", id ? id : dev);
		snprintf(instance_out->dev, sizeof(instance_out->dev), "%s", dev);
		return id_check(instance_out->id, "instance id", err);
	}
	if (strcmp(instance_out->dev, dev))
		return error_set(
			err, EEXIST, CODE_OPERATION_DENIED_ALREADY_EXISTS,
			"instance \"%s\" has the interface \"%s\", not \"%s\": move it with "
			"sgate instance set %s --dev %s, or give another --id",
			instance_out->id, instance_out->dev, dev, instance_out->id, dev);
	return 0;
}

/*
 * What an instance is to have for the interface that was called `dev`: its
 * name, unless `dev` is an alternative one and an instance is content with it.
 */
static int name_for(struct control *control, const char *dev, const struct link_info *link,
		    char name_out[DEV_MAX + 1], struct error *err)
{
	int64_t key;
	int r = store_instance_key_of_altname(control->store, dev, &key, err);

	if (!r)
		snprintf(name_out, DEV_MAX + 1, "%s", key ? dev : link->name);
	return r;
}

static int attach(struct change *change, const char *dev, const char *id,
		  const struct instance_change *fields, struct error *err)
{
	struct control *control = change->control;
	AUTO(instance_fini) struct instance instance = {};
	char name[DEV_MAX + 1];
	struct link_info link;
	bool found;
	int r = link_find(dev, &link, err);

	if (r)
		return r;
	if (!link_is_supported(&link))
		return error_set(err, EOPNOTSUPP,
				 CODE_OPERATION_DENIED_INSTANCE_NOT_SUPPORT_SECURITY_GROUP,
				 "interface \"%s\" does not support security groups, being the "
				 "loopback or carrying neither Ethernet nor plain IP: use another",
				 dev);
	r = name_for(control, dev, &link, name, err);
	if (!r)
		r = find_or_make(control, name, id, &instance, &found, err);
	if (!r)
		r = apply_fields(&instance, fields, err);
	if (r)
		return r;
	instance.enforced = true;
	if (!found)
		return add_instance(change, &instance, err);
	r = check_connections(control, &instance, err);
	if (!r)
		r = store_instance_update(control->store, &instance, err);
	return r ? r : change_touch_addresses(change, &instance, err);
}

int control_attach(struct control *control, const char *dev, const char *id,
		   const struct instance_change *fields, struct error *err)
{
	struct change change;
	int r = dev_name_check(dev, err);

	if (!r && id)
		r = id_check(id, "instance id", err);
	if (!r)
		r = check_fields(fields, err);
	if (!r)
		r = change_begin(control, &change, err);
	if (r)
		return r;
	return change_end(&change, attach(&change, dev, id, fields, err), err);
}

static int detach(struct change *change, const char *name, struct error *err)
{
	struct control *control = change->control;
	AUTO(instance_fini) struct instance instance = {};
	int r = find_instance(control, name, &instance, err);

	if (r)
		return r;
	instance.enforced = false;
	r = store_instance_update(control->store, &instance, err);
	return r ? r : change_touch_instance(change, instance.key, err);
}

int control_detach(struct control *control, const char *name, bool forget, struct error *err)
{
	struct change change;
	int r;

	if (forget)
		return control_instance_remove(control, name, err);
	r = change_begin(control, &change, err);
	return r ? r : change_end(&change, detach(&change, name, err), err);
}
