// SPDX-License-Identifier: GPL-2.0-only
/*
 * listen.c - read the address of a TCP listener, and listen there.
 */
#include "net/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

#include "model/code.h"
#include "util/cleanup.h"
#include "util/number.h"
#include "util/quote.h"

#define HOST_MAX INET6_ADDRSTRLEN

static int not_an_address(const char *text, struct error *err)
{
	return error_set(err, EINVAL, CODE_USAGE,
			 "\"%s\" is not an address to listen at: use ADDR:PORT or [V6]:PORT, "
			 "with numbers",
			 quote(text).text);
}

/* The host without its brackets. */
static bool host_read(const char *text, size_t length, bool *is_ipv6_out, char host[HOST_MAX])
{
	*is_ipv6_out = length > 2 && text[0] == '[' && text[length - 1] == ']';
	if (*is_ipv6_out) {
		text++;
		length -= 2;
	}
	if (!length || length >= HOST_MAX)
		return false;
	memcpy(host, text, length);
	host[length] = '\0';
	return true;
}

int tcp_address_parse(const char *text, struct sockaddr_storage *address_out, socklen_t *length_out,
		      struct error *err)
{
	struct sockaddr_storage address = {};
	struct sockaddr_in *ipv4 = (struct sockaddr_in *)&address;
	struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)&address;
	const char *colon = strrchr(text, ':');
	char host[HOST_MAX];
	bool is_ipv6;
	uint64_t port;

	if (!colon || !host_read(text, colon - text, &is_ipv6, host) ||
	    number_parse(colon + 1, 0, UINT16_MAX, &port))
		return not_an_address(text, err);
	if (is_ipv6) {
		*ipv6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(port)};
		if (inet_pton(AF_INET6, host, &ipv6->sin6_addr) != 1)
			return not_an_address(text, err);
	} else {
		*ipv4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
		if (inet_pton(AF_INET, host, &ipv4->sin_addr) != 1)
			return not_an_address(text, err);
	}
	*address_out = address;
	*length_out = is_ipv6 ? sizeof(*ipv6) : sizeof(*ipv4);
	return 0;
}

bool tcp_address_is_loopback(const struct sockaddr_storage *address)
{
	const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *)address;

	if (address->ss_family == AF_INET)
		return ntohl(ipv4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	return address->ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&ipv6->sin6_addr);
}

static bool set_options(int fd, int family)
{
	const int on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)))
		return false;
	if (family == AF_INET6)
		return !setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) &&
		       !setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &on, sizeof(on));
	return !setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof(on));
}

int tcp_listen(const char *text, int *fd_out, struct error *err)
{
	struct sockaddr_storage address = {};
	socklen_t length = 0;
	AUTO_CLOSE int fd = -1;
	int r = tcp_address_parse(text, &address, &length, err);

	if (r)
		return r;
	fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || !set_options(fd, address.ss_family) ||
	    bind(fd, (struct sockaddr *)&address, length) || listen(fd, SOMAXCONN)) {
		int number = errno;

		return error_set(err, number, CODE_INTERNAL_SERVER_ERROR,
				 "cannot listen at \"%s\": %s", text, strerror(number));
	}
	*fd_out = TAKE_FD(fd);
	return 0;
}
