/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * port_set.h - destination ports, or ICMP types and codes, as ranges.
 */
#ifndef MODEL_PORT_SET_H
#define MODEL_PORT_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PORT_SET_MAX 32 /* ranges a user can write in one rule */

/* Host byte order. ICMP: type << 8 | code. */
struct port_range {
	uint16_t first;
	uint16_t last;
};

/*
 * Normal form: ascending, neither overlapping nor adjacent, and never the
 * whole space; so equal sets have equal bytes. No ranges: all ports.
 */
struct port_set {
	uint8_t count;
	struct port_range ranges[PORT_SET_MAX];
};

/* Bring up to PORT_SET_MAX ranges in any order into the normal form. */
void port_set_normalize(struct port_set *set);

int port_set_compare(const struct port_set *a, const struct port_set *b);

bool port_set_contains(const struct port_set *set, uint16_t port);

#endif
