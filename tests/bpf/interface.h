/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * interface.h - interfaces for frames to come from, in a network namespace
 * that ends with this process.
 */
#ifndef TESTS_BPF_INTERFACE_H
#define TESTS_BPF_INTERFACE_H

#include <stddef.h>
#include <stdint.h>

/* Go to a new namespace with interfaces of these indexes; nothing when not root. Not 0: failed. */
int interfaces_make(const uint32_t *indexes, size_t count);

#endif
