/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * search.h - search the trees of an image as the BPF programs do.
 */
#ifndef COMPILE_SEARCH_H
#define COMPILE_SEARCH_H

#include "compile/compile.h"

/* The decision of a port list; list 0 has none. */
uint32_t image_search_ports(const struct image *image, uint32_t list, uint32_t key);
/* That of the rules for any remote, which may be a table of ports. */
uint32_t image_search_any(const struct image *image, uint32_t any, uint32_t key);
/* The answer of a tree with 64-bit keys; that of tree 0 is 0. */
uint32_t image_search64(const struct image *image, uint32_t tree, uint64_t key);
/* In an address tree; network byte order, IPv4 in the first four. 0 for none. */
uint32_t image_search_address(const struct image *image, uint32_t tree, enum sg_family family,
			      const uint8_t address[16]);

/* Up to eight bytes as a number, the first one most significant. */
uint64_t read_be(const uint8_t *bytes, int count);

/* Which rules the layers' filter says may match; without one all. */
struct filter_says {
	bool prefixes; /* those that name a prefix */
	bool any;      /* those for any remote */
};

struct filter_says image_filter_ask(const struct image *image, const struct sg_layers *layers,
				    enum sg_family family, const uint8_t address[16], uint32_t key);

/* The decision of a list (SG_LAYERS_LIST). */
uint32_t image_search_list(const struct image *image, const struct sg_layers *layers,
			   enum sg_family family, const uint8_t address[16], uint32_t key);

#endif
