// SPDX-License-Identifier: GPL-2.0-only
/*
 * link_message.c - an rtnetlink message about an interface, read.
 *
 * Texts are copied by the length that their attribute has: one that lacks its
 * NUL is not read beyond its end.
 */
#include "net/link_message.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"

void links_fini(struct links *links)
{
	free(links->items);
	free(links->altnames);
	free(links->by_name);
	*links = (struct links){0};
}

/* false when the text is empty or does not fit; nothing is written then. */
static bool text_read(const struct nlattr *attribute, char *text_out, size_t size)
{
	const char *text = mnl_attr_get_payload(attribute);
	size_t length = strnlen(text, mnl_attr_get_payload_len(attribute));

	if (!length || length >= size)
		return false;
	memcpy(text_out, text, length);
	text_out[length] = '\0';
	return true;
}

static void kind_read(const struct nlattr *linkinfo, struct link_info *link)
{
	const struct nlattr *attribute;

	mnl_attr_for_each_nested(attribute, linkinfo)
	{
		if (mnl_attr_get_type(attribute) == IFLA_INFO_KIND)
			(void)text_read(attribute, link->kind, sizeof(link->kind));
	}
}

static int altnames_read(const struct nlattr *list, int ifindex, struct links *links)
{
	struct altname altname = {.ifindex = ifindex};
	const struct nlattr *attribute;

	mnl_attr_for_each_nested(attribute, list)
	{
		if (mnl_attr_get_type(attribute) != IFLA_ALT_IFNAME ||
		    !text_read(attribute, altname.name, sizeof(altname.name)))
			continue;
		if (ARRAY_GROW(links->altnames, links->altname_count, links->altname_capacity))
			return -ENOMEM;
		links->altnames[links->altname_count++] = altname;
	}
	return 0;
}

static int attributes_read(const struct nlmsghdr *message, struct link_info *link,
			   struct links *links)
{
	const struct nlattr *attribute;
	int r = 0;

	mnl_attr_for_each(attribute, message, sizeof(struct ifinfomsg))
	{
		switch (mnl_attr_get_type(attribute)) {
		case IFLA_IFNAME:
			(void)text_read(attribute, link->name, sizeof(link->name));
			break;
		case IFLA_LINKINFO:
			kind_read(attribute, link);
			break;
		case IFLA_PROP_LIST:
			r = altnames_read(attribute, link->ifindex, links);
			if (r)
				return r;
			break;
		}
	}
	return 0;
}

int link_message_read(const struct nlmsghdr *message, struct links *links)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	size_t altname_count = links->altname_count;
	struct link_info link = {0};
	int r;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*info) || info->ifi_family != AF_UNSPEC ||
	    info->ifi_index <= 0)
		return -EBADMSG;
	link.ifindex = info->ifi_index;
	link.type = info->ifi_type;
	link.is_up = info->ifi_flags & IFF_UP;
	r = attributes_read(message, &link, links);
	link.is_tap = !strcmp(link.kind, "tun") && link.type == ARPHRD_ETHER;
	if (!r && !link.name[0])
		r = -EBADMSG;
	if (!r && ARRAY_GROW(links->items, links->count, links->capacity))
		r = -ENOMEM;
	if (r) {
		links->altname_count = altname_count;
		return r;
	}
	links->items[links->count++] = link;
	return 0;
}

static int compare_ifindexes(const void *a, const void *b)
{
	const struct link_info *first = a, *second = b;

	return (first->ifindex > second->ifindex) - (first->ifindex < second->ifindex);
}

static int compare_names(const void *a, const void *b)
{
	const struct link_info *const *first = a, *const *second = b;

	return strcmp((*first)->name, (*second)->name);
}

static int compare_altnames(const void *a, const void *b)
{
	return strcmp(((const struct altname *)a)->name, ((const struct altname *)b)->name);
}

int links_sort(struct links *links)
{
	const struct link_info **by_name = calloc(links->count + 1, sizeof(struct link_info *));

	if (!by_name)
		return -ENOMEM;
	if (links->count)
		qsort(links->items, links->count, sizeof(*links->items), compare_ifindexes);
	if (links->altname_count)
		qsort(links->altnames, links->altname_count, sizeof(*links->altnames),
		      compare_altnames);
	for (size_t i = 0; i < links->count; i++)
		by_name[i] = &links->items[i];
	qsort(by_name, links->count, sizeof(struct link_info *), compare_names);
	free(links->by_name);
	links->by_name = by_name;
	return 0;
}

static const struct link_info *find_altname(const struct links *links, const char *name)
{
	struct altname wanted = {0};
	const struct altname *found;
	struct link_info at = {0};

	if (!links->altname_count)
		return NULL;
	strncpy(wanted.name, name, DEV_MAX);
	found = bsearch(&wanted, links->altnames, links->altname_count, sizeof(wanted),
			compare_altnames);
	if (!found)
		return NULL;
	at.ifindex = found->ifindex;
	return bsearch(&at, links->items, links->count, sizeof(at), compare_ifindexes);
}

const struct link_info *links_find(const struct links *links, const char *name)
{
	struct link_info wanted = {0};
	const struct link_info *key = &wanted, **found;

	if (!links->count || strlen(name) > DEV_MAX)
		return NULL;
	strncpy(wanted.name, name, DEV_MAX);
	found = bsearch(&key, links->by_name, links->count, sizeof(struct link_info *),
			compare_names);
	return found ? *found : find_altname(links, name);
}
