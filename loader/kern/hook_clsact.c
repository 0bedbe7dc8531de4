// SPDX-License-Identifier: GPL-2.0-only
/*
 * hook_clsact.c - programs attached as cls_bpf filters of a clsact qdisc, for
 * kernels without tcx (before Linux 6.6).
 *
 * Our filter has a handle of its own and priority 1, so that it runs before
 * any that could let a packet by; others' filters are neither read nor moved.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <time.h>

#include "kern/internal.h"
#include "model/code.h"

#define FILTER_HANDLE 0x5347 /* "SG" */
#define FILTER_PRIORITY 1

static struct bpf_tc_hook tc_hook(uint32_t ifindex, enum hook_path which)
{
	return (struct bpf_tc_hook){
		.sz = sizeof(struct bpf_tc_hook),
		.ifindex = ifindex,
		.attach_point = which == PATH_RX ? BPF_TC_INGRESS : BPF_TC_EGRESS,
	};
}

static int attach_filter(struct kern *kern, uint32_t ifindex, enum hook_path which)
{
	struct bpf_tc_hook hook = tc_hook(ifindex, which);
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY,
		    .prog_fd = kern->programs[which == PATH_RX ? PROGRAM_TC_RX : PROGRAM_TC_TX],
		    .flags = BPF_TC_F_REPLACE);

	return bpf_tc_attach(&hook, &options);
}

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

int clsact_attach(struct kern *kern, uint32_t ifindex, const char *dev, enum hook_path which,
		  bool *own_clsact, struct error *err)
{
	struct bpf_tc_hook qdisc = tc_hook(ifindex, PATH_RX);
	libbpf_print_fn_t printer = libbpf_set_print(quiet);
	int r;

	qdisc.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
	r = bpf_tc_hook_create(&qdisc);
	if (!r)
		*own_clsact = true;
	if (!r || r == -EEXIST)
		r = attach_filter(kern, ifindex, which);
	libbpf_set_print(printer);
	if (r == -EINVAL || r == -EEXIST)
		return error_set(err, EBUSY, CODE_OPERATION_DENIED_INTERFACE_IN_USE,
				 "interface \"%s\" has another tc filter at priority %d, which is "
				 "left alone but would decide first: move it to a higher number",
				 dev, FILTER_PRIORITY);
	return r ? kern_error(err, -r, "cannot add the tc filter to \"%s\"", dev) : 0;
}

static enum kern_program program_of(enum hook_path which)
{
	return which == PATH_RX ? PROGRAM_TC_RX : PROGRAM_TC_TX;
}

/* Whether the filter in our place is ours, of whatever build. */
static bool find_ours(uint32_t ifindex, enum hook_path which, struct filter_program *program_out)
{
	return filter_program(ifindex, which, FILTER_PRIORITY, FILTER_HANDLE, program_out) &&
	       !strcmp(program_out->name, kern_program_names[program_of(which)]);
}

/*
 * A filter holds its program by itself: it may have been left by a directory
 * that is gone, with the maps of that, and then runs no policy of ours.
 */
bool clsact_is_live(const struct kern *kern, uint32_t ifindex, enum hook_path which)
{
	struct filter_program program;

	return find_ours(ifindex, which, &program) &&
	       program.id == pinned_program(kern, program_of(which));
}

int clsact_refresh(struct kern *kern, uint32_t ifindex, enum hook_path which, struct error *err)
{
	struct filter_program program;
	int r;

	if (!find_ours(ifindex, which, &program))
		return 0;
	r = attach_filter(kern, ifindex, which);
	return r ? kern_error(err, -r, "cannot replace the tc filter of interface index %u",
			      ifindex)
		 : 0;
}

int clsact_detach(uint32_t ifindex, enum hook_path which, struct error *err)
{
	struct bpf_tc_hook hook = tc_hook(ifindex, which);
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY);
	struct filter_program program;
	int r;

	if (!find_ours(ifindex, which, &program))
		return 0;
	r = bpf_tc_detach(&hook, &options);
	return r ? kern_error(err, -r, "cannot remove the tc filter of interface index %u", ifindex)
		 : 0;
}

static int count_filter(const struct nlmsghdr *message, void *count)
{
	(void)message;
	++*(int *)count;
	return MNL_CB_OK;
}

/* Filters at one side of the qdisc, whoever's they are. */
static int count_filters(struct mnl_socket *socket, uint32_t ifindex, uint32_t parent)
{
	char buffer[16384]; /* room for a dump's messages, as libmnl advises */
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct tcmsg *tc;
	unsigned int sequence = time(NULL) ^ parent;
	ssize_t got;
	int count = 0, r = 1;

	request->nlmsg_type = RTM_GETTFILTER;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	request->nlmsg_seq = sequence;
	tc = mnl_nlmsg_put_extra_header(request, sizeof(*tc));
	tc->tcm_family = AF_UNSPEC;
	tc->tcm_ifindex = ifindex;
	tc->tcm_parent = parent;
	if (mnl_socket_sendto(socket, request, request->nlmsg_len) < 0)
		return -errno;
	while (r > 0) {
		got = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
		if (got < 0)
			return -errno;
		r = mnl_cb_run(buffer, got, sequence, mnl_socket_get_portid(socket), count_filter,
			       &count);
	}
	return r < 0 ? -errno : count;
}

int clsact_remove_if_empty(uint32_t ifindex, struct error *err)
{
	struct bpf_tc_hook qdisc = tc_hook(ifindex, PATH_RX);
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	libbpf_print_fn_t printer;
	int ingress, egress = 0, r = 0;

	if (!socket)
		return kern_error(err, errno, "cannot open a netlink socket");
	ingress = count_filters(socket, ifindex, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS));
	if (!ingress)
		egress = count_filters(socket, ifindex, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS));
	mnl_socket_close(socket);
	/* What cannot be listed is left alone; -ENODEV and -EINVAL: it is gone. */
	if (ingress || egress)
		return 0;
	qdisc.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
	printer = libbpf_set_print(quiet);
	r = bpf_tc_hook_destroy(&qdisc);
	libbpf_set_print(printer);
	if (r && r != -ENOENT && r != -EINVAL && r != -ENODEV)
		return kern_error(err, -r, "cannot remove the clsact qdisc of interface index %u",
				  ifindex);
	return 0;
}
