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

#include "sgate/abi.h"

/*
 * What a step answers when it has not decided: the next one is asked. Every
 * other value is the end of the matter.
 */
#define SG_UNDECIDED SG_REASON_COUNT

/* No header that we read begins beyond this; keeps offsets in what the verifier allows. */
#define MAX_HEADER_OFFSET 0x4fff

struct packet {
	/* The frame, filled by the entry point. */
	void *ctx;
	void *data;
	void *data_end; /* of the bytes that lie in one piece */
	__u32 length;	/* bytes of the whole frame */
	__u32 ifindex;
	__u32 segments;	       /* 0: not a GSO packet, or their number is not known */
	__u32 segment_size;    /* payload of a segment; 0: not a GSO packet */
	__u32 behind_link;     /* bytes less the link header, where the kernel tells; else 0 */
	__u32 metadata_tags;   /* VLAN tags that the kernel keeps beside the frame */
	__be16 metadata_proto; /* EtherType, for a frame without link header */
	bool received;	       /* by the interface; else it is about to be sent */

	/* The instance. */
	__u32 slot;
	__u32 options;
	enum sg_direction direction;

	/* The headers, filled by parse.h. */
	__u32 network; /* offset of the IP header */
	__u32 transport;
	__u32 end;	   /* offset behind the IP packet; padding may follow */
	__u32 headers_end; /* offset of the payload; 0: not known */
	enum sg_family family;
	__u8 protocol;
	bool is_fragment;		   /* the first one: later ones do not get far */
	__u16 sport;			   /* host byte order; 0 where the protocol has none */
	__u16 low16;			   /* destination port, or ICMP type << 8 | code, or 0 */
	__u32 source4, destination4;	   /* host byte order */
	__u64 source6[2], destination6[2]; /* high and low half, host byte order */
};

/*
 * Copy bytes that do not lie in the linear part of the frame. Each entry point
 * has its own, since TC and XDP have different helpers for it.
 */
static __always_inline bool packet_load(const struct packet *pkt, __u32 offset, void *to,
					__u32 length);

/*
 * Whether the frame begins with its network header although the interface has
 * a link header, which `type` was read from. Each entry point has its own.
 */
static __always_inline bool packet_hides_link(const struct packet *pkt, __be16 type);

/*
 * The `length` bytes (a constant) at `offset`, or NULL when the frame ends
 * before. They are where the frame is, or in `copy`.
 */
static __always_inline const void *packet_bytes(const struct packet *pkt, __u32 offset,
						__u32 length, void *copy)
{
	void *at;

	if (offset > MAX_HEADER_OFFSET)
		return NULL;
	at = pkt->data + offset;
	if (at + length <= pkt->data_end)
		return at;
	if (offset + length > pkt->length || !packet_load(pkt, offset, copy, length))
		return NULL;
	return copy;
}

#endif
