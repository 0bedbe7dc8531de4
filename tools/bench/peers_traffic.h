/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * peers_traffic.h - the frames of the comparison, as the sending program in the
 * kernel and its loader see them: 20 bytes of TCP, or UDP with 12 of data, over
 * IPv4. The length of both is the same, so only a few fields are a flow's own.
 */
#ifndef PEERS_TRAFFIC_H
#define PEERS_TRAFFIC_H

#include <linux/types.h>

#define MAX_FLOWS 8192 /* a power of two */
#define SENT_TTL 64

/* The fields of a frame that differ from flow to flow, in network byte order. */
struct flow_header {
	__be32 source;
	__be32 destination;
	__be32 ports;	      /* source, then destination */
	__be32 length_or_seq; /* UDP: length and a checksum of 0 (none); TCP: sequence number */
	__be16 tcp_check;     /* of UDP a part of the data */
	__be16 ip_check;
	__u8 protocol;
	__u8 padding[3];
};

struct flow_table {
	__u32 next;		/* which is sent next */
	__u32 count;		/* after that many, the first follows again */
	__u8 mac_addresses[12]; /* of all frames, as they begin */
	__u32 padding;
	struct flow_header header[MAX_FLOWS];
};

struct frame {
	__u8 destination_mac[6];
	__u8 source_mac[6];
	__be16 ether_type;
	__u8 version_and_length;
	__u8 service;
	__be16 total_length;
	__be16 id;
	__be16 fragment;
	__u8 ttl;
	__u8 protocol;
	__be16 ip_check;
	__be32 source;
	__be32 destination;
	__be32 ports;
	__be32 length_or_seq;
	__be32 tcp_ack;
	__u8 tcp_offset;
	__u8 tcp_flags;
	__be16 tcp_window;
	__be16 tcp_check;
	__be16 tcp_urgent;
} __attribute__((packed, aligned(2)));

#endif
