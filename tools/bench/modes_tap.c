// SPDX-License-Identifier: GPL-2.0-only
/*
 * modes_tap.c - a guest that sends through a tap as fast as it can.
 *
 *   modes_tap DEV      makes the tap, takes it up and says "ready"; then, for each line
 *
 *   small COUNT        COUNT UDP packets of 60 bytes     -> nanoseconds for all
 *   large COUNT        COUNT TCP packets of 64 KiB, to be segmented
 *
 * Frames have a virtio header before them, as those of virtual machines do.
 * They are for nobody: the kernel throws away what no filter did.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/monotonic.h"
#include "util/number.h"

#define LINK_BYTES 14
#define IP_BYTES 20
#define TCP_BYTES 20
#define MSS 1448
#define LARGE_BYTES 65000
#define SMALL_BYTES 60

struct frame {
	struct virtio_net_hdr virtio;
	uint8_t bytes[LARGE_BYTES];
} __attribute__((packed));

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "modes_tap: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int make_tap(const char *dev)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
	int tap = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	int socket_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", dev);
	if (tap < 0 || socket_fd < 0 || ioctl(tap, TUNSETIFF, &request))
		fail("cannot make the tap");
	request.ifr_flags = IFF_UP;
	if (ioctl(socket_fd, SIOCSIFFLAGS, &request))
		fail("cannot take the tap up");
	close(socket_fd);
	return tap;
}

static void checksum_ip(uint8_t *ip)
{
	uint32_t sum = 0;

	for (int i = 0; i < IP_BYTES; i += 2)
		sum += (uint32_t)(ip[i] << 8 | ip[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	ip[10] = (uint8_t)(~sum >> 8);
	ip[11] = (uint8_t)~sum;
}

/* 10.0.0.1 to 192.0.2.1, with ports 40000 and 443. */
static void fill(struct frame *frame, size_t length, uint8_t protocol)
{
	static const uint8_t link[LINK_BYTES] = {2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 1, 0x08, 0x00};
	uint8_t *ip = frame->bytes + LINK_BYTES, *transport = ip + IP_BYTES;
	size_t ip_length = length - LINK_BYTES, udp_length = ip_length - IP_BYTES;

	memcpy(frame->bytes, link, sizeof(link));
	memcpy(ip,
	       (uint8_t[IP_BYTES]){0x45,
				   0,
				   (uint8_t)(ip_length >> 8),
				   (uint8_t)ip_length,
				   0,
				   1,
				   0,
				   0,
				   64,
				   protocol,
				   0,
				   0,
				   10,
				   0,
				   0,
				   1,
				   192,
				   0,
				   2,
				   1},
	       IP_BYTES);
	checksum_ip(ip);
	memcpy(transport, (uint8_t[4]){0x9c, 0x40, 0x01, 0xbb}, 4);
	if (protocol == 6) {
		transport[12] = TCP_BYTES / 4 << 4;
		transport[13] = 0x10; /* ACK */
	} else {
		transport[4] = (uint8_t)(udp_length >> 8);
		transport[5] = (uint8_t)udp_length;
	}
}

static void make_small(struct frame *frame)
{
	fill(frame, SMALL_BYTES, 17);
}

static void make_large(struct frame *frame)
{
	fill(frame, LARGE_BYTES, 6);
	frame->virtio = (struct virtio_net_hdr){
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
		.hdr_len = LINK_BYTES + IP_BYTES + TCP_BYTES,
		.gso_size = MSS,
		.csum_start = LINK_BYTES + IP_BYTES,
		.csum_offset = 16,
	};
}

static void send_many(int tap, const struct frame *frame, size_t length, uint64_t count)
{
	uint64_t started = monotonic_ns();

	length += sizeof(frame->virtio);
	for (uint64_t i = 0; i < count; i++) {
		if (write(tap, frame, length) != (ssize_t)length)
			fail("cannot send");
	}
	printf("%llu\n", (unsigned long long)(monotonic_ns() - started));
}

int main(int argc, char **argv)
{
	static struct frame small, large;
	char line[64];
	int tap;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc != 2) {
		fputs("usage: modes_tap DEV\n", stderr);
		return 2;
	}
	tap = make_tap(argv[1]);
	make_small(&small);
	make_large(&large);
	puts("ready");
	while (fgets(line, sizeof(line), stdin)) {
		uint64_t count;

		line[strcspn(line, "\n")] = '\0';
		if (strlen(line) < 7 || number_parse(line + 6, 1, UINT32_MAX, &count))
			return 2;
		if (line[0] == 's')
			send_many(tap, &small, SMALL_BYTES, count);
		else
			send_many(tap, &large, LARGE_BYTES, count);
	}
	return 0;
}
