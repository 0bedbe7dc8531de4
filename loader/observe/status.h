/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * status.h - what is attached where, what this kernel can do, what is wrong.
 */
#ifndef OBSERVE_STATUS_H
#define OBSERVE_STATUS_H

#include <jansson.h>
#include <stdbool.h>

#include "control/control.h"

/*
 * The document of `sgate status --json` and of GET /healthz. Healthy means
 * that nothing is in `drift`: the kernel enforces what is stored, for every
 * instance whose interface is there. Fails only when the store cannot be read.
 */
int observe_status(struct control *control, json_t **document_out, bool *healthy_out,
		   struct error *err);

/* An array of the sentences. NULL: out of memory. */
json_t *drift_document(const struct drift *drift);

#endif
