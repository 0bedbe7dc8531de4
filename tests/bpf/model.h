/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * model.h - the verdict of a frame as the documentation has it, by a program
 * that is slow and obvious and shares nothing with the one under test.
 */
#ifndef TESTS_BPF_MODEL_H
#define TESTS_BPF_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "compile/compile.h"
#include "sgate/reason.h"

/* An instance whose packets are judged; its interface has a link header. */
struct model {
	const struct policy *policy;
	uint32_t options;    /* SG_OPTION_STRICT counts */
	uint16_t allowed[8]; /* EtherTypes; 0: unused */
};

/* The reason of a frame that is no GSO packet. */
enum sg_reason model_judge(const struct model *model, enum sg_direction direction,
			   const uint8_t *frame, uint32_t length);

#endif
