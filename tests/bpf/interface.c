// SPDX-License-Identifier: GPL-2.0-only
/*
 * interface.c - ask rtnetlink for interfaces.
 */
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "bpf/interface.h"

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

int interfaces_make(const uint32_t *indexes, size_t count)
{
	if (geteuid() != 0)
		return 0;
	if (unshare(CLONE_NEWNET)) {
		perror("unshare");
		return -1;
	}
	for (size_t i = 0; i < count; i++) {
		if (make_veth(indexes[i]) < 0) {
			perror("making an interface");
			return -1;
		}
	}
	return 0;
}
