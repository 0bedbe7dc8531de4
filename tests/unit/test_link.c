// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_link.c - interfaces as rtnetlink tells, in a network namespace of our
 * own:
 *
 *   lo    veth-a ---- veth-b    br    tap    tun
 *
 * Needs root for the namespace; skipped without. The namespace goes away with
 * the process.
 */
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "model/code.h"
#include "net/link.h"
#include "util/array.h"
#include "util/cleanup.h"

static struct {
	bool is_made; /* the namespace is there */
	int tap_fd;   /* -1: no /dev/net/tun here */
	int tun_fd;
} topology = {.tap_fd = -1, .tun_fd = -1};

/* Send one request and return what the kernel says: 0 or -errno. */
static int talk(struct nlmsghdr *request)
{
	struct mnl_socket *socket = mnl_socket_open(NETLINK_ROUTE);
	char answer[8192];
	ssize_t length;
	int r = 0;

	assert_non_null(socket);
	request->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	assert_int_equal(mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID), 0);
	assert_true(mnl_socket_sendto(socket, request, request->nlmsg_len) > 0);
	length = mnl_socket_recvfrom(socket, answer, sizeof(answer));
	assert_true(length > 0);
	if (mnl_cb_run(answer, length, 0, mnl_socket_get_portid(socket), NULL, NULL) < 0)
		r = -errno;
	mnl_socket_close(socket);
	return r;
}

static struct nlmsghdr *request_begin(char buffer[1024], uint16_t type, const char *name)
{
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);

	request->nlmsg_type = type;
	mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(request, IFLA_IFNAME, name);
	return request;
}

static int make_bridge(const char *name)
{
	char buffer[1024];
	struct nlmsghdr *request = request_begin(buffer, RTM_NEWLINK, name);
	struct nlattr *info = mnl_attr_nest_start(request, IFLA_LINKINFO);

	request->nlmsg_flags |= NLM_F_CREATE | NLM_F_EXCL;
	mnl_attr_put_strz(request, IFLA_INFO_KIND, "bridge");
	mnl_attr_nest_end(request, info);
	return talk(request);
}

static int make_veth(const char *name, const char *peer_name)
{
	char buffer[1024];
	struct nlmsghdr *request = request_begin(buffer, RTM_NEWLINK, name);
	struct nlattr *info, *data, *peer;

	request->nlmsg_flags |= NLM_F_CREATE | NLM_F_EXCL;
	info = mnl_attr_nest_start(request, IFLA_LINKINFO);
	mnl_attr_put_strz(request, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(request, IFLA_INFO_DATA);
	peer = mnl_attr_nest_start(request, VETH_INFO_PEER);
	mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(request, IFLA_IFNAME, peer_name);
	mnl_attr_nest_end(request, peer);
	mnl_attr_nest_end(request, data);
	mnl_attr_nest_end(request, info);
	return talk(request);
}

static int remove_link(const char *name)
{
	char buffer[1024];

	return talk(request_begin(buffer, RTM_DELLINK, name));
}

/* The descriptor keeps the interface; -1 when this machine has no tun driver. */
static int make_tun(const char *name, short mode)
{
	struct ifreq request = {0};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -1;
	strcpy(request.ifr_name, name);
	request.ifr_flags = mode | IFF_NO_PI;
	if (ioctl(fd, TUNSETIFF, &request)) {
		close(fd);
		return -1;
	}
	return fd;
}

static int make_topology(void **state)
{
	(void)state;
	if (unshare(CLONE_NEWNET))
		return 0; /* each test skips */
	if (make_veth("veth-a", "veth-b") || make_bridge("br"))
		return -1;
	topology.tap_fd = make_tun("tap", IFF_TAP);
	topology.tun_fd = make_tun("tun", IFF_TUN);
	topology.is_made = true;
	return 0;
}

static int drop_topology(void **state)
{
	(void)state;
	if (topology.tap_fd >= 0)
		close(topology.tap_fd);
	if (topology.tun_fd >= 0)
		close(topology.tun_fd);
	return 0;
}

static void need_topology(void)
{
	if (!topology.is_made)
		skip();
}

static void each_kind_is_known_for_what_it_is(void **state)
{
	static const struct {
		const char *name;
		const char *kind;
		bool is_supported, leads_to_guest, has_no_link_header, is_tap;
	} rows[] = {
		{"lo", "", false, false, false, false},
		{"br", "bridge", true, false, false, false},
		{"veth-a", "veth", true, true, false, false},
		{"veth-b", "veth", true, true, false, false},
		{"tap", "tun", true, true, false, true},
		{"tun", "tun", true, false, true, false},
	};

	(void)state;
	need_topology();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct link_info link;
		struct error err = {0};

		if (!strcmp(rows[i].kind, "tun") && (topology.tap_fd < 0 || topology.tun_fd < 0))
			skip();
		assert_int_equal(link_find(rows[i].name, &link, &err), 0);
		assert_string_equal(link.name, rows[i].name);
		assert_string_equal(link.kind, rows[i].kind);
		assert_int_equal(link_is_supported(&link), rows[i].is_supported);
		assert_int_equal(link_leads_to_guest(&link), rows[i].leads_to_guest);
		assert_int_equal(link_has_no_link_header(&link), rows[i].has_no_link_header);
		assert_int_equal(link.is_tap, rows[i].is_tap);
		assert_false(link.is_up);
	}
}

