/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * packet.h - what is known of a packet, and the one way to its bytes.
 */
#ifndef BPF_PACKET_H
#define BPF_PACKET_H

#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>

#include "headers.h"
#include "maps.h"
#include "sgate/abi.h"

/*
 * What a step answers when it has not decided: the next one is asked. Every
 * other value is the end of the matter.
 */
#define SG_UNDECIDED SG_REASON_COUNT

/* No header that we read begins beyond this; keeps offsets in what the verifier allows. */
#define MAX_HEADER_OFFSET 0x4fff

#define NO_UNROLL _Pragma("clang loop unroll(disable)")

/* The bytes, as the entry point found them. */
struct frame {
	SG_CONTEXT *ctx;
	void *data;
	void *data_end;	       /* of the bytes that lie in one piece */
	__u32 length;	       /* bytes of the whole frame */
	__u32 segment_size;    /* payload of a segment; 0: not a GSO packet */
	__u32 behind_link;     /* bytes less the link header, where the kernel tells; else 0 */
	__u32 metadata_tags;   /* VLAN tags that the kernel keeps beside the frame */
	__be16 metadata_proto; /* EtherType, for a frame without link header */
};

static __always_inline struct sg_scratch *scratch_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&sg_scratch, &zero);
}

static __always_inline const struct sg_rest *rest_find(__u32 ifindex)
{
	const struct sg_far *far;

	if (ifindex < SG_NEAR_IFINDEXES)
		return bpf_map_lookup_elem(&sg_rest, &ifindex);
	far = bpf_map_lookup_elem(&sg_bindings_far, &ifindex);
	return far ? &far->rest : NULL;
}

/* A packet that takes the whole way; whose it is stands in scratch->flow from the beginning. */
struct packet {
	SG_CONTEXT *ctx;
	struct sg_scratch *scratch;
	__u32 options;
	__u32 starts_until;
	__u32 direction; /* enum sg_direction */
};

/*
 * What differs between the hooks, defined by each entry point: what a frame is,
 * and how bytes are copied that do not lie in its linear part.
 */
static __always_inline void frame_read(SG_CONTEXT *ctx, struct frame *frame);
static __always_inline bool frame_load(const struct frame *frame, __u32 offset, void *to,
				       __u32 length);
/*
 * Whether a received frame begins with its network header although the
 * interface has a link header, which `type` was read from.
 */
static __always_inline bool frame_hides_link(const struct frame *frame, __be16 type);

/*
 * For a plain packet (plain.h): bytes of the frame, for XDP of its first piece,
 * which the whole IP packet lies in; and the question above.
 */
static __always_inline __u32 frame_linear_length(SG_CONTEXT *ctx);
static __always_inline bool frame_may_hide_link(SG_CONTEXT *ctx);
/*
 * Packets on the wire that it is; arguments as for count(). Always one unless
 * SG_MAY_BE_SEGMENTS, a constant of each entry point.
 */
static __always_inline __u32 frame_segments(SG_CONTEXT *ctx, __u32 length, __u32 payload);
/* The same as far as the kernel tells. false: it does not. */
static __always_inline bool frame_known_segments(SG_CONTEXT *ctx, __u32 *segments_out);

/*
 * The `length` bytes (a constant) at `offset`, or NULL when the frame ends
 * before. They are where the frame is, or in `copy`.
 */
static __always_inline const void *frame_bytes(const struct frame *frame, __u32 offset,
					       __u32 length, void *copy)
{
	__u64 from = offset;
	void *at;

	/* what is compared is what is used, also for the compiler */
	SG_OPAQUE(from);
	if (from > MAX_HEADER_OFFSET)
		return NULL;
	at = frame->data + from;
	if (at + length <= frame->data_end)
		return at;
	if (offset + length > frame->length || !frame_load(frame, offset, copy, length))
		return NULL;
	return copy;
}

/*
 * The same, always copied, for what few packets need: the verifier does not
 * have to follow both a pointer to the packet and one to the stack.
 */
static __always_inline bool frame_copy(const struct frame *frame, __u32 offset, __u32 length,
				       void *copy)
{
	const void *at;

	if (offset > MAX_HEADER_OFFSET || offset + length > frame->length)
		return false;
	at = frame->data + offset;
	if (at + length <= frame->data_end) {
		__builtin_memcpy(copy, at, length);
		return true;
	}
	return frame_load(frame, offset, copy, length);
}

#endif
