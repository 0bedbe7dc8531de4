// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_watch.c - what is told of interfaces: messages as they are read, and a
 * socket in a network namespace of our own.
 *
 * Needs root for the namespace; what needs it is skipped without.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/watch.h"
#include "util/array.h"

/* What was told, one line an event: "+5 v0 veth up alt1 alt2" or "-5 v0". */
struct told {
	char text[4096];
	int stop_after; /* events; 0: never */
	int count;
};

static int tell(const struct link_event *event, void *context)
{
	const struct link_info *link = event->link;
	struct told *told = context;
	size_t length = strlen(told->text);

	length += snprintf(told->text + length, sizeof(told->text) - length, "%c%d %s%s%s%s%s",
			   event->is_gone ? '-' : '+', link->ifindex, link->name,
			   link->kind[0] ? " " : "", link->kind, link->is_up ? " up" : "",
			   link->is_tap ? " tap" : "");
	for (size_t i = 0; i < event->altname_count; i++) {
		assert_int_equal(event->altnames[i].ifindex, link->ifindex);
		length += snprintf(told->text + length, sizeof(told->text) - length, " %s",
				   event->altnames[i].name);
	}
	snprintf(told->text + length, sizeof(told->text) - length, "\n");
	return ++told->count == told->stop_after ? 77 : 0;
}

/* Room for messages one after the other. */
struct messages {
	char bytes[8192] __attribute__((aligned(NLMSG_ALIGNTO)));
	size_t length;
};

static struct nlmsghdr *message_begin(struct messages *messages, uint16_t type, int family,
				      int ifindex)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(messages->bytes + messages->length);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(message, sizeof(*info));

	message->nlmsg_type = type;
	info->ifi_family = family;
	info->ifi_index = ifindex;
	info->ifi_type = ARPHRD_ETHER;
	return message;
}

static void message_end(struct messages *messages, const struct nlmsghdr *message)
{
	messages->length += NLMSG_ALIGN(message->nlmsg_len);
}

/* A whole message about `name`. */
static void add(struct messages *messages, uint16_t type, int ifindex, const char *name)
{
	struct nlmsghdr *message = message_begin(messages, type, AF_UNSPEC, ifindex);

	mnl_attr_put_strz(message, IFLA_IFNAME, name);
	message_end(messages, message);
}

static void assert_told(const struct messages *messages, const char *expected)
{
	struct told told = {0};

	assert_int_equal(watch_parse(messages->bytes, messages->length, tell, &told), 0);
	assert_string_equal(told.text, expected);
}

static void messages_are_told_in_their_order(void **state)
{
	struct messages messages = {0};

	(void)state;
	add(&messages, RTM_NEWLINK, 5, "v0");
	add(&messages, RTM_DELLINK, 5, "v0");
	add(&messages, RTM_NEWLINK, 5, "w0");
	assert_told(&messages, "+5 v0\n-5 v0\n+5 w0\n");
}

static void what_stops_is_handed_on(void **state)
{
	struct told told = {.stop_after = 2};
	struct messages messages = {0};

	(void)state;
	for (int i = 1; i < 5; i++)
		add(&messages, RTM_NEWLINK, i, "v0");
	assert_int_equal(watch_parse(messages.bytes, messages.length, tell, &told), 77);
	assert_int_equal(told.count, 2);
}

static void kind_flags_and_alternative_names_are_read(void **state)
{
	struct messages messages = {0};
	struct nlmsghdr *message = message_begin(&messages, RTM_NEWLINK, AF_UNSPEC, 9);
	struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	struct nlattr *nest;

	(void)state;
	info->ifi_flags = IFF_UP;
	mnl_attr_put_strz(message, IFLA_IFNAME, "fifteen-letters");
	nest = mnl_attr_nest_start(message, IFLA_LINKINFO);
	mnl_attr_put_strz(message, IFLA_INFO_KIND, "tun");
	mnl_attr_nest_end(message, nest);
	nest = mnl_attr_nest_start(message, IFLA_PROP_LIST);
	mnl_attr_put_strz(message, IFLA_ALT_IFNAME, "one");
	mnl_attr_put_strz(message, IFLA_ALT_IFNAME, "longer-than-an-instance-can-have");
	mnl_attr_put_strz(message, IFLA_ALT_IFNAME, "two");
	mnl_attr_nest_end(message, nest);
	message_end(&messages, message);
	assert_told(&messages, "+9 fifteen-letters tun up tap one two\n");
}

/* A bridge tells of its ports with the same types; a port that leaves has not gone. */
static void a_bridge_about_its_port_is_not_heard(void **state)
{
	struct messages messages = {0};
	struct nlmsghdr *message = message_begin(&messages, RTM_DELLINK, AF_BRIDGE, 5);

	(void)state;
	mnl_attr_put_strz(message, IFLA_IFNAME, "v0");
	message_end(&messages, message);
	add(&messages, RTM_NEWLINK, 5, "v0");
	assert_told(&messages, "+5 v0\n");
}

static void what_names_no_interface_is_passed_over(void **state)
{
	struct messages messages = {0};
	struct nlmsghdr *message;

	(void)state;
	add(&messages, RTM_NEWADDR, 5, "v0");
	add(&messages, RTM_NEWLINK, 0, "v0");
	add(&messages, RTM_NEWLINK, -1, "v0");
	add(&messages, RTM_NEWLINK, 5, "");
	add(&messages, RTM_NEWLINK, 5, "sixteen-letters!");
	message_end(&messages, message_begin(&messages, RTM_NEWLINK, AF_UNSPEC, 5));
	/* too short for what every such message begins with */
	message = mnl_nlmsg_put_header(messages.bytes + messages.length);
	message->nlmsg_type = RTM_NEWLINK;
	message_end(&messages, message);
	assert_told(&messages, "");
}

