// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench.bpf.c - what `sgate bench` compares with, and what sends it frames.
 *
 * Empty programs are what is subtracted. The reference is the least that any
 * filter must do: read Ethernet, IP and TCP headers, look one address up in a
 * hash. A driver puts the addresses and ports of the next packet of a ring into
 * the frame that is being judged and then tail-calls the very program that is
 * measured, so its text is the one that packets meet; driver and empty program
 * together are what is subtracted there.
 *
 * sg_bench_inst is sg_tc_rx but for one load: the interface index comes
 * from the driver, so that thousands of instances need no interfaces. The other
 * programs of tc.bpf.c are not loaded from here.
 */
#include "tc.bpf.c"

#include <bpf/bpf_endian.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>

#include "sgate/bench.h"

/* What made this object and the others. */
const volatile char sg_compiler[64] = "clang " __clang_version__;

/* Key: position. Written by the loader. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SG_BENCH_PACKETS);
	__type(key, __u32);
	__type(value, struct sg_bench_packet4);
} sg_bench_ring4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SG_BENCH_PACKETS);
	__type(key, __u32);
	__type(value, struct sg_bench_packet6);
} sg_bench_ring6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sg_bench_state);
} sg_bench_state SEC(".maps");

/* Key: address. Written by the loader; the instance's own address is one of them. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SG_BENCH_KNOWN);
	__type(key, __u32);
	__type(value, __u32);
} sg_bench_known SEC(".maps");

/* Key: address. Written by the loader: those of the senders. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SG_BENCH_SOURCES);
	__type(key, __u32);
	__type(value, __u32);
} sg_bench_sources SEC(".maps");

/* The IPv4 header of a TCP packet, NULL for all else. */
static __always_inline const struct iphdr *read_ipv4(const void *data, const void *data_end)
{
	const struct ethhdr *ethernet = data;
	const struct iphdr *ip = data + sizeof(*ethernet);
	const struct tcphdr *tcp;

	if ((void *)(ip + 1) > data_end || ethernet->h_proto != bpf_htons(ETH_P_IP))
		return NULL;
	if (ip->version != 4 || ip->ihl < 5 || ip->protocol != IPPROTO_TCP)
		return NULL;
	tcp = (void *)ip + ip->ihl * 4;
	if ((void *)(tcp + 1) > data_end || tcp->doff < 5 || !tcp->dest)
		return NULL;
	return ip;
}

static __always_inline const struct ipv6hdr *read_ipv6(const void *data, const void *data_end)
{
	const struct ethhdr *ethernet = data;
	const struct ipv6hdr *ip = data + sizeof(*ethernet);
	const struct tcphdr *tcp = (void *)(ip + 1);

	if ((void *)(tcp + 1) > data_end || ethernet->h_proto != bpf_htons(ETH_P_IPV6))
		return NULL;
	if (ip->version != 6 || ip->nexthdr != IPPROTO_TCP || tcp->doff < 5 || !tcp->dest)
		return NULL;
	return ip;
}

static __always_inline bool knows_ipv4(const void *data, const void *data_end)
{
	const struct iphdr *ip = read_ipv4(data, data_end);

	return ip && bpf_map_lookup_elem(&sg_bench_known, &ip->daddr);
}

static __always_inline bool knows_ipv6(const void *data, const void *data_end)
{
	const struct ipv6hdr *ip = read_ipv6(data, data_end);

	return ip && bpf_map_lookup_elem(&sg_bench_known, &ip->daddr.in6_u.u6_addr32[3]);
}

static __always_inline bool knows_source(const void *data, const void *data_end)
{
	const struct iphdr *ip = read_ipv4(data, data_end);

	return ip && bpf_map_lookup_elem(&sg_bench_sources, &ip->saddr);
}

SEC("tc")
int sg_tc_empty(struct __sk_buff *skb)
{
	(void)skb;
	return TC_ACT_UNSPEC;
}

SEC("xdp")
int sg_xdp_empty(struct xdp_md *xdp)
{
	(void)xdp;
	return XDP_PASS;
}

#define DATA(ctx) (void *)(long)(ctx)->data, (void *)(long)(ctx)->data_end

SEC("tc")
int sg_tc_known4(struct __sk_buff *skb)
{
	return knows_ipv4(DATA(skb)) ? TC_ACT_UNSPEC : TC_ACT_SHOT;
}

SEC("tc")
int sg_tc_known6(struct __sk_buff *skb)
{
	return knows_ipv6(DATA(skb)) ? TC_ACT_UNSPEC : TC_ACT_SHOT;
}

SEC("tc")
int sg_tc_source4(struct __sk_buff *skb)
{
	return knows_source(DATA(skb)) ? TC_ACT_UNSPEC : TC_ACT_SHOT;
}

