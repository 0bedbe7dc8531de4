// SPDX-License-Identifier: GPL-2.0-only
/*
 * peers_tcp.c - TCP in bulk, and one byte there and back again.
 *
 *   peers_tcp serve PORT                       one client after the other; says "ready"
 *   peers_tcp bulk FROM TO PORT MILLISECONDS   -> bytes, nanoseconds until all were read
 *   peers_tcp echo FROM TO PORT COUNT          -> nanoseconds: median, 99th percentile
 *
 * FROM and TO are IPv4 addresses. The first byte of a connection says what it
 * is for.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/monotonic.h"
#include "util/number.h"

#define BULK 'b'
#define ECHO 'e'
#define WARM_UP 50
#define MAX_ECHOES 1000000
#define TIMEOUT_S 10 /* of a send or a receive: what a filter drops comes never */

static char buffer[128 * 1024];

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "peers_tcp: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint32_t read_number(const char *text)
{
	uint64_t value;

	if (number_parse(text, 1, UINT32_MAX, &value)) {
		errno = EINVAL;
		fail(text);
	}
	return (uint32_t)value;
}

static struct sockaddr_in address(const char *text, uint32_t port)
{
	struct sockaddr_in made = {.sin_family = AF_INET, .sin_port = htons(port & 0xffff)};

	if (inet_pton(AF_INET, text, &made.sin_addr) != 1) {
		errno = EINVAL;
		fail(text);
	}
	return made;
}

static int make_socket(const struct sockaddr_in *from)
{
	struct timeval timeout = {.tv_sec = TIMEOUT_S};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) ||
	    bind(fd, (const struct sockaddr *)from, sizeof(*from)))
		fail("cannot make a socket");
	return fd;
}

static void set_up(int fd)
{
	struct timeval timeout = {.tv_sec = TIMEOUT_S};
	int on = 1;

	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)))
		fail("cannot set up a connection");
}

/* --- the server --- */

/* Reads until the client has sent all, then says how much that was. */
static void sink(int fd)
{
	uint64_t sum = 0;
	ssize_t count;

	while ((count = read(fd, buffer, sizeof(buffer))) > 0)
		sum += (uint64_t)count;
	sum = htole64(sum);
	if (write(fd, &sum, sizeof(sum)) != sizeof(sum))
		fprintf(stderr, "peers_tcp: a client went away\n");
}

static void echo(int fd)
{
	char byte;

	while (read(fd, &byte, 1) == 1 && write(fd, &byte, 1) == 1)
		;
}

static _Noreturn void serve(uint32_t port)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port & 0xffff)};
	int listening = make_socket(&any);

	if (listen(listening, 16))
		fail("cannot listen");
	puts("ready");
	fflush(stdout);
	for (;;) {
		int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
		char kind = 0;

		if (fd < 0)
			continue;
		set_up(fd);
		if (read(fd, &kind, 1) == 1 && kind == BULK)
			sink(fd);
		else if (kind == ECHO)
			echo(fd);
		close(fd);
	}
}

/* --- clients --- */

static int connect_for(char kind, const char *from, const char *to, uint32_t port)
{
	struct sockaddr_in here = address(from, 0), there = address(to, port);
	int fd = make_socket(&here);

	set_up(fd);
	if (connect(fd, (struct sockaddr *)&there, sizeof(there)) || write(fd, &kind, 1) != 1)
		fail("cannot connect");
	return fd;
}

static void bulk(int fd, uint32_t milliseconds)
{
	uint64_t started = monotonic_ns(), received, sent = 0;
	uint64_t end = started + (uint64_t)milliseconds * 1000000;
	ssize_t count;

	while (monotonic_ns() < end) {
		count = write(fd, buffer, sizeof(buffer));
		if (count < 0)
			fail("cannot send");
		sent += (uint64_t)count;
	}
	shutdown(fd, SHUT_WR);
	if (recv(fd, &received, sizeof(received), MSG_WAITALL) != sizeof(received) ||
	    le64toh(received) != sent)
		fail("not all was received");
	printf("%llu %llu\n", (unsigned long long)sent,
	       (unsigned long long)(monotonic_ns() - started));
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void echoes(int fd, uint32_t count)
{
	static uint64_t times[MAX_ECHOES];
	char byte = 'x';

	if (count > MAX_ECHOES)
		count = MAX_ECHOES;
	for (uint32_t i = 0; i < count + WARM_UP; i++) {
		uint64_t started = monotonic_ns();

		if (write(fd, &byte, 1) != 1 || read(fd, &byte, 1) != 1)
			fail("no echo");
		if (i >= WARM_UP)
			times[i - WARM_UP] = monotonic_ns() - started;
	}
	qsort(times, count, sizeof(times[0]), compare);
	printf("%llu %llu\n", (unsigned long long)times[count / 2],
	       (unsigned long long)times[(uint64_t)count * 99 / 100]);
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "serve") == 0)
		serve(read_number(argv[2]));
	if (argc != 6 || (strcmp(argv[1], "bulk") != 0 && strcmp(argv[1], "echo") != 0)) {
		fputs("usage: peers_tcp serve PORT | bulk|echo FROM TO PORT MILLISECONDS|COUNT\n",
		      stderr);
		return 2;
	}
	if (argv[1][0] == BULK)
		bulk(connect_for(BULK, argv[2], argv[3], read_number(argv[4])),
		     read_number(argv[5]));
	else
		echoes(connect_for(ECHO, argv[2], argv[3], read_number(argv[4])),
		       read_number(argv[5]));
	return 0;
}