/* Each piece of a message is in memory of just its size, for ASan to see a byte too far. */
static void a_message_cut_anywhere_is_no_harm(void **state)
{
	struct messages messages = {0};
	struct nlmsghdr *message = message_begin(&messages, RTM_NEWLINK, AF_UNSPEC, 5);
	struct nlattr *nest;

	(void)state;
	nest = mnl_attr_nest_start(message, IFLA_PROP_LIST);
	mnl_attr_put_str(message, IFLA_ALT_IFNAME, "abcd"); /* without its NUL */
	mnl_attr_nest_end(message, nest);
	mnl_attr_put_str(message, IFLA_IFNAME, "abcdefgh");
	message_end(&messages, message);
	assert_told(&messages, "+5 abcdefgh abcd\n");
	for (size_t length = 0; length < messages.length; length++) {
		char *piece = malloc(length + 1);
		struct told told = {0};

		assert_non_null(piece);
		memcpy(piece, messages.bytes, length);
		/* cut in the middle; and whole by what it says, with less in it */
		assert_int_equal(watch_parse(piece, length, tell, &told), 0);
		assert_string_equal(told.text, "");
		if (length >= sizeof(*message)) {
			((struct nlmsghdr *)piece)->nlmsg_len = length;
			assert_int_equal(watch_parse(piece, length, tell, &told), 0);
		}
		free(piece);
	}
}

static void a_length_beyond_all_bounds_ends_it(void **state)
{
	static const uint32_t lengths[] = {0, 15, 4096, 0x7fffffff, 0x80000010, 0xffffffff};
	struct messages messages = {0};

	(void)state;
	add(&messages, RTM_NEWLINK, 5, "v0");
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		((struct nlmsghdr *)messages.bytes)->nlmsg_len = lengths[i];
		assert_told(&messages, "");
	}
}

static void need_namespace(void)
{
	if (unshare(CLONE_NEWNET))
		skip();
}

/* Ask the kernel for a bridge, or to remove it. */
static void change_link(uint16_t type, const char *name)
{
	struct mnl_socket *socket = mnl_socket_open(NETLINK_ROUTE);
	struct messages messages = {0};
	struct nlmsghdr *request = message_begin(&messages, type, AF_UNSPEC, 0);
	struct nlattr *nest;
	ssize_t length;

	((struct ifinfomsg *)mnl_nlmsg_get_payload(request))->ifi_type = 0;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	mnl_attr_put_strz(request, IFLA_IFNAME, name);
	if (type == RTM_NEWLINK) {
		request->nlmsg_flags |= NLM_F_CREATE | NLM_F_EXCL;
		nest = mnl_attr_nest_start(request, IFLA_LINKINFO);
		mnl_attr_put_strz(request, IFLA_INFO_KIND, "bridge");
		mnl_attr_nest_end(request, nest);
	}
	assert_non_null(socket);
	assert_int_equal(mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID), 0);
	assert_true(mnl_socket_sendto(socket, request, request->nlmsg_len) > 0);
	length = mnl_socket_recvfrom(socket, messages.bytes, sizeof(messages.bytes));
	assert_true(length > 0);
	assert_true(mnl_cb_run(messages.bytes, length, 0, mnl_socket_get_portid(socket), NULL,
			       NULL) >= 0);
	mnl_socket_close(socket);
}

static void the_kernel_tells_of_what_comes_and_goes(void **state)
{
	struct watch *watch = NULL;
	struct told told = {0};
	struct error err = {0};
	const char *at;

	(void)state;
	need_namespace();
	assert_int_equal(watch_open(&watch, &err), 0);
	assert_int_equal(watch_read(watch, tell, &told, &err), 0);
	assert_int_equal(told.count, 0);
	change_link(RTM_NEWLINK, "br0");
	change_link(RTM_DELLINK, "br0");
	assert_int_equal(watch_read(watch, tell, &told, &err), 0);
	at = strstr(told.text, "br0 bridge\n");
	assert_non_null(at);
	assert_true(told.text[0] == '+');
	assert_non_null(strstr(at, "\n-"));
	watch_close(watch);
}

static void what_was_missed_is_told_once(void **state)
{
	struct watch *watch = NULL;
	struct told told = {0};
	struct error err = {0};

	(void)state;
	need_namespace();
	assert_int_equal(setenv("SGATE_TEST_RCVBUF", "1", 1), 0);
	assert_int_equal(watch_open(&watch, &err), 0);
	assert_int_equal(unsetenv("SGATE_TEST_RCVBUF"), 0);
	for (int i = 0; i < 5; i++) {
		change_link(RTM_NEWLINK, "br0");
		change_link(RTM_DELLINK, "br0");
	}
	assert_int_equal(watch_read(watch, tell, &told, &err), -ENOBUFS);
	assert_null(err.code);
	/* what is there still, and then all is read */
	assert_int_equal(watch_read(watch, tell, &told, &err), 0);
	told = (struct told){0};
	change_link(RTM_NEWLINK, "br1");
	assert_int_equal(watch_read(watch, tell, &told, &err), 0);
	assert_non_null(strstr(told.text, "br1"));
	watch_close(watch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_are_told_in_their_order),
		cmocka_unit_test(what_stops_is_handed_on),
		cmocka_unit_test(kind_flags_and_alternative_names_are_read),
		cmocka_unit_test(a_bridge_about_its_port_is_not_heard),
		cmocka_unit_test(what_names_no_interface_is_passed_over),
		cmocka_unit_test(a_message_cut_anywhere_is_no_harm),
		cmocka_unit_test(a_length_beyond_all_bounds_ends_it),
		cmocka_unit_test(the_kernel_tells_of_what_comes_and_goes),
		cmocka_unit_test(what_was_missed_is_told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
