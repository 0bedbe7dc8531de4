/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * frame.h - raw frames written as recipes: "tag ip6 hop=1 tcp=22 data=8".
 *
 * Words are the frame's parts from front to back, then changes to what is
 * there. Length fields and the number of the next header are those of a
 * correct frame until a word says otherwise. Checksums are left out: nothing
 * under test looks at them.
 *
 *   tag, adtag          an 802.1Q, 802.1ad tag
 *   type=N              the EtherType, of nothing or of what `data` brings
 *   arp                 an ARP request
 *   ip4=N               an IPv4 header with N words of options
 *   ip6                 an IPv6 header
 *   hop=N, routing=N, dest=N   an extension header, its length field N
 *   ah=N                the same; its unit is another one
 *   jumbo               a hop-by-hop header with the jumbo payload option
 *   frag=N,M            IPv4: fragment N bytes into its packet, M: more follow;
 *                       IPv6: a fragment header that says so
 *   tcp=PORT, udp=PORT, sctp=PORT   to that port, from 40000
 *   icmp=TYPE,CODE, icmp6=TYPE,CODE
 *   gre                 a GRE header of IPv4
 *   proto=N             only the number of the next header
 *   data=N              N bytes inside of the innermost header
 *   pad=N               N bytes behind the IP packet
 *
 *   version=N, ihl=N, total=N, next=N   a field of the IP header (IPv6: payload length)
 *   sport=N, udplen=N, doff=N           a field of the transport header
 *   short=N             without the last N bytes
 *
 * Data and padding are 16-bit numbers 22, so a port read from them is the one
 * that tests accept. Numbers left out are 0.
 */
#ifndef TESTS_BPF_FRAME_H
#define TESTS_BPF_FRAME_H

#include <stdbool.h>
#include <stdint.h>

/* Eight extension headers of the greatest length, and the headers around them. */
#define FRAME_MAX 18000

struct frame {
	uint32_t length;
	uint32_t type_at; /* offset of the EtherType */
	uint32_t network; /* offset of the IP header */
	uint32_t next_at; /* offset of the number of the next header */
	uint32_t transport;
	int version;	/* 0: not IP */
	bool has_total; /* the IP length is what the recipe says */
	bool has_udp;	/* a UDP length follows the data */
	uint8_t bytes[FRAME_MAX];
};

/* Fails the test when the recipe makes no sense. */
void frame_make(struct frame *frame, const char *recipe);

/* Copy 4 or 16 bytes, as the frame's version has it. */
void frame_set_source(struct frame *frame, const uint8_t *address);
void frame_set_destination(struct frame *frame, const uint8_t *address);

#endif
