// SPDX-License-Identifier: GPL-2.0-only
/*
 * link.c - which interface an instance has.
 *
 * An interface has one instance: the one with its name; else, of those that
 * are content with one of its alternative names, the oldest.
 */
#include <errno.h>
#include <string.h>

#include "control/internal.h"
#include "model/code.h"
#include "util/cleanup.h"

/* Whether an older instance has another alternative name of the same interface. */
static int find_rival(struct store *store, const struct instance *instance,
		      const struct links *links, int ifindex, bool *has_rival_out,
		      struct error *err)
{
	bool has_rival = false;
	int r = 0;

	for (size_t i = 0; !r && !has_rival && i < links->altname_count; i++) {
		int64_t key = 0;

		if (links->altnames[i].ifindex != ifindex)
			continue;
		r = store_instance_key_of_altname(store, links->altnames[i].name, &key, err);
		has_rival = key && key < instance->key;
	}
	*has_rival_out = has_rival;
	return r;
}

static int absent(const struct instance *instance, struct error *err)
{
	return error_set(err, ENODEV, CODE_INVALID_INTERFACE_NOT_FOUND,
			 "the interface \"%s\" of instance \"%s\" is not there", instance->dev,
			 instance->id);
}

int instance_link_in(struct store *store, const struct instance *instance,
		     const struct links *links, struct link_info *link_out, struct error *err)
{
	const struct link_info *link = links_find(links, instance->dev);
	bool has_rival = false;
	int64_t key = 0;
	int r = 0;

	if (!link)
		return absent(instance, err);
	if (strcmp(link->name, instance->dev)) {
		if (!instance->options.match_altname)
			return absent(instance, err);
		r = store_instance_key_of_dev(store, link->name, &key, err);
		if (!r && !key)
			r = find_rival(store, instance, links, link->ifindex, &has_rival, err);
		if (!r && (key || has_rival))
			return absent(instance, err);
	}
	if (!r)
		*link_out = *link;
	return r;
}

int control_link_among(struct control *control, const struct instance *instance,
		       const struct links *links, struct link_info *link_out)
{
	struct error ignored;

	return instance_link_in(control->store, instance, links, link_out, &ignored);
}

int instance_link(struct store *store, const struct instance *instance, struct link_info *link_out,
		  struct error *err)
{
	AUTO(links_fini) struct links links = {};
	int r = link_find_names(instance->dev, &links, err);

	return r ? r : instance_link_in(store, instance, &links, link_out, err);
}
