/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * reading.h - a look at store and kernel side that changes nothing.
 */
#ifndef CONTROL_READING_H
#define CONTROL_READING_H

#include "control/control.h"
#include "util/cleanup.h"

/* A read transaction, for the rest of the block. */
int reading_begin(struct control *control, struct store **store_out, struct error *err);
void reading_end(struct store **store);
#define AUTO_READING AUTO(reading_end)

/* The kernel side, NULL when nothing was ever attached. */
int reading_kern(struct control *control, struct kern **kern_out, struct error *err);

#endif
