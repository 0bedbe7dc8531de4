// SPDX-License-Identifier: GPL-2.0-only
/*
 * known.c - the interfaces that there are, as far as we were told.
 *
 * An interface that goes and one that comes with the same index and names
 * leave no trace in here, but their events do in the changes.
 */
#include "daemon/known.h"

#include <errno.h>
#include <string.h>

#include "util/array.h"
#include "util/cleanup.h"

static void known_link_fini(struct known_link *link)
{
	free(link->names);
	*link = (struct known_link){0};
}

void known_fini(struct known *known)
{
	for (size_t i = 0; i < known->count; i++)
		known_link_fini(&known->items[i]);
	free(known->items);
	*known = (struct known){0};
}

static int known_link_make(const struct link_info *link, const struct altname *altnames,
			   size_t altname_count, struct known_link *link_out)
{
	struct known_link made = {.ifindex = link->ifindex, .type = link->type, .name_count = 1};

	made.names = calloc(altname_count + 1, sizeof(*made.names));
	if (!made.names)
		return -ENOMEM;
	strcpy(made.names[0].text, link->name);
	for (size_t i = 0; i < altname_count; i++) {
		if (altnames[i].ifindex == link->ifindex)
			strcpy(made.names[made.name_count++].text, altnames[i].name);
	}
	*link_out = made;
	return 0;
}

static bool same(const struct known_link *a, const struct known_link *b)
{
	return a->type == b->type && a->name_count == b->name_count &&
	       !memcmp(a->names, b->names, a->name_count * sizeof(*a->names));
}

/* Where it is, or would be. */
static size_t place(const struct known *known, int ifindex)
{
	size_t first = 0, end = known->count;

	while (first < end) {
		size_t middle = first + (end - first) / 2;

		if (known->items[middle].ifindex < ifindex)
			first = middle + 1;
		else
			end = middle;
	}
	return first;
}

static bool is_at(const struct known *known, size_t at, int ifindex)
{
	return at < known->count && known->items[at].ifindex == ifindex;
}

/* Takes the link over. */
static int insert(struct known *known, size_t at, struct known_link *link)
{
	if (ARRAY_GROW(known->items, known->count, known->capacity))
		return -ENOMEM;
	memmove(&known->items[at + 1], &known->items[at],
		(known->count - at) * sizeof(*known->items));
	known->items[at] = *link;
	known->count++;
	*link = (struct known_link){0};
	return 0;
}

static void cut(struct known *known, size_t at)
{
	known_link_fini(&known->items[at]);
	known->count--;
	memmove(&known->items[at], &known->items[at + 1],
		(known->count - at) * sizeof(*known->items));
}

int known_set(struct known *known, const struct links *links)
{
	AUTO(known_fini) struct known fresh = {0};

	for (size_t i = 0; i < links->count; i++) {
		AUTO(known_link_fini) struct known_link link = {0};

		if (known_link_make(&links->items[i], links->altnames, links->altname_count,
				    &link) ||
		    insert(&fresh, place(&fresh, link.ifindex), &link))
			return -ENOMEM;
	}
	known_fini(known);
	*known = fresh;
	fresh = (struct known){0};
	return 0;
}

static int add_names(struct interface_changes *changes, const struct known_link *link)
{
	int r = 0;

	for (size_t i = 0; !r && i < link->name_count; i++)
		r = interface_changes_add_name(changes, link->names[i].text);
	return r;
}

static int take_gone(struct known *known, size_t at, const struct known_link *link,
		     struct interface_changes *changes)
{
	int r = interface_changes_add_gone(changes, (uint32_t)link->ifindex);

	if (!r)
		r = add_names(changes, link);
	if (r || !is_at(known, at, link->ifindex))
		return r;
	r = add_names(changes, &known->items[at]);
	if (!r)
		cut(known, at);
	return r;
}

int known_update(struct known *known, const struct link_event *event,
		 struct interface_changes *changes)
{
	AUTO(known_link_fini) struct known_link link = {0};
	size_t at = place(known, event->link->ifindex);
	int r = known_link_make(event->link, event->altnames, event->altname_count, &link);

	if (r)
		return r;
	if (event->is_gone)
		return take_gone(known, at, &link, changes);
	if (!is_at(known, at, link.ifindex)) {
		r = add_names(changes, &link);
		return r ? r : insert(known, at, &link);
	}
	if (same(&known->items[at], &link))
		return 0;
	r = add_names(changes, &known->items[at]);
	if (!r)
		r = add_names(changes, &link);
	if (r)
		return r;
	known_link_fini(&known->items[at]);
	known->items[at] = link;
	link = (struct known_link){0};
	return 0;
}