SEC("xdp")
int sg_xdp_known4(struct xdp_md *xdp)
{
	return knows_ipv4(DATA(xdp)) ? XDP_PASS : XDP_DROP;
}

SEC("xdp")
int sg_xdp_known6(struct xdp_md *xdp)
{
	return knows_ipv6(DATA(xdp)) ? XDP_PASS : XDP_DROP;
}

SEC("tc")
int sg_bench_inst(struct __sk_buff *skb)
{
	return action(verdict(skb, skb->cb[0], true));
}

static __always_inline void ports_put(__be16 *ports, __be16 remote, __be16 local, bool is_sent)
{
	ports[0] = is_sent ? local : remote;
	ports[1] = is_sent ? remote : local;
}

static __always_inline bool packet_put(const struct sg_bench_state *state, __u32 at,
				       __be32 *address, __be16 *ports)
{
	if (state->is_ipv6) {
		const struct sg_bench_packet6 *packet = bpf_map_lookup_elem(&sg_bench_ring6, &at);

		if (!packet)
			return false;
		for (int i = 0; i < 4; i++)
			address[i] = packet->remote[i];
		ports_put(ports, packet->remote_port, packet->local_port, state->is_sent);
	} else {
		const struct sg_bench_packet4 *packet = bpf_map_lookup_elem(&sg_bench_ring4, &at);

		if (!packet)
			return false;
		address[0] = packet->remote;
		ports_put(ports, packet->remote_port, packet->local_port, state->is_sent);
	}
	return true;
}

/*
 * The interface that the packet at a position is of: always the same one, in no order.
 * Computed, since a list of them would be one more thing that goes through the caches.
 */
static __always_inline __u32 ifindex_of(const struct sg_bench_state *state, __u32 at)
{
	__u32 random = at * 0x9e3779b1U;

	random ^= random >> 15;
	random *= 0x85ebca6bU;
	return state->ifindex + (__u32)((__u64)random * state->instances >> 32);
}

/*
 * Make the frame at `data` the next packet. The stores are out of the way
 * before it is judged, as those of a network card are: hence the locked
 * addition, which waits for them. The index of the interface, or 0.
 */
static __always_inline __u32 frame_put(void *data, const void *data_end)
{
	__u32 zero = 0, at;
	struct sg_bench_state *state = bpf_map_lookup_elem(&sg_bench_state, &zero);
	__be32 *address;
	__be16 *ports;
	__u32 ifindex;

	if (!state)
		return 0;
	at = state->next;
	ifindex = ifindex_of(state, at);
	address = data + (state->address & 63);
	ports = data + (state->ports & 63);
	if (!ifindex || (void *)(address + 4) > data_end || (void *)(ports + 2) > data_end ||
	    !packet_put(state, at, address, ports))
		return 0;
	at++;
	state->next = at < state->end ? at : state->first;
	__sync_fetch_and_add(&state->runs, 1);
	return ifindex;
}

/* The loader puts the program that is measured into the driver's own map. */
#define DRIVER_MAP(driver) \
	struct { \
		__uint(type, BPF_MAP_TYPE_PROG_ARRAY); \
		__uint(max_entries, 1); \
		__type(key, __u32); \
		__type(value, __u32); \
	} driver##_to SEC(".maps")

#define TC_DRIVER(driver) \
	DRIVER_MAP(driver); \
	SEC("tc") int driver(struct __sk_buff *skb) \
	{ \
		__u32 ifindex = frame_put(DATA(skb)); \
\
		if (!ifindex) \
			return TC_ACT_STOLEN; \
		skb->cb[0] = ifindex; \
		bpf_tail_call_static(skb, &driver##_to, 0); \
		return TC_ACT_STOLEN; \
	}

#define XDP_DRIVER(driver) \
	DRIVER_MAP(driver); \
	SEC("xdp") int driver(struct xdp_md *xdp) \
	{ \
		if (!frame_put(DATA(xdp))) \
			return XDP_ABORTED; \
		bpf_tail_call_static(xdp, &driver##_to, 0); \
		return XDP_ABORTED; \
	}

TC_DRIVER(drive_tc_empty)
TC_DRIVER(drive_tc_known4)
TC_DRIVER(drive_tc_known6)
TC_DRIVER(drive_tc_source4)
TC_DRIVER(drive_tc_rx)
TC_DRIVER(drive_tc_tx)
TC_DRIVER(drive_tc_inst)
XDP_DRIVER(drive_xdp_empty)
XDP_DRIVER(drive_xdp_known4)
XDP_DRIVER(drive_xdp_known6)
XDP_DRIVER(drive_xdp_rx)
