// SPDX-License-Identifier: GPL-2.0-only
/*
 * xdp.bpf.c - the program at XDP: sg_xdp_rx judges what an interface received,
 * before the kernel has made anything of it.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define SG_CONTEXT struct xdp_md
/* Packets are put together behind XDP. */
#define SG_MAY_BE_SEGMENTS false

#include "verdict.h"

/* Frames in several pieces and the helpers for them are there (Linux 5.18). */
const volatile bool sg_has_frags = false;

static __always_inline void frame_read(struct xdp_md *xdp, struct frame *frame)
{
	*frame = (struct frame){
		.ctx = xdp,
		.data = (void *)(long)xdp->data,
		.data_end = (void *)(long)xdp->data_end,
		.length = xdp->data_end - xdp->data,
	};
	if (sg_has_frags)
		frame->length = bpf_xdp_get_buff_len(xdp);
}

static __always_inline __u32 frame_linear_length(struct xdp_md *xdp)
{
	return xdp->data_end - xdp->data;
}

static __always_inline __u32 frame_segments(struct xdp_md *xdp, __u32 length, __u32 payload)
{
	(void)xdp;
	(void)length;
	(void)payload;
	return 1;
}

static __always_inline bool frame_known_segments(struct xdp_md *xdp, __u32 *segments_out)
{
	*segments_out = frame_segments(xdp, 0, 0);
	return true;
}

static __always_inline bool frame_load(const struct frame *frame, __u32 offset, void *to,
				       __u32 length)
{
	return sg_has_frags && !bpf_xdp_load_bytes(frame->ctx, offset, to, length);
}

/* XDP sees frames as they come. */
static __always_inline bool frame_hides_link(const struct frame *frame, __be16 type)
{
	(void)frame;
	(void)type;
	return false;
}

static __always_inline bool frame_may_hide_link(struct xdp_md *xdp)
{
	(void)xdp;
	return false;
}

SEC("xdp")
int sg_xdp_rx(struct xdp_md *xdp)
{
	/* without a branch */
	return XDP_DROP + (XDP_PASS - XDP_DROP) * verdict(xdp, xdp->ingress_ifindex, true);
}

char LICENSE[] SEC("license") = "GPL";
