// SPDX-License-Identifier: GPL-2.0-only
/*
 * frame.c - Ethernet, IPv4 or IPv6, TCP; checksums are left out, since nobody
 * looks at them.
 */
#include "bench/frame.h"

#include <arpa/inet.h>
#include <string.h>

#define ETHERNET_BYTES 14
#define IPV4_BYTES 20
#define IPV6_BYTES 40
#define FRAGMENT_BYTES 8
#define MORE_FRAGMENTS 0x2000
#define FRAGMENT_ID 0x5347

static const uint8_t local4[4] = {192, 0, 2, 1};
static const uint8_t local6[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = value >> 8 & 255;
	at[1] = value & 255;
}

static void fill_link(uint8_t *bytes, uint16_t type)
{
	static const uint8_t addresses[12] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};

	memset(bytes, 0, SG_BENCH_FRAME_BYTES);
	memcpy(bytes, addresses, sizeof(addresses));
	put16(bytes + 12, type);
}

static uint8_t *fill_ipv4(uint8_t *ip, const uint8_t *source, const uint8_t *destination)
{
	ip[0] = 0x45;
	put16(ip + 2, SG_BENCH_FRAME_BYTES - ETHERNET_BYTES);
	put16(ip + 4, FRAGMENT_ID);
	ip[8] = 64;
	ip[9] = PROTOCOL_TCP;
	memcpy(ip + 12, source, 4);
	memcpy(ip + 16, destination, 4);
	return ip + IPV4_BYTES;
}

static uint8_t *fill_ipv6(uint8_t *ip, const uint8_t *source, const uint8_t *destination)
{
	ip[0] = 0x60;
	put16(ip + 4, SG_BENCH_FRAME_BYTES - ETHERNET_BYTES - IPV6_BYTES);
	ip[6] = PROTOCOL_TCP;
	ip[7] = 64;
	memcpy(ip + 8, source, 16);
	memcpy(ip + 24, destination, 16);
	return ip + IPV6_BYTES;
}

static void fill_tcp(uint8_t *tcp, uint16_t source, uint16_t destination, uint8_t flags)
{
	put16(tcp, source);
	put16(tcp + 2, destination);
	tcp[7] = 1;
	tcp[11] = 1;
	tcp[12] = 0x50;
	tcp[13] = flags;
	put16(tcp + 14, 65535);
}

static uint8_t *fill_network(uint8_t *bytes, const struct bench_flow *flow, bool is_received)
{
	const uint8_t *local = flow->family == SG_IPV4 ? local4 : local6;
	const uint8_t *source = is_received ? flow->remote : local;
	const uint8_t *destination = is_received ? local : flow->remote;

	fill_link(bytes, flow->family == SG_IPV4 ? 0x0800 : 0x86dd);
	if (flow->family == SG_IPV4)
		return fill_ipv4(bytes + ETHERNET_BYTES, source, destination);
	return fill_ipv6(bytes + ETHERNET_BYTES, source, destination);
}

void frame_fill(uint8_t bytes[SG_BENCH_FRAME_BYTES], const struct bench_flow *flow,
		bool is_received, uint8_t tcp_flags)
{
	uint8_t *tcp = fill_network(bytes, flow, is_received);

	if (is_received)
		fill_tcp(tcp, flow->remote_port, flow->local_port, tcp_flags);
	else
		fill_tcp(tcp, flow->local_port, flow->remote_port, tcp_flags);
}

void ring_put(const struct trial_ring *ring, uint32_t position, const struct bench_flow *flow)
{
	struct sg_bench_packet4 *ipv4 = &ring->ipv4[position];
	struct sg_bench_packet6 *ipv6 = &ring->ipv6[position];

	if (flow->family == SG_IPV4) {
		memcpy(&ipv4->remote, flow->remote, sizeof(ipv4->remote));
		ipv4->remote_port = htons(flow->remote_port);
		ipv4->local_port = htons(flow->local_port);
	} else {
		memcpy(ipv6->remote, flow->remote, sizeof(ipv6->remote));
		ipv6->remote_port = htons(flow->remote_port);
		ipv6->local_port = htons(flow->local_port);
	}
}

struct bench_flow ring_get(const struct trial_ring *ring, enum sg_family family, uint32_t position)
{
	const struct sg_bench_packet4 *ipv4 = &ring->ipv4[position];
	const struct sg_bench_packet6 *ipv6 = &ring->ipv6[position];
	bool is_ipv4 = family == SG_IPV4;
	struct bench_flow flow = {
		.family = family,
		.remote_port = ntohs(is_ipv4 ? ipv4->remote_port : ipv6->remote_port),
		.local_port = ntohs(is_ipv4 ? ipv4->local_port : ipv6->local_port),
	};

	if (is_ipv4)
		memcpy(flow.remote, &ipv4->remote, sizeof(ipv4->remote));
	else
		memcpy(flow.remote, ipv6->remote, sizeof(ipv6->remote));
	return flow;
}

void frame_fill_fragment(uint8_t bytes[SG_BENCH_FRAME_BYTES], const struct bench_flow *flow,
			 bool is_first)
{
	uint8_t *ip = bytes + ETHERNET_BYTES;
	uint8_t *after = fill_network(bytes, flow, true);
	/* what a first fragment brings: a multiple of eight, and the TCP header is in it */
	uint32_t first_bytes = 24, offset = is_first ? 0 : first_bytes;

	if (flow->family == SG_IPV4) {
		put16(ip + 6, offset / 8 | (is_first ? MORE_FRAGMENTS : 0));
		if (is_first)
			put16(ip + 2, IPV4_BYTES + first_bytes);
	} else {
		ip[6] = 44; /* the fragment header */
		after[0] = PROTOCOL_TCP;
		put16(after + 2, offset | (is_first ? 1 : 0));
		put16(after + 6, FRAGMENT_ID);
		after += FRAGMENT_BYTES;
		if (is_first)
			put16(ip + 4, FRAGMENT_BYTES + first_bytes);
	}
	if (is_first)
		fill_tcp(after, flow->remote_port, flow->local_port, BENCH_ACK);
}

static uint32_t key_of(const uint8_t *bytes)
{
	uint32_t key;

	memcpy(&key, bytes, sizeof(key));
	return key;
}

uint32_t frame_local_key(enum sg_family family)
{
	return key_of(family == SG_IPV4 ? local4 : local6 + 12);
}

uint32_t frame_remote_key(const struct bench_flow *flow)
{
	return key_of(flow->family == SG_IPV4 ? flow->remote : flow->remote + 12);
}
