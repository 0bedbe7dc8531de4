/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * headers.h - what the headers of an IP packet say, and to which flow it
 * belongs.
 */
#ifndef BPF_HEADERS_H
#define BPF_HEADERS_H

#include <linux/types.h>
#include <stdbool.h>

/* The headers of an IP packet, filled by parse.h. Integers in host byte order. */
struct headers {
	__u64 source[2]; /* high and low half; IPv4 in the low half */
	__u64 destination[2];
	__u32 network; /* offset of the IP header in the frame */
	__u32 transport;
	__u32 end;	    /* offset behind the IP packet; padding may follow */
	__u32 payload;	    /* offset behind the transport header; 0: not known */
	__u32 fragment_id;  /* of a fragment */
	__u32 fragment_end; /* bytes of the packet that a first fragment brings */
	__u16 sport;	    /* source port, or identifier of ICMP; else 0 */
	__u16 low16;	    /* destination port, or ICMP type << 8 | code; else 0 */
	__u16 fragment_at;  /* bytes of the packet before a later fragment; 0: not a later one */
	__u8 fragment_protocol; /* as its fragment header names it */
	__u8 family;		/* enum sg_family */
	__u8 protocol;
	__u8 tcp_flags;
	bool is_first_fragment; /* and others follow */
	bool is_quoted;		/* inside of an ICMP error: it may be cut short */
};

/*
 * A packet as a part of a connection, the same tuple for both directions, with
 * what it takes to judge that.
 */
struct flow {
	__u64 policy;	/* word */
	__u64 local[2]; /* the instance's address */
	__u64 remote[2];
	__u32 owner;
	__u32 ifindex;
	__u32 ports; /* as in struct sg_connection */
	__u32 kind;  /* FLOW_KIND */
	__u8 protocol;
	__u8 family;
	__u8 tcp_flags; /* of a TCP packet that is not quoted; else 0 */
	bool is_egress;
	/* These four are 0 for TCP and UDP. */
	__u8 opener;	     /* SG_CONNECTION_EGRESS, where opener_known */
	__u8 opener_known;   /* ICMP: SG_CONNECTION_EGRESS, as it is known who asks; else 0 */
	bool is_answer;	     /* ICMP: the type says so; it can only be a reply */
	bool keeps_no_state; /* it opens no connection and answers in none */
	/* Plain packets only. */
	__u32 service;	/* sg_remote_hash, once its mark was asked for */
	__u32 segments; /* that the packet is on the wire */
	__u32 turns;	/* not 0: it may alter its connection's phase */
};

/* What tells flows apart that have the same addresses and ports. */
#define FLOW_KIND(protocol, opener, family) ((__u32)(protocol) << 8 | (opener) << 1 | (family))

/* Where a flow's entry is, if anywhere. */
struct place {
	__u32 first;  /* bucket */
	__u32 second; /* bucket with the same lock */
	__u32 tag;    /* SG_TAG */
	__u64 hash;   /* that it follows from */
};

#endif
