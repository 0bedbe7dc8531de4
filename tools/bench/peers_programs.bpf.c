// SPDX-License-Identifier: GPL-2.0-only
/*
 * peers_programs.bpf.c - programs that make packets, count them, drop them or let them pass.
 *
 * `send` and `make` are run with live frames: each is written over with the next
 * flow of a table, then sent out of the interface that it is said to have come
 * from, or thrown away. What neither flows nor routers change is in the frame
 * already. One CPU sends at a time.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>

#include "peers_traffic.h"

char LICENSE[] SEC("license") = "GPL";

/* Written by the sender between runs. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct flow_table);
} flows SEC(".maps");

/* Of frames that `count` saw; a run of NAPI is on one CPU, the next may be on another. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} counted SEC(".maps");

/* false: something is wrong with the frame or the table. */
static __always_inline bool write_next_flow(struct xdp_md *ctx)
{
	struct frame *frame = (void *)(long)ctx->data;
	const struct flow_header *flow;
	struct flow_table *table;
	__u32 zero = 0, index;

	if ((void *)(frame + 1) > (void *)(long)ctx->data_end)
		return false;
	table = bpf_map_lookup_elem(&flows, &zero);
	if (!table)
		return false;
	index = table->next & (MAX_FLOWS - 1);
	table->next = index + 1 < table->count ? index + 1 : 0;
	flow = &table->header[index];
	/* The memory is used again, as the last receiver left it: written over by routers. */
	__builtin_memcpy(frame, table->mac_addresses, sizeof(table->mac_addresses));
	frame->ttl = SENT_TTL;
	frame->protocol = flow->protocol;
	frame->ip_check = flow->ip_check;
	frame->source = flow->source;
	frame->destination = flow->destination;
	frame->ports = flow->ports;
	frame->length_or_seq = flow->length_or_seq;
	frame->tcp_check = flow->tcp_check;
	return true;
}

SEC("xdp")
int send(struct xdp_md *ctx)
{
	return write_next_flow(ctx) ? XDP_TX : XDP_ABORTED;
}

SEC("xdp")
int make(struct xdp_md *ctx)
{
	return write_next_flow(ctx) ? XDP_DROP : XDP_ABORTED;
}

SEC("xdp")
int count(struct xdp_md *ctx)
{
	__u32 zero = 0;
	__u64 *packets = bpf_map_lookup_elem(&counted, &zero);

	(void)ctx;
	if (packets)
		(*packets)++;
	return XDP_DROP;
}

SEC("xdp")
int drop(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_DROP;
}

SEC("xdp")
int pass(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_PASS;
}

SEC("tc")
int tc_pass(struct __sk_buff *ctx)
{
	(void)ctx;
	return TC_ACT_UNSPEC;
}
