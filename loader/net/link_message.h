/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * link_message.h - an rtnetlink message about an interface, read.
 */
#ifndef NET_LINK_MESSAGE_H
#define NET_LINK_MESSAGE_H

#include <linux/netlink.h>

#include "net/link.h"

/*
 * Append the interface of an RTM_NEWLINK or RTM_DELLINK message, and its
 * alternative names, to *links. The message is whole (mnl_nlmsg_ok); what is
 * in it may be anything. -EBADMSG, and nothing appended, when it names no
 * interface, as those of a bridge about its ports do not; -ENOMEM.
 */
int link_message_read(const struct nlmsghdr *message, struct links *links);

/* Bring them into the order that struct links has when it is whole. -ENOMEM. */
int links_sort(struct links *links);

#endif