static void name_and_index_find_the_same_interface(void **state)
{
	struct link_info by_name, by_index;
	struct error err = {0};

	(void)state;
	need_topology();
	assert_int_equal(link_find("veth-b", &by_name, &err), 0);
	assert_true(by_name.ifindex > 0);
	assert_int_equal(link_find_index(by_name.ifindex, &by_index, &err), 0);
	assert_memory_equal(&by_name, &by_index, sizeof(by_name));
}

static void what_is_not_there_is_enodev(void **state)
{
	static const char *const names[] = {"nothing", "", "a-name-that-is-far-too-long"};
	struct link_info link = {.ifindex = 77};
	struct error err = {0};

	(void)state;
	need_topology();
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_int_equal(link_find(names[i], &link, &err), -ENODEV);
		assert_string_equal(err.code, CODE_INVALID_INTERFACE_NOT_FOUND);
	}
	assert_non_null(strstr(err.message, "\"a-name-that-is-far-too-long\""));
	assert_int_equal(link_find_index(0, &link, &err), -ENODEV);
	assert_int_equal(link_find_index(-1, &link, &err), -ENODEV);
	assert_int_equal(link_find_index(1 << 30, &link, &err), -ENODEV);
	assert_string_equal(err.code, CODE_INVALID_INTERFACE_NOT_FOUND);
	assert_int_equal(link.ifindex, 77);
}

static int add_altname(const char *name, const char *altname)
{
	char buffer[1024];
	struct nlmsghdr *request = request_begin(buffer, RTM_NEWLINKPROP, name);
	struct nlattr *list = mnl_attr_nest_start(request, IFLA_PROP_LIST);

	request->nlmsg_flags |= NLM_F_CREATE | NLM_F_EXCL | NLM_F_APPEND;
	mnl_attr_put_strz(request, IFLA_ALT_IFNAME, altname);
	mnl_attr_nest_end(request, list);
	return talk(request);
}

static void an_alternative_name_finds_the_same_interface(void **state)
{
	AUTO(links_fini) struct links links = {0}, one = {0};
	const struct link_info *link;
	struct error err = {0};

	(void)state;
	need_topology();
	assert_int_equal(add_altname("veth-b", "other"), 0);
	assert_int_equal(add_altname("veth-b", "longer-than-any-instance-has"), 0);
	assert_int_equal(links_dump(&links, &err), 0);
	link = links_find(&links, "other");
	assert_non_null(link);
	assert_string_equal(link->name, "veth-b");
	assert_ptr_equal(links_find(&links, "veth-b"), link);
	assert_null(links_find(&links, "othe"));
	assert_int_equal(link_find_names("other", &one, &err), 0);
	assert_int_equal(one.count, 1);
	assert_memory_equal(&one.items[0], link, sizeof(*link));
	assert_int_equal(one.altname_count, 1);
	assert_string_equal(one.altnames[0].name, "other");
	assert_int_equal(one.altnames[0].ifindex, link->ifindex);
}

static bool dump_has(const struct links *links, const char *name)
{
	for (size_t i = 0; i < links->count; i++) {
		if (!strcmp(links->items[i].name, name))
			return true;
	}
	return false;
}

static void assert_dump_is_whole(void)
{
	static const char *const names[] = {"lo", "veth-a", "veth-b", "br"};
	AUTO(links_fini) struct links links = {0};
	struct error err = {0};

	assert_int_equal(links_dump(&links, &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_true(dump_has(&links, names[i]));
	for (size_t i = 1; i < links.count; i++)
		assert_true(links.items[i - 1].ifindex < links.items[i].ifindex);
}

static void a_dump_has_all_in_order_of_index(void **state)
{
	(void)state;
	need_topology();
	assert_dump_is_whole();
}

/* Enough interfaces for a dump of several messages, while others come and go. */
static void a_dump_is_whole_while_interfaces_come_and_go(void **state)
{
	enum {
		STILL = 60,
		CHANGES = 40
	};
	char name[16];
	int status;
	pid_t child;

	(void)state;
	need_topology();
	for (int i = 0; i < STILL; i++) {
		snprintf(name, sizeof(name), "still%d", i);
		assert_int_equal(make_bridge(name), 0);
	}
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		for (int i = 0; i < CHANGES; i++) {
			if (make_bridge("flicker") || remove_link("flicker"))
				_exit(1);
		}
		_exit(0);
	}
	do
		assert_dump_is_whole();
	while (waitpid(child, &status, WNOHANG) == 0);
	assert_int_equal(status, 0);
	for (int i = 0; i < STILL; i++) {
		snprintf(name, sizeof(name), "still%d", i);
		assert_int_equal(remove_link(name), 0);
	}
}

static void another_namespace_has_another_identity(void **state)
{
	uint64_t device, inode, other_device, other_inode;
	struct error err = {0};

	(void)state;
	need_topology();
	assert_int_equal(netns_identity(&device, &inode, &err), 0);
	assert_int_equal(netns_identity(&other_device, &other_inode, &err), 0);
	assert_true(device == other_device && inode == other_inode);
	/* the last test, because the topology stays behind */
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	assert_int_equal(netns_identity(&other_device, &other_inode, &err), 0);
	assert_false(device == other_device && inode == other_inode);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_is_known_for_what_it_is),
		cmocka_unit_test(name_and_index_find_the_same_interface),
		cmocka_unit_test(an_alternative_name_finds_the_same_interface),
		cmocka_unit_test(what_is_not_there_is_enodev),
		cmocka_unit_test(a_dump_has_all_in_order_of_index),
		cmocka_unit_test(a_dump_is_whole_while_interfaces_come_and_go),
		cmocka_unit_test(another_namespace_has_another_identity),
	};

	return cmocka_run_group_tests(tests, make_topology, drop_topology);
}
