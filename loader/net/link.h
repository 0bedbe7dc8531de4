/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * link.h - network interfaces of this network namespace, as rtnetlink tells.
 */
#ifndef NET_LINK_H
#define NET_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/name.h"
#include "util/error.h"

struct link_info {
	int ifindex;
	char name[DEV_MAX + 1];
	char kind[16]; /* IFLA_INFO_KIND: "veth", "tun", "bridge"; empty for hardware */
	uint16_t type; /* ARPHRD_* */
	bool is_up;
	bool is_tap; /* kind "tun", and carries Ethernet frames */
};

/* One more name that an interface answers to. Longer ones are left out: no instance can have them. */
struct altname {
	int ifindex;
	char name[DEV_MAX + 1];
};

struct links {
	struct link_info *items; /* ascending ifindex */
	size_t count;
	size_t capacity;
	struct altname *altnames; /* of all of them, by name */
	size_t altname_count;
	size_t altname_capacity;
	const struct link_info **by_name; /* the items */
};
void links_fini(struct links *links);

/* All interfaces. -errno of the socket; a dump that was interrupted is made again. */
int links_dump(struct links *links_out, struct error *err);

/* The interface with this name, else the one that has it as an alternative one; NULL for none. */
const struct link_info *links_find(const struct links *links, const char *name);

/* One, by name (or alternative name) or by index. -ENODEV (INVALID_INTERFACE_NOT_FOUND) when there is none. */
int link_find(const char *name, struct link_info *link_out, struct error *err);
/* By name or alternative name, with all its names. */
int link_find_names(const char *name, struct links *links_out, struct error *err);
int link_find_index(int ifindex, struct link_info *link_out, struct error *err);

/* Whether security groups can be enforced on it: no loopback, and frames that we can read. */
bool link_is_supported(const struct link_info *link);

/* Frames begin with the IP header (tun, wireguard). */
bool link_has_no_link_header(const struct link_info *link);

/* Tap, veth and macvtap lead to a guest; everything else is the host's own. */
bool link_leads_to_guest(const struct link_info *link);

#define LINK_DRIVER_MAX 32
/* The name of an interface's driver, "veth", "virtio_net"; empty when it does not tell. */
void link_driver(const char *name, char driver[LINK_DRIVER_MAX]);

/* st_dev and st_ino of this process's network namespace. */
int netns_identity(uint64_t *device_out, uint64_t *inode_out, struct error *err);

#endif
