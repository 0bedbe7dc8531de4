/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cases.h - tables of frames and what becomes of them.
 */
#ifndef TESTS_BPF_CASES_H
#define TESTS_BPF_CASES_H

#include "bpf/harness.h"

struct frame_case {
	const char *recipe;
	enum sg_reason reason;
};

/* Every case by each of the programs, whose directions therefore do not matter. */
void check_frames(struct harness *harness, const struct frame_case *cases, size_t count);
#define CHECK_FRAMES(harness, cases) check_frames(harness, cases, ARRAY_SIZE(cases))

void check_frame(struct harness *harness, enum program program, const char *recipe,
		 enum sg_reason reason);

/* Accept, both ways: port 22 of TCP, UDP and SCTP, echo requests of ICMP and ICMPv6, GRE. */
void bind_port_22(struct harness *harness, uint32_t options);
/* Accept all that is IP, both ways. */
void bind_all(struct harness *harness, uint32_t options);

/* Outcomes by their short names, for tables. */
#define PASSES SG_REASON_RULE_ACCEPT
#define NO_RULE SG_REASON_NO_RULE
#define MALFORMED SG_REASON_MALFORMED

#endif
