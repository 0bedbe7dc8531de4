/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * instance.h - an instance: what has an interface on this host and at most two
 * groups.
 */
#ifndef MODEL_INSTANCE_H
#define MODEL_INSTANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/address.h"
#include "model/name.h"
#include "sgate/limits.h"

enum attach_mode {
	MODE_AUTO,
	MODE_TC,
	MODE_XDP,
	MODE_XDP_GENERIC,
};

enum instance_side {
	SIDE_AUTO, /* host for the host's own interfaces, guest for tap, veth, macvtap */
	SIDE_HOST,
	SIDE_GUEST,
};

enum no_group {
	NO_GROUP_AUTO, /* drop for a guest, pass for the host */
	NO_GROUP_DROP,
	NO_GROUP_PASS,
};

#define INSTANCE_MAX_ADDRESSES 64 /* prefixes; as many MACs */

/* What a user can set on an instance. */
struct instance_options {
	enum attach_mode mode;
	enum instance_side side;
	enum no_group no_group;
	bool strict;
	bool match_altname;   /* the interface may have dev as an alternative name */
	uint32_t connections; /* that it may have at a time; 0: the table's default share */
	uint16_t ethertypes[SG_MAX_ETHERTYPES]; /* host byte order, ascending; 0: unused */
	struct mac *macs;			/* owned */
	size_t mac_count;
	struct prefix *addresses; /* owned */
	size_t address_count;
};

struct instance {
	int64_t key; /* the store's, never used again */
	char id[ID_MAX + 1];
	char dev[DEV_MAX + 1];
	char status[ID_MAX +
		    1]; /* an orchestrator's word; empty: RUNNING or STOPPED, as the interface is */
	uint32_t slot;	/* index of its counters in the kernel, 1 ... SG_MAX_INSTANCES */
	bool enforced;	/* programs are to be on its interface whenever that is there */
	char create_time[24];
	struct instance_options options;
	char groups[SG_MAX_GROUPS_PER_INSTANCE][ID_MAX + 1]; /* ids, in the order of association */
	int64_t group_keys[SG_MAX_GROUPS_PER_INSTANCE];
	size_t group_count;
};

void instance_options_fini(struct instance_options *options);
void instance_fini(struct instance *instance);

/* Text of the enums above and back ("auto", "xdp-generic", "guest", "drop"); -EINVAL. */
const char *mode_text(enum attach_mode mode);
int mode_parse(const char *text, enum attach_mode *mode_out, struct error *err);
const char *side_text(enum instance_side side);
int side_parse(const char *text, enum instance_side *side_out, struct error *err);
const char *no_group_text(enum no_group no_group);
int no_group_parse(const char *text, enum no_group *no_group_out, struct error *err);

/*
 * Append to the options; the same value twice is kept once. -EINVAL with
 * INVALID_PARAMETER_EXCEED_MAXIMUM when there are more than the limits, -ENOMEM.
 */
int instance_options_add_mac(struct instance_options *options, const struct mac *mac,
			     struct error *err);
int instance_options_add_address(struct instance_options *options, const struct prefix *prefix,
				 struct error *err);
/*
 * Like "0x88cc": 0x and one to four hexadecimal digits; neither IP nor ARP nor
 * a VLAN tag. What is allowed stays ascending. -EINVAL.
 */
int instance_options_add_ethertype(struct instance_options *options, const char *text,
				   struct error *err);

#endif
