// SPDX-License-Identifier: GPL-2.0-only
/*
 * flow.c - send numbers of UDP packets at a steady rate, and count those that
 * arrive.
 *
 *   flow send ADDRESS RATE PORT...    RATE packets a second to each of the ports
 *   flow receive PORT...              at every address
 *
 * Both print "ready", then a report for each line on standard input: a JSON
 * object with the packets of each port; the receiver's has in "dropped" those
 * that arrived and found its sockets full. The line "stop" stops the sender
 * before it reports; "send N" reports when each port was sent N more, which
 * then stops. Both end with their standard input.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_PORTS 64
#define BUFFER_BYTES (64 << 20)
#define SECOND_NS 1000000000LL
/* Beyond this the sender does not make up for time when it did not run. */
#define MAX_BEHIND_NS 5000000LL

struct flow {
	uint16_t port;
	int socket;
	uint64_t packets;
};

static struct flow flows[MAX_PORTS];
static int flow_count;

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "flow: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SECOND_NS + now.tv_nsec;
}

static void add_flow(const char *port)
{
	struct flow *flow = &flows[flow_count++];

	if (flow_count > MAX_PORTS) {
		errno = E2BIG;
		fail("ports");
	}
	flow->port = (uint16_t)strtoul(port, NULL, 10);
	flow->socket = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (flow->socket < 0)
		fail("socket");
}

static void report(bool with_dropped)
{
	uint64_t dropped = 0;

	printf("{");
	for (int i = 0; i < flow_count; i++) {
		uint32_t memory[SK_MEMINFO_VARS] = {};
		socklen_t size = sizeof(memory);

		if (getsockopt(flows[i].socket, SOL_SOCKET, SO_MEMINFO, memory, &size))
			fail("SO_MEMINFO");
		dropped += memory[SK_MEMINFO_DROPS];
		printf("%s\"%u\": %llu", i ? ", " : "", flows[i].port,
		       (unsigned long long)flows[i].packets);
	}
	if (with_dropped)
		printf(", \"dropped\": %llu", (unsigned long long)dropped);
	printf("}\n");
	fflush(stdout);
}

/* A line of standard input into `line`, when there is one. The end of it ends us. */
static bool read_line(char line[64], int timeout_ms)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};

	if (poll(&input, 1, timeout_ms) <= 0)
		return false;
	if (!fgets(line, 64, stdin))
		exit(0);
	return true;
}

static void send_to(struct flow *flow)
{
	uint64_t number = flow->packets++;

	/* What our own side drops does not look like an error here; anything else is one. */
	if (send(flow->socket, &number, sizeof(number), 0) < 0)
		fail("send");
}

/* Sleep until the next round is due; the time of the one after it. */
static int64_t wait_round(int64_t due_ns, int64_t interval_ns)
{
	int64_t now = now_ns();
	struct timespec due = {.tv_sec = due_ns / SECOND_NS, .tv_nsec = due_ns % SECOND_NS};

	if (now - due_ns > MAX_BEHIND_NS)
		return now + interval_ns;
	if (due_ns > now)
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
	return due_ns + interval_ns;
}

static void run_sender(const char *address, int64_t rate)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	int64_t due_ns = now_ns(), interval_ns = SECOND_NS / rate;
	uint64_t left = UINT64_MAX;
	char line[64];

	if (inet_pton(AF_INET, address, &to.sin_addr) != 1)
		fail(address);
	for (int i = 0; i < flow_count; i++) {
		to.sin_port = htons(flows[i].port);
		if (connect(flows[i].socket, (struct sockaddr *)&to, sizeof(to)))
			fail("connect");
	}
	for (;;) {
		if (read_line(line, left ? 0 : -1)) {
			if (!strcmp(line, "stop\n"))
				left = 0;
			if (!strncmp(line, "send ", 5))
				left = strtoull(line + 5, NULL, 10);
			else
				report(false);
			continue;
		}
		due_ns = wait_round(due_ns, interval_ns);
		for (int i = 0; i < flow_count; i++)
			send_to(&flows[i]);
		if (--left == 0)
			report(false);
	}
}

static void drain(struct flow *flow)
{
	uint64_t number;

	while (recv(flow->socket, &number, sizeof(number), 0) >= 0)
		flow->packets++;
	if (errno != EAGAIN)
		fail("recv");
}

static void run_receiver(void)
{
	struct pollfd inputs[MAX_PORTS + 1] = {};
	char line[64];
	int size = BUFFER_BYTES;

	for (int i = 0; i < flow_count; i++) {
		struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(flows[i].port)};

		if (setsockopt(flows[i].socket, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
			fail("SO_RCVBUFFORCE");
		if (bind(flows[i].socket, (struct sockaddr *)&at, sizeof(at)))
			fail("bind");
		inputs[i] = (struct pollfd){.fd = flows[i].socket, .events = POLLIN};
	}
	inputs[flow_count] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
	printf("ready\n");
	fflush(stdout);
	for (;;) {
		if (poll(inputs, flow_count + 1, -1) < 0)
			fail("poll");
		for (int i = 0; i < flow_count; i++)
			drain(&flows[i]);
		if (inputs[flow_count].revents && read_line(line, 0))
			report(true);
	}
}

int main(int argc, char **argv)
{
	bool sends = argc > 4 && !strcmp(argv[1], "send");
	long rate = sends ? strtol(argv[3], NULL, 10) : 0;

	if (!(sends && rate > 0) && !(argc > 2 && !strcmp(argv[1], "receive"))) {
		fprintf(stderr, "usage: flow send ADDRESS RATE PORT... | flow receive PORT...\n");
		return 2;
	}
	setvbuf(stdin, NULL, _IONBF, 0);
	for (int i = sends ? 4 : 2; i < argc; i++)
		add_flow(argv[i]);
	if (sends) {
		printf("ready\n");
		fflush(stdout);
		run_sender(argv[2], rate);
	}
	run_receiver();
}
