// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_far.c - interfaces whose index is beyond the array of bindings.
 *
 * They are made in a network namespace that ends with this process.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "bpf/cases.h"

static const uint32_t indexes[] = {SG_NEAR_IFINDEXES - 1, SG_NEAR_IFINDEXES, 2000000000};

/* Send a request and wait for what the kernel says. */
static int ask(const struct nlmsghdr *request)
{
	struct mnl_socket *socket = mnl_socket_open(NETLINK_ROUTE);
	char reply[4096];
	ssize_t length;
	int r = -1;

	if (!socket)
		return -1;
	if (mnl_socket_sendto(socket, request, request->nlmsg_len) >= 0) {
		length = mnl_socket_recvfrom(socket, reply, sizeof(reply));
		if (length >= 0)
			r = mnl_cb_run(reply, (size_t)length, 1, mnl_socket_get_portid(socket),
				       NULL, NULL);
	}
	mnl_socket_close(socket);
	return r;
}

/* A pair of interfaces, of which one has this index. */
static int make_veth(uint32_t ifindex)
{
	char buffer[512];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *info;
	struct nlattr *link;

	request->nlmsg_type = RTM_NEWLINK;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK;
	request->nlmsg_seq = 1;
	info = mnl_nlmsg_put_extra_header(request, sizeof(*info));
	info->ifi_index = (int)ifindex;
	link = mnl_attr_nest_start(request, IFLA_LINKINFO);
	mnl_attr_put_strz(request, IFLA_INFO_KIND, "veth");
	mnl_attr_nest_end(request, link);
	return ask(request);
}

static int open_in_namespace(void **state)
{
	if (geteuid() != 0)
		return harness_open(state);
	if (unshare(CLONE_NEWNET)) {
		perror("unshare");
		return -1;
	}
	for (size_t i = 0; i < ARRAY_SIZE(indexes); i++) {
		if (make_veth(indexes[i]) < 0) {
			perror("making an interface");
			return -1;
		}
	}
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
