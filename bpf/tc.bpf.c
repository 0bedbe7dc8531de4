// SPDX-License-Identifier: GPL-2.0-only
/*
 * tc.bpf.c - the programs at TC: sg_tc_rx judges what an interface received,
 * sg_tc_tx what it is about to send. The same programs serve tcx links and
 * cls_bpf filters.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

#define SG_CONTEXT struct __sk_buff

#include "verdict.h"

static __always_inline void frame_read(struct __sk_buff *skb, struct frame *frame)
{
	*frame = (struct frame){
		.ctx = skb,
		.data = (void *)(long)skb->data,
		.data_end = (void *)(long)skb->data_end,
		.length = skb->len,
		.segments = skb->gso_segs,
		.segment_size = skb->gso_size,
		.metadata_tags = skb->vlan_present,
		.metadata_proto = skb->protocol,
	};
}

static __always_inline bool frame_load(const struct frame *frame, __u32 offset, void *to,
				       __u32 length)
{
	return !bpf_skb_load_bytes(frame->ctx, offset, to, length);
}

/* Accepted packets go on to the next program of the hook. */
static __always_inline int judge_skb(struct __sk_buff *skb, bool received)
{
	return verdict(skb, skb->ifindex, received) == SG_ACCEPT ? TC_ACT_UNSPEC : TC_ACT_SHOT;
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

/* Not for packets: the loader runs it to learn what time it is for the connection table. */
SEC("tc")
int sg_clock(struct __sk_buff *skb)
{
	const struct sg_settings *settings = settings_get();

	(void)skb;
	return settings ? clock_now(settings) : 0;
}

char LICENSE[] SEC("license") = "GPL";
