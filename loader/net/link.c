// SPDX-License-Identifier: GPL-2.0-only
/*
 * link.c - ask rtnetlink which network interfaces there are.
 *
 * Each question has a socket of its own, so an answer that was given up half
 * way (an interrupted dump) leaves nothing behind for the next one.
 */
#include "net/link.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "model/code.h"
#include "net/link_message.h"
#include "util/cleanup.h"
#include "util/quote.h"

/* The kernel fills at most this for a dump; a single interface takes less. */
#define ANSWER_BYTES 32768
#define QUESTION_BYTES 256
/* A dump is interrupted when an interface comes or goes meanwhile. */
#define DUMP_TRIES 100

static void socket_close(struct mnl_socket **socket)
{
	if (*socket)
		mnl_socket_close(*socket);
}

static int failed(struct error *err)
{
	int number = errno;

	return error_set(err, number, CODE_INTERNAL_SERVER_ERROR,
			 "cannot read the network interfaces: rtnetlink: %s", strerror(number));
}

/* One message of an answer, appended to the struct links at `data`. */
static int answer_read(const struct nlmsghdr *message, void *data)
{
	int r = message->nlmsg_type == RTM_NEWLINK ? link_message_read(message, data) : 0;

	if (r != -ENOMEM)
		return MNL_CB_OK;
	errno = ENOMEM;
	return MNL_CB_ERROR;
}

static struct nlmsghdr *question_begin(char buffer[QUESTION_BYTES], uint16_t flags, int ifindex)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *info;

	message->nlmsg_type = RTM_GETLINK;
	message->nlmsg_flags = NLM_F_REQUEST | flags;
	message->nlmsg_seq = 1;
	info = mnl_nlmsg_put_extra_header(message, sizeof(*info));
	info->ifi_family = AF_UNSPEC;
	info->ifi_index = ifindex;
	mnl_attr_put_u32(message, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	return message;
}

/* Ask, and append what is answered to *links. -errno; -EINTR for an interrupted dump. */
static int ask(const struct nlmsghdr *question, struct links *links)
{
	AUTO(socket_close)
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	bool is_dump = question->nlmsg_flags & NLM_F_DUMP;
	char answer[ANSWER_BYTES];
	int r;

	if (!socket || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_sendto(socket, question, question->nlmsg_len) < 0)
		return -errno;
	do {
		ssize_t length = mnl_socket_recvfrom(socket, answer, sizeof(answer));

		if (length < 0)
			return -errno;
		r = mnl_cb_run(answer, length, question->nlmsg_seq, mnl_socket_get_portid(socket),
			       answer_read, links);
		if (r < 0)
			return -errno;
	} while (is_dump && r != MNL_CB_STOP);
	return 0;
}

int links_dump(struct links *links_out, struct error *err)
{
	char buffer[QUESTION_BYTES];
	const struct nlmsghdr *question = question_begin(buffer, NLM_F_DUMP, 0);
	AUTO(links_fini) struct links links = {0};
	int tries = 0;
	int r;

	do {
		links.count = 0;
		links.altname_count = 0;
		r = ask(question, &links);
	} while (r == -EINTR && ++tries < DUMP_TRIES);
	if (!r)
		r = links_sort(&links);
	if (r) {
		errno = -r;
		return failed(err);
	}
	*links_out = links;
	links = (struct links){0};
	return 0;
}

/* Ask for one interface. -ENODEV without a message. */
static int link_ask(const struct nlmsghdr *question, struct links *links_out, struct error *err)
{
	AUTO(links_fini) struct links links = {0};
	int r;

	do
		r = ask(question, &links);
	while (r == -EINTR);
	if (r == -ENODEV || (!r && !links.count))
		return -ENODEV;
	if (!r)
		r = links_sort(&links);
	if (r) {
		errno = -r;
		return failed(err);
	}
	*links_out = links;
	links = (struct links){0};
	return 0;
}

int link_find_names(const char *name, struct links *links_out, struct error *err)
{
	char buffer[QUESTION_BYTES];
	struct nlmsghdr *question = question_begin(buffer, 0, 0);
	int r = -ENODEV;

	if (*name && strlen(name) <= DEV_MAX) {
		mnl_attr_put_strz(question, IFLA_IFNAME, name);
		r = link_ask(question, links_out, err);
	}
	if (r == -ENODEV)
		error_set(err, ENODEV, CODE_INVALID_INTERFACE_NOT_FOUND,
			  "no network interface \"%s\": `ip link` shows those there are",
			  quote(name).text);
	return r;
}

int link_find(const char *name, struct link_info *link_out, struct error *err)
{
	AUTO(links_fini) struct links links = {0};
	int r = link_find_names(name, &links, err);

	if (!r)
		*link_out = links.items[0];
	return r;
}

int link_find_index(int ifindex, struct link_info *link_out, struct error *err)
{
	AUTO(links_fini) struct links links = {0};
	char buffer[QUESTION_BYTES];
	int r = -ENODEV;

	if (ifindex > 0)
		r = link_ask(question_begin(buffer, 0, ifindex), &links, err);
	if (!r)
		*link_out = links.items[0];
	if (r == -ENODEV)
		error_set(err, ENODEV, CODE_INVALID_INTERFACE_NOT_FOUND,
			  "no network interface has index %d: `ip link` shows those there are",
			  ifindex);
	return r;
}

/*
 * The kernel's own list of interfaces without a link header is that of
 * dev_is_mac_header_xmit() (linux/if_arp.h). GRE is left out: a multipoint
 * tunnel's sent frames begin with the outer header, which is not what rules
 * are about.
 */
bool link_has_no_link_header(const struct link_info *link)
{
	switch (link->type) {
	case ARPHRD_NONE:
	case ARPHRD_RAWIP:
	case ARPHRD_TUNNEL:
	case ARPHRD_TUNNEL6:
	case ARPHRD_SIT:
	case ARPHRD_PPP:
		return true;
	default:
		return false;
	}
}

bool link_is_supported(const struct link_info *link)
{
	return link->type == ARPHRD_ETHER || link_has_no_link_header(link);
}

bool link_leads_to_guest(const struct link_info *link)
{
	return link->is_tap || !strcmp(link->kind, "veth") || !strcmp(link->kind, "macvtap");
}
