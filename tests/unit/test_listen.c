// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_listen.c - where to listen is read strictly.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "model/code.h"
#include "net/listen.h"
#include "util/array.h"

static void addresses_are_numbers_with_a_port(void **state)
{
	static const struct {
		const char *text;
		int family; /* 0: refused */
		bool is_loopback;
	} rows[] = {
		{"127.0.0.1:9100", AF_INET, true},
		{"127.1.2.3:0", AF_INET, true},
		{"0.0.0.0:9100", AF_INET, false},
		{"128.0.0.1:1", AF_INET, false},
		{"[::1]:65535", AF_INET6, true},
		{"[::]:9100", AF_INET6, false},
		{"[2001:db8::1]:1", AF_INET6, false},
		{"127.0.0.1", 0, false},
		{"127.0.0.1:", 0, false},
		{"127.0.0.1:65536", 0, false},
		{"127.0.0.1:01", 0, false},
		{"127.0.0.1: 1", 0, false},
		{":9100", 0, false},
		{"[]:9100", 0, false},
		{"::1:9100", 0, false},
		{"[127.0.0.1]:9100", 0, false},
		{"[::1%lo]:9100", 0, false},
		{"[::1:9100", 0, false},
		{"localhost:9100", 0, false},
		{"[2001:db8:2001:db8:2001:db8:2001:db8:2001:db8:2001:db8]:1", 0, false},
		{"", 0, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct sockaddr_storage address = {};
		struct error err = {};
		socklen_t length = 0;
		int r = tcp_address_parse(rows[i].text, &address, &length, &err);

		assert_int_equal(r, rows[i].family ? 0 : -EINVAL);
		assert_int_equal(address.ss_family, rows[i].family);
		if (rows[i].family)
			assert_int_equal(tcp_address_is_loopback(&address), rows[i].is_loopback);
		else
			assert_string_equal(err.code, CODE_USAGE);
	}
}

static void a_taken_address_is_refused(void **state)
{
	struct sockaddr_in address = {};
	socklen_t length = sizeof(address);
	struct error err = {};
	char text[32];
	int fd = -1, other = -1;

	(void)state;
	assert_int_equal(tcp_listen("127.0.0.1:0", &fd, &err), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	snprintf(text, sizeof(text), "127.0.0.1:%u", ntohs(address.sin_port));
	assert_int_equal(tcp_listen(text, &other, &err), -EADDRINUSE);
	assert_non_null(strstr(err.message, text));
	assert_int_equal(other, -1);
	close(fd);
}

/* Of the ranges for documentation: this machine has none of them. */
static void an_address_may_come_later(void **state)
{
	static const char *const addresses[] = {"192.0.2.1:0", "[2001:db8::1]:0"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		struct error err = {};
		int fd = -1;

		assert_int_equal(tcp_listen(addresses[i], &fd, &err), 0);
		close(fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_numbers_with_a_port),
		cmocka_unit_test(a_taken_address_is_refused),
		cmocka_unit_test(an_address_may_come_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
