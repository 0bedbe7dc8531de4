// SPDX-License-Identifier: GPL-2.0-only
/*
 * guard_cases.c - bind a guard, patch frames, run them.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/guard_cases.h"
#include "compile/guard.h"

static void put_hex(uint8_t *at, const char *hex, size_t digits)
{
	for (size_t i = 0; i < digits; i += 2) {
		char byte[3] = {hex[i], hex[i + 1], 0};

		at[i / 2] = (uint8_t)strtoul(byte, NULL, 16);
	}
}

static void patch(struct frame *frame, const char *patches)
{
	const char *at = patches;

	while (*at) {
		uint32_t base = *at == 'f' ? 0 : *at == 'n' ? frame->type_at + 2 : frame->transport;
		char *end;
		uint32_t offset = base + (uint32_t)strtoul(at + 1, &end, 10);
		size_t digits = strspn(end + 1, "0123456789abcdef");

		assert_int_equal(*end, ':');
		assert_true(offset + digits / 2 <= frame->length);
		put_hex(frame->bytes + offset, end + 1, digits);
		at = end + 1 + digits;
		at += strspn(at, " ");
	}
}

void check_case(struct harness *harness, const struct guard_case *one)
{
	struct frame frame;
	enum sg_reason found;

	frame_make(&frame, one->recipe);
	patch(&frame, one->patches);
	harness_name(harness, "%s, %s", one->recipe, one->patches);
	for (enum program program = 0; program < PROGRAMS; program++) {
		bool out = harness_direction(harness, program) == SG_EGRESS;

		found = harness_run(harness, program, &frame);
		if (out && found != one->reason)
			fail_msg("\"%s\" \"%s\": %s expected, it is %s for program %d", one->recipe,
				 one->patches, reason_label(one->reason), reason_label(found),
				 program);
		if (!out && found == SPOOFED)
			fail_msg("\"%s\" \"%s\" came to the instance", one->recipe, one->patches);
	}
}

const struct addresses all_known = {
	.macs = {{{2, 0, 0, 0, 0, 1}}, {{2, 0, 0, 0, 0, 0xf0}}},
	.mac_count = 2,
	.prefixes = {"192.0.2.1", "198.51.100.128/25", "2001:db8::1", "2001:db8:5::/48"},
	.prefix_count = 4,
};

void guard(struct harness *harness, const struct addresses *addresses)
{
	struct prefix prefixes[4];
	struct image image;
	struct error err;

	for (size_t i = 0; i < addresses->prefix_count; i++) {
		if (prefix_parse(addresses->prefixes[i], &prefixes[i], &err))
			fail_msg("%s", err.message);
	}
	if (guard_compile(addresses->macs, addresses->mac_count, prefixes, addresses->prefix_count,
			  &image, &err))
		fail_msg("%s", err.message);
	harness_guard(harness, &image);
	image_fini(&image);
}

void check_cases(struct harness *harness, const struct addresses *addresses,
		 const struct guard_case *cases, size_t count)
{
	/* an image is kept for as long as it is bound */
	bind_all(harness, 0);
	guard(harness, addresses);
	for (int side = 0; side < 2; side++) {
		bind_all(harness, side ? SG_OPTION_GUEST : 0);
		for (size_t i = 0; i < count; i++)
			check_case(harness, &cases[i]);
	}
	harness->guard = 0;
}
