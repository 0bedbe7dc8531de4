/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * guard.h - an instance's addresses in, its guard image out: what it may send
 * from. Pure, as compile.h.
 */
#ifndef COMPILE_GUARD_H
#define COMPILE_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compile/compile.h"

/*
 * Without MACs any MAC is its own, without addresses any address. With both,
 * the link-local addresses that it makes of its MACs (RFC 4291, appendix A) are
 * its own as well. The bytes do not depend on the order. -EFBIG
 * (OPERATION_DENIED_POLICY_TOO_LARGE), -ENOMEM.
 */
int guard_compile(const struct mac *macs, size_t mac_count, const struct prefix *addresses,
		  size_t address_count, struct image *image_out, struct error *err);

/* What the BPF programs find in the image. */
bool guard_permits_mac(const struct image *image, const struct mac *mac);
/* Network byte order; IPv4 in the first four. */
bool guard_permits_address(const struct image *image, enum sg_family family,
			   const uint8_t address[16]);

#endif
