// SPDX-License-Identifier: GPL-2.0-only
/*
 * cases.c - run tables of frames through the programs.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bpf/cases.h"

void check_frame(struct harness *harness, enum program program, const char *recipe,
		 enum sg_reason reason)
{
	struct frame frame;
	enum sg_reason found;

	frame_make(&frame, recipe);
	harness_name(harness, "%s", recipe);
	found = harness_run(harness, program, &frame);
	if (found != reason)
		fail_msg("\"%s\": %s expected, it is %s for program %d", recipe,
			 reason_label(reason), reason_label(found), program);
}

void check_frames(struct harness *harness, const struct frame_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (enum program program = 0; program < PROGRAMS; program++)
			check_frame(harness, program, cases[i].recipe, cases[i].reason);
	}
}

void bind_port_22(struct harness *harness, uint32_t options)
{
	static const struct rule_row rows[] = {
		ACCEPT(PROTOCOL_TCP, 1, "any", PORTS({22, 22})),
		ACCEPT(PROTOCOL_UDP, 1, "any", PORTS({22, 22})),
		ACCEPT(PROTOCOL_SCTP, 1, "any", PORTS({22, 22})),
		ACCEPT(PROTOCOL_ICMP, 1, "any", PORTS({0x0800, 0x0800})),
		ACCEPT(PROTOCOL_ICMPV6, 1, "any", PORTS({0x8000, 0x8000})),
		ACCEPT(PROTOCOL_GRE, 1, "any"),
		ACCEPT(PROTOCOL_TCP, 1, "any", PORTS({22, 22}), .direction = SG_EGRESS),
		ACCEPT(PROTOCOL_UDP, 1, "any", PORTS({22, 22}), .direction = SG_EGRESS),
		ACCEPT(PROTOCOL_SCTP, 1, "any", PORTS({22, 22}), .direction = SG_EGRESS),
		ACCEPT(PROTOCOL_ICMP, 1, "any", PORTS({0x0800, 0x0800}), .direction = SG_EGRESS),
		ACCEPT(PROTOCOL_ICMPV6, 1, "any", PORTS({0x8000, 0x8000}), .direction = SG_EGRESS),
		ACCEPT(PROTOCOL_GRE, 1, "any", .direction = SG_EGRESS),
	};

	BIND(harness, rows, options);
}

void bind_all(struct harness *harness, uint32_t options)
{
	static const struct rule_row rows[] = {
		ACCEPT(PROTOCOL_ALL, 1, "any"),
		ACCEPT(PROTOCOL_ALL, 1, "any", .direction = SG_EGRESS),
	};

	BIND(harness, rows, options);
}
