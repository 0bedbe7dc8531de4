// SPDX-License-Identifier: GPL-2.0-only
/*
 * watch.c - be told when network interfaces come, change and go.
 *
 * Only what the kernel itself sends counts: whoever has CAP_NET_ADMIN could
 * send to the same group.
 */
#include "net/watch.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "model/code.h"
#include "net/link_message.h"
#include "util/cleanup.h"
#include "util/number.h"

/* A message about one interface takes about 2 KiB; a device with many functions more. */
#define MESSAGE_BYTES 65536
/* What may wait unread: some thousand messages. Memory is used only while they wait. */
#define WAITING_BYTES (8 << 20)
/* Read at most so many at a time, so that whoever waits for something else gets a turn. */
#define MAX_MESSAGES 4096
/* For tests: another size than WAITING_BYTES. */
#define SIZE_VARIABLE "SGATE_TEST_RCVBUF"

struct watch {
	struct mnl_socket *socket;
	char message[MESSAGE_BYTES];
};

static int failed(int number, struct error *err)
{
	return error_set(err, number, CODE_INTERNAL_SERVER_ERROR,
			 "cannot watch the network interfaces: rtnetlink: %s", strerror(number));
}

static int waiting_bytes(void)
{
	const char *text = getenv(SIZE_VARIABLE);
	uint64_t bytes = 0;

	return text && !number_parse(text, 1, WAITING_BYTES, &bytes) ? (int)bytes : WAITING_BYTES;
}

/* Above net.core.rmem_max only with CAP_NET_ADMIN; with less, more is missed and asked for. */
static void set_size(struct mnl_socket *socket)
{
	int bytes = waiting_bytes();
	int fd = mnl_socket_get_fd(socket);

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
}

int watch_open(struct watch **watch_out, struct error *err)
{
	struct watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return failed(ENOMEM, err);
	watch->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!watch->socket || mnl_socket_bind(watch->socket, RTMGRP_LINK, MNL_SOCKET_AUTOPID) < 0) {
		int number = errno;

		watch_close(watch);
		return failed(number, err);
	}
	set_size(watch->socket);
	*watch_out = watch;
	return 0;
}

void watch_close(struct watch *watch)
{
	if (!watch)
		return;
	if (watch->socket)
		mnl_socket_close(watch->socket);
	free(watch);
}

int watch_fd(const struct watch *watch)
{
	return mnl_socket_get_fd(watch->socket);
}

static int message_tell(const struct nlmsghdr *message, watch_each *each, void *context)
{
	AUTO(links_fini) struct links links = {0};
	struct link_event event = {.is_gone = message->nlmsg_type == RTM_DELLINK};
	int r;

	if (!event.is_gone && message->nlmsg_type != RTM_NEWLINK)
		return 0;
	r = link_message_read(message, &links);
	if (r)
		return r == -EBADMSG ? 0 : r;
	event.link = links.items;
	event.altnames = links.altnames;
	event.altname_count = links.altname_count;
	return each(&event, context);
}

/*
 * mnl_nlmsg_ok() takes a length above INT_MAX for a negative one, which fits;
 * and attributes are read up to the padding, which must be there as well.
 */
static bool is_whole(const struct nlmsghdr *message, int left)
{
	return mnl_nlmsg_ok(message, left) && message->nlmsg_len <= (unsigned int)left &&
	       NLMSG_ALIGN(message->nlmsg_len) <= (unsigned int)left;
}

int watch_parse(const void *bytes, size_t length, watch_each *each, void *context)
{
	const struct nlmsghdr *message = bytes;
	int left = (int)length;
	int r = 0;

	while (!r && is_whole(message, left)) {
		r = message_tell(message, each, context);
		message = mnl_nlmsg_next(message, &left);
	}
	return r;
}

/* The bytes of one datagram of the kernel's, 0 for one of somebody else's, or -errno. */
static ssize_t receive(struct watch *watch)
{
	struct sockaddr_nl sender = {0};
	struct iovec bytes = {.iov_base = watch->message, .iov_len = sizeof(watch->message)};
	struct msghdr header = {.msg_name = &sender,
				.msg_namelen = sizeof(sender),
				.msg_iov = &bytes,
				.msg_iovlen = 1};
	ssize_t length = recvmsg(watch_fd(watch), &header, 0);

	if (length < 0)
		return -errno;
	if (sender.nl_pid)
		return 0;
	/* cut: what it said is as good as missed */
	return header.msg_flags & MSG_TRUNC ? -ENOBUFS : length;
}

int watch_read(struct watch *watch, watch_each *each, void *context, struct error *err)
{
	for (int i = 0; i < MAX_MESSAGES; i++) {
		ssize_t length = receive(watch);
		int r;

		if (length == -EAGAIN)
			return 0;
		if (length == -EINTR)
			continue;
		if (length == -ENOBUFS)
			return error_set(err, ENOBUFS, NULL, "events of interfaces were missed");
		if (length < 0)
			return failed((int)-length, err);
		r = watch_parse(watch->message, length, each, context);
		if (r)
			return r == -ENOMEM ? failed(ENOMEM, err) : r;
	}
	return -EAGAIN;
}
