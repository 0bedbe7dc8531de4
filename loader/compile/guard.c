// SPDX-License-Identifier: GPL-2.0-only
/*
 * guard.c - intervals of own addresses -> search trees that answer OWN inside
 * them and NOT_OWN between them.
 */
#include "compile/guard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile/address_tree.h"
#include "compile/image.h"
#include "compile/search.h"
#include "model/code.h"
#include "util/array.h"
#include "util/cleanup.h"

enum {
	NOT_OWN = 0,
	OWN = 1,
};

#define MAC_BYTES 6

/* Addresses of one family, the first one and the last one included. */
struct interval {
	address_value first;
	address_value last;
};

static int ascending_macs(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left;
	uint64_t b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

/* Every MAC is an interval of its own; those that touch become one. */
static int add_macs(struct image_builder *builder, const struct mac *macs, size_t count,
		    uint32_t *ref_out)
{
	AUTO_FREE uint64_t *values = calloc(count + 1, sizeof(*values));
	AUTO(address_starts_fini) struct address_starts starts = {0};

	*ref_out = 0;
	if (!count)
		return 0;
	if (!values)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		values[i] = read_be(macs[i].bytes, MAC_BYTES);
	qsort(values, count, sizeof(*values), ascending_macs);
	for (size_t i = 0; i < count; i++) {
		if (i && values[i] == values[i - 1])
			continue;
		/* a start where the one before ends takes its place */
		if (address_starts_add(&starts, values[i], OWN) ||
		    address_starts_add(&starts, values[i] + 1, NOT_OWN))
			return -ENOMEM;
	}
	return image_add_addresses(builder, &starts, TREE_KEYS_64, ref_out);
}

/* fe80::/64 and the modified EUI-64 of the MAC (RFC 4291, appendix A). */
static struct prefix link_local(const struct mac *mac)
{
	const uint8_t *m = mac->bytes;

	return (struct prefix){
		.family = SG_IPV6,
		.length = 128,
		.bytes = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, m[0] ^ 2, m[1], m[2], 0xff, 0xfe, m[3],
			  m[4], m[5]},
	};
}

static struct interval interval_of(const struct prefix *prefix)
{
	unsigned int host_bits = (prefix->family == SG_IPV4 ? 32 : 128) - prefix->length;
	address_value first = address_first(prefix);

	if (host_bits == 128)
		return (struct interval){0, address_last(SG_IPV6)};
	return (struct interval){first, first | (((address_value)1 << host_bits) - 1)};
}

static int ascending_intervals(const void *left, const void *right)
{
	const struct interval *a = left;
	const struct interval *b = right;

	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	return (a->last > b->last) - (a->last < b->last);
}

static int add_intervals(struct image_builder *builder, enum sg_family family,
			 struct interval *intervals, size_t count, uint32_t *ref_out)
{
	AUTO(address_starts_fini) struct address_starts starts = {0};

	qsort(intervals, count, sizeof(*intervals), ascending_intervals);
	for (size_t i = 0; i < count;) {
		struct interval all = intervals[i++];

		for (; i < count && intervals[i].first <= all.last; i++) {
			if (intervals[i].last > all.last)
				all.last = intervals[i].last;
		}
		if (address_starts_add(&starts, all.first, OWN))
			return -ENOMEM;
		if (all.last != address_last(family) &&
		    address_starts_add(&starts, all.last + 1, NOT_OWN))
			return -ENOMEM;
	}
	return address_tree_add(builder, family, &starts, ref_out);
}

static int add_family(struct image_builder *builder, enum sg_family family,
		      const struct prefix *prefixes, size_t count, uint32_t *ref_out)
{
	AUTO_FREE struct interval *intervals = calloc(count + 1, sizeof(*intervals));
	size_t kept = 0;

	if (!intervals)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		if (prefixes[i].family == family)
			intervals[kept++] = interval_of(&prefixes[i]);
	}
	return add_intervals(builder, family, intervals, kept, ref_out);
}

static int add_addresses(struct image_builder *builder, const struct prefix *prefixes, size_t count,
			 struct sg_guard *guard)
{
	int r = add_family(builder, SG_IPV4, prefixes, count, &guard->ipv4);

	return r ? r : add_family(builder, SG_IPV6, prefixes, count, &guard->ipv6);
}

/* `own` has room for the addresses and a link-local one a MAC. */
static int fill(struct image_builder *builder, const struct mac *macs, size_t mac_count,
		struct prefix *own, size_t address_count)
{
	struct sg_guard guard = {.has_addresses = address_count > 0};
	size_t own_count = address_count;
	int r;

	for (size_t i = 0; address_count && i < mac_count; i++)
		own[own_count++] = link_local(&macs[i]);
	r = add_macs(builder, macs, mac_count, &guard.mac);
	if (!r)
		r = add_addresses(builder, own, own_count, &guard);
	if (!r)
		builder->nodes[0].guard = guard;
	return r;
}

static int compile_guard(const struct mac *macs, size_t mac_count, const struct prefix *addresses,
			 size_t address_count, struct image *image_out)
{
	AUTO(image_builder_fini) struct image_builder builder = {0};
	AUTO_FREE struct prefix *own = calloc(mac_count + address_count + 1, sizeof(*own));
	const struct ranking no_rules = {0};
	int r;

	if (!own)
		return -ENOMEM;
	if (address_count)
		memcpy(own, addresses, address_count * sizeof(*own));
	r = image_builder_init(0, SG_HEAP_NODES - 1, &builder);
	if (!r)
		r = fill(&builder, macs, mac_count, own, address_count);
	return r ? r : image_finish(&builder, &no_rules, image_out);
}

int guard_compile(const struct mac *macs, size_t mac_count, const struct prefix *addresses,
		  size_t address_count, struct image *image_out, struct error *err)
{
	int r = compile_guard(macs, mac_count, addresses, address_count, image_out);

	if (r == -EFBIG)
		return error_set(err, EFBIG, CODE_OPERATION_DENIED_POLICY_TOO_LARGE,
				 "%zu addresses and %zu MAC addresses do not fit: name fewer, or "
				 "prefixes that contain them",
				 address_count, mac_count);
	if (r)
		return error_set(err, -r, CODE_INTERNAL_SERVER_ERROR, "out of memory");
	return 0;
}

bool guard_permits_mac(const struct image *image, const struct mac *mac)
{
	uint32_t tree = image->nodes[0].guard.mac;

	return !tree || image_search64(image, tree, read_be(mac->bytes, MAC_BYTES)) != NOT_OWN;
}

bool guard_permits_address(const struct image *image, enum sg_family family,
			   const uint8_t address[16])
{
	const struct sg_guard *guard = &image->nodes[0].guard;
	uint32_t tree = family == SG_IPV4 ? guard->ipv4 : guard->ipv6;

	return !guard->has_addresses ||
	       image_search_address(image, tree, family, address) != NOT_OWN;
}
