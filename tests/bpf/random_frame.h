/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * random_frame.h - frames that are almost right: correct ones of every kind,
 * of which most are then damaged where a parser could be led astray.
 */
#ifndef TESTS_BPF_RANDOM_FRAME_H
#define TESTS_BPF_RANDOM_FRAME_H

#include "bpf/frame.h"
#include "unit/gen_policy.h"

/* Addresses and ports are those that the rules of `gen` care about. */
void random_frame(struct gen_random *random, struct gen_policy *gen, struct frame *frame);

#endif
