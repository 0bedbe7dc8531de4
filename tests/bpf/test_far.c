// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_far.c - interfaces whose index is beyond the array of bindings.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bpf/cases.h"
#include "bpf/interface.h"

static const uint32_t indexes[] = {SG_NEAR_IFINDEXES - 1, SG_NEAR_IFINDEXES, 2000000000};

static int open_in_namespace(void **state)
{
	if (interfaces_make(indexes, ARRAY_SIZE(indexes)))
		return -1;
	return harness_open(state);
}

static void every_index_finds_its_own_instance(void **state)
{
	static const struct frame_case here[] = {
		{"ip4 tcp=22", PASSES},
		{"ip6 udp=23", NO_RULE},
		{"arp", SG_REASON_ARP},
	};
	static const struct frame_case not_here[] = {
		{"ip4 tcp=22", SG_REASON_NO_INSTANCE},
		{"arp", SG_REASON_NO_INSTANCE},
	};
	struct harness *harness = harness_of(state);

	for (size_t bound = 0; bound < ARRAY_SIZE(indexes); bound++) {
		for (size_t i = 0; i < ARRAY_SIZE(indexes); i++) {
			harness->ifindex = indexes[i];
			harness_unbind(harness);
		}
		harness->ifindex = indexes[bound];
		bind_port_22(harness, bound % 2 ? SG_OPTION_GUEST : 0);
		CHECK_FRAMES(harness, here);
		for (size_t i = 0; i < ARRAY_SIZE(indexes); i++) {
			if (i == bound)
				continue;
			harness->ifindex = indexes[i];
			harness_unbind(harness);
			CHECK_FRAMES(harness, not_here);
		}
	}
}

static void a_policy_of_a_far_index_can_change(void **state)
{
	static const struct frame_case one[] = {{"ip4 tcp=80", NO_RULE}};
	static const struct frame_case other[] = {{"ip4 tcp=80", PASSES}};
	struct harness *harness = harness_of(state);

	harness->ifindex = SG_NEAR_IFINDEXES;
	for (int i = 0; i < 3; i++) {
		bind_port_22(harness, 0);
		CHECK_FRAMES(harness, one);
		bind_all(harness, 0);
		CHECK_FRAMES(harness, other);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_index_finds_its_own_instance),
		cmocka_unit_test(a_policy_of_a_far_index_can_change),
	};

	return cmocka_run_group_tests(tests, open_in_namespace, harness_close);
}
