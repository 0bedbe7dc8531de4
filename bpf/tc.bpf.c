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
#define SG_MAY_BE_SEGMENTS true

#include "verdict.h"

static __always_inline void frame_read(struct __sk_buff *skb, struct frame *frame)
{
	*frame = (struct frame){
		.ctx = skb,
		.data = (void *)(long)skb->data,
		.data_end = (void *)(long)skb->data_end,
		.length = skb->len,
		.segment_size = skb->gso_size,
		.behind_link = skb->wire_len,
		.metadata_tags = skb->vlan_present,
		.metadata_proto = skb->protocol,
	};
}

static __always_inline __u32 frame_linear_length(struct __sk_buff *skb)
{
	return skb->len;
}

/* A guest's GSO packet need not come with their number; then it follows from the payload. */
static __always_inline __u32 frame_segments(struct __sk_buff *skb, __u32 length, __u32 payload)
{
	__u32 size = skb->gso_size, segments;

	if (!size)
		return 1;
	segments = skb->gso_segs;
	if (segments)
		return segments;
	return length > payload ? (length - payload + size - 1) / size : 1;
}

/* The same. */
static __always_inline bool frame_known_segments(struct __sk_buff *skb, __u32 *segments_out)
{
	*segments_out = 1;
	if (skb->gso_size)
		*segments_out = skb->gso_segs;
	return *segments_out;
}

static __always_inline bool frame_load(const struct frame *frame, __u32 offset, void *to,
				       __u32 length)
{
	return !bpf_skb_load_bytes(frame->ctx, offset, to, length);
}

/*
 * Where a generic XDP program with support for fragments (anybody's) runs
 * before us, Linux 6.9 and later may hand us a copy of the packet that has
 * forgotten the length of its link header: the data begin behind it. Then the
 * frame has no more bytes than there are behind the link header, which
 * otherwise happens under BPF_PROG_TEST_RUN only. The two differ in the
 * EtherType, or, where the bytes in its place happen to be the same, in
 * whether the network header is the beginning.
 */
static __always_inline bool frame_hides_link(const struct frame *frame, __be16 type)
{
	const __u8 *first = frame->data;
	__u64 beginning, network;

	if (frame->behind_link != frame->length)
		return false;
	if (type != frame->metadata_proto)
		return true;
	/* neither IPv4 nor IPv6: no network header that we would read */
	if (frame->data + 1 > frame->data_end || (*first >> 4 != 4 && *first >> 4 != 6))
		return false;
	return !bpf_skb_load_bytes(frame->ctx, 0, &beginning, sizeof(beginning)) &&
	       !bpf_skb_load_bytes_relative(frame->ctx, 0, &network, sizeof(network),
					    BPF_HDR_START_NET) &&
	       beginning == network;
}

/* The same where it does not pay to ask for more: seldom true, and then often wrong. */
static __always_inline bool frame_may_hide_link(struct __sk_buff *skb)
{
	return skb->wire_len == skb->len;
}

/* Accepted packets go on to the next program of the hook. Without a branch. */
static __always_inline int action(enum sg_verdict verdict)
{
	return TC_ACT_SHOT - (TC_ACT_SHOT - TC_ACT_UNSPEC) * (int)verdict;
}

static __always_inline int judge_skb(struct __sk_buff *skb, bool received)
{
	return action(verdict(skb, skb->ifindex, received));
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
	(void)skb;
	return clock_now(settings_get());
}

char LICENSE[] SEC("license") = "GPL";
