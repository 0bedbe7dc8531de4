// SPDX-License-Identifier: GPL-2.0-only
/*
 * filter.c - which program a filter of clsact runs, by the name that the
 * filter itself tells: to look a program up by its number takes CAP_SYS_ADMIN.
 */
#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "kern/internal.h"
#include "util/cleanup.h"

#define ANSWER_BYTES 32768
#define QUESTION_BYTES 256

static void socket_close(struct mnl_socket **socket)
{
	if (*socket)
		mnl_socket_close(*socket);
}

/* libbpf names a filter "PROGRAM:[ID]". */
static void name_read(const struct nlattr *attribute, char name[PROGRAM_NAME_MAX])
{
	const char *text = mnl_attr_get_payload(attribute);
	size_t length = strnlen(text, mnl_attr_get_payload_len(attribute));
	const char *colon = memchr(text, ':', length);

	if (colon)
		length = colon - text;
	if (length >= PROGRAM_NAME_MAX)
		length = PROGRAM_NAME_MAX - 1;
	memcpy(name, text, length);
	name[length] = '\0';
}

static int filter_read(const struct nlmsghdr *message, void *data)
{
	struct filter_program *program = data;
	const struct nlattr *attribute, *option;

	if (message->nlmsg_type != RTM_NEWTFILTER)
		return MNL_CB_OK;
	mnl_attr_for_each(attribute, message, sizeof(struct tcmsg))
	{
		if (mnl_attr_get_type(attribute) != TCA_OPTIONS)
			continue;
		mnl_attr_for_each_nested(option, attribute)
		{
			if (mnl_attr_get_type(option) == TCA_BPF_NAME)
				name_read(option, program->name);
			if (mnl_attr_get_type(option) == TCA_BPF_ID &&
			    !mnl_attr_validate(option, MNL_TYPE_U32))
				program->id = mnl_attr_get_u32(option);
		}
	}
	return MNL_CB_OK;
}

bool filter_program(uint32_t ifindex, enum hook_path which, uint32_t priority, uint32_t handle,
		    struct filter_program *program_out)
{
	AUTO(socket_close)
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	uint32_t side = which == PATH_RX ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS;
	char question[QUESTION_BYTES], answer[ANSWER_BYTES];
	struct nlmsghdr *request = mnl_nlmsg_put_header(question);
	struct filter_program program = {};
	struct tcmsg *tc;
	ssize_t length;

	request->nlmsg_type = RTM_GETTFILTER;
	request->nlmsg_flags = NLM_F_REQUEST;
	request->nlmsg_seq = 1;
	tc = mnl_nlmsg_put_extra_header(request, sizeof(*tc));
	tc->tcm_family = AF_UNSPEC;
	tc->tcm_ifindex = (int)ifindex;
	tc->tcm_parent = TC_H_MAKE(TC_H_CLSACT, side);
	tc->tcm_handle = handle;
	tc->tcm_info = TC_H_MAKE(priority << 16, htons(ETH_P_ALL));
	mnl_attr_put_strz(request, TCA_KIND, "bpf");
	if (!socket || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_sendto(socket, request, request->nlmsg_len) < 0)
		return false;
	length = mnl_socket_recvfrom(socket, answer, sizeof(answer));
	if (length < 0 || mnl_cb_run(answer, length, request->nlmsg_seq,
				     mnl_socket_get_portid(socket), filter_read, &program) < 0)
		return false;
	*program_out = program;
	return program.name[0];
}
