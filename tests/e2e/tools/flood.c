// SPDX-License-Identifier: GPL-2.0-only
/*
 * flood.c - send many frames, each of a connection of its own, as fast as the
 * interface takes them.
 *
 *   flood DEV udp|syn SOURCE DESTINATION PORT COUNT
 *
 * IPv4, to Ethernet address 02:00:00:00:00:0b, which nobody has. A SOURCE that
 * is an address has another source port in each frame, and after 60,000 the
 * next destination port; "random" is another address each time. Prints how
 * many were sent when all are.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH 64
#define FIRST_PORT 1024
#define PORTS 60000

struct frame {
	struct ether_header link;
	struct iphdr ip;
	union {
		struct udphdr udp;
		struct tcphdr tcp;
	};
} __attribute__((packed));

struct flood {
	bool is_tcp;
	bool is_random;
	in_addr_t source;
	in_addr_t destination;
	uint16_t port;
	uint64_t random;
};

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "flood: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* xorshift64 (Marsaglia, 2003) */
static uint64_t next_random(struct flood *flood)
{
	flood->random ^= flood->random << 13;
	flood->random ^= flood->random >> 7;
	flood->random ^= flood->random << 17;
	return flood->random;
}

/* Of `count` 16-bit words, or the sum that is to be continued. */
static uint16_t checksum(const void *words, size_t count)
{
	const uint8_t *bytes = words;
	uint32_t sum = 0;

	for (size_t i = 0; i < 2 * count; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum & 0xffff);
}

/* Checksums of UDP and TCP are left out: no kernel gets these frames. */
static size_t frame_fill(struct flood *flood, uint64_t number, struct frame *frame)
{
	uint16_t source_port = FIRST_PORT + number % PORTS;
	uint16_t port = flood->port + (flood->is_random ? 0 : number / PORTS);
	size_t length =
		sizeof(frame->ip) + (flood->is_tcp ? sizeof(struct tcphdr) : sizeof(struct udphdr));

	*frame = (struct frame){
		.link = {.ether_dhost = {2, 0, 0, 0, 0, 0xb},
			 .ether_shost = {2, 0, 0, 0, 0, 0xa},
			 .ether_type = htons(ETHERTYPE_IP)},
		.ip = {.version = 4,
		       .ihl = 5,
		       .tot_len = htons(length),
		       .ttl = 64,
		       .protocol = flood->is_tcp ? IPPROTO_TCP : IPPROTO_UDP,
		       .saddr = flood->is_random ? (in_addr_t)next_random(flood) : flood->source,
		       .daddr = flood->destination},
	};
	frame->ip.check = checksum(&frame->ip, sizeof(frame->ip) / 2);
	if (flood->is_tcp)
		frame->tcp = (struct tcphdr){
			.source = htons(source_port), .dest = htons(port), .doff = 5, .syn = 1};
	else
		frame->udp = (struct udphdr){.source = htons(source_port),
					     .dest = htons(port),
					     .len = htons(sizeof(frame->udp))};
	return sizeof(frame->link) + length;
}

static int open_dev(const char *dev)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_ifindex = if_nametoindex(dev),
	};
	/* protocol 0: sends only */
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), on = 1;

	if (!to.sll_ifindex)
		fail(dev);
	if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)))
		fail("socket");
	if (setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)))
		fail("PACKET_QDISC_BYPASS");
	return fd;
}

static void send_all(struct flood *flood, int fd, uint64_t count)
{
	static struct frame frames[BATCH];
	static struct iovec pieces[BATCH];
	static struct mmsghdr messages[BATCH];

	for (uint64_t sent = 0; sent < count;) {
		unsigned int batch = count - sent < BATCH ? count - sent : BATCH;

		for (unsigned int i = 0; i < batch; i++) {
			pieces[i] =
				(struct iovec){&frames[i], frame_fill(flood, sent + i, &frames[i])};
			messages[i].msg_hdr =
				(struct msghdr){.msg_iov = &pieces[i], .msg_iovlen = 1};
		}
		for (unsigned int done = 0; done < batch;) {
			int r = sendmmsg(fd, messages + done, batch - done, 0);

			if (r < 0 && errno != ENOBUFS)
				fail("sendmmsg");
			done += r > 0 ? r : 0;
		}
		sent += batch;
	}
}

int main(int argc, char **argv)
{
	struct flood flood = {};
	uint64_t count;

	if (argc != 7) {
		fprintf(stderr, "usage: flood DEV udp|syn SOURCE|random DESTINATION PORT COUNT\n");
		return 2;
	}
	flood.is_tcp = !strcmp(argv[2], "syn");
	flood.is_random = !strcmp(argv[3], "random");
	if (!flood.is_random && inet_pton(AF_INET, argv[3], &flood.source) != 1)
		fail(argv[3]);
	if (inet_pton(AF_INET, argv[4], &flood.destination) != 1)
		fail(argv[4]);
	flood.port = strtoul(argv[5], NULL, 10);
	count = strtoull(argv[6], NULL, 10);
	if (getrandom(&flood.random, sizeof(flood.random), 0) != sizeof(flood.random))
		fail("getrandom");
	flood.random |= 1;
	send_all(&flood, open_dev(argv[1]), count);
	printf("%llu\n", (unsigned long long)count);
	return 0;
}
