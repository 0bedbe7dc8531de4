// SPDX-License-Identifier: GPL-2.0-only
/*
 * tc.bpf.c - the programs at TC: sg_tc_rx judges what an interface received,
 * sg_tc_tx what it is about to send. The same programs serve tcx links and
 * cls_bpf filters.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

#include "verdict.h"

static __always_inline bool packet_load(const struct packet *pkt, __u32 offset, void *to,
					__u32 length)
{
	return !bpf_skb_load_bytes(pkt->ctx, offset, to, length);
}

static __always_inline int judge_skb(struct __sk_buff *skb, bool received)
{
	struct packet pkt = {
		.ctx = skb,
		.data = (void *)(long)skb->data,
		.data_end = (void *)(long)skb->data_end,
		.length = skb->len,
		.ifindex = skb->ifindex,
		.segments = skb->gso_segs,
		.segment_size = skb->gso_size,
		.metadata_tags = skb->vlan_present,
		.metadata_proto = skb->protocol,
		.received = received,
	};

	/* Accepted packets go on to the next program of the hook. */
	return verdict(&pkt) == SG_ACCEPT ? TC_ACT_UNSPEC : TC_ACT_SHOT;
}

SEC("tc")
int sg_tc_rx(struct __sk_buff *skb)
{
	return judge_skb(skb, true);
}

SEC("tc")
int sg_tc_tx(struct __sk_buff *skb)
{
	return judge_skb(skb, false);
}

char LICENSE[] SEC("license") = "GPL";
