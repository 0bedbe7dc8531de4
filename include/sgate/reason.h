/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * reason.h - why a packet passed or was dropped: one list for the enum of the
 * BPF programs, the texts of the loader and the labels of its counters.
 *
 * Values are ABI: append only. Each reason belongs to exactly one verdict.
 */
#ifndef SGATE_REASON_H
#define SGATE_REASON_H

/* X(name, verdict, label, what it means to a packet) */
#define SG_REASONS(X) \
	X(NO_INSTANCE, DROP, "no-instance", \
	  "the interface has a program but no readable instance entry") \
	X(ETHERTYPE, DROP, "ethertype", "neither IP nor ARP, and not an allowed EtherType") \
	X(MALFORMED, DROP, "malformed", \
	  "truncated header, bad version or length, or impossible fragment offset") \
	X(EXTENSION_HEADERS, DROP, "extension-headers", \
	  "more IPv6 extension headers than are walked") \
	X(FRAGMENT_UNKNOWN, DROP, "fragment-unknown", \
	  "later fragment of a packet whose first fragment was not accepted here") \
	X(FRAGMENT_TINY, DROP, "fragment-tiny", \
	  "first fragment too short for its transport header, or a later one overlapping it") \
	X(RULE_DENY, DROP, "rule-deny", "a deny rule decided") \
	X(NO_RULE, DROP, "no-rule", "no rule of the groups matches") \
	X(NO_GROUP, DROP, "no-group", "the instance has no group and drops without one") \
	X(POLICY_UNREADABLE, DROP, "policy-unreadable", \
	  "the policy named by the instance entry cannot be read") \
	X(RULE_ACCEPT, ACCEPT, "rule-accept", "an accept rule decided") \
	X(NO_GROUP_PASS, ACCEPT, "no-group-pass", \
	  "the instance has no group and passes without one") \
	X(ARP, ACCEPT, "arp", "ARP") \
	X(ETHERTYPE_ALLOWED, ACCEPT, "ethertype-allowed", "an EtherType the instance allows") \
	X(NEIGHBOR, ACCEPT, "neighbor", "IPv6 neighbour discovery or MLD") \
	X(DHCP, ACCEPT, "dhcp", "the instance's DHCP client") \
	X(REPLY, ACCEPT, "reply", "a reply in a connection whose first packet the rules accept") \
	X(RELATED, ACCEPT, "related", \
	  "an ICMP error about a packet that was, or would be, accepted") \
	X(FRAGMENT, ACCEPT, "fragment", "later fragment of a packet whose first one was accepted") \
	X(SPOOFED, DROP, "spoofed", "a source address that is not the instance's own") \
	X(SHARE_FULL, DROP, "share-full", \
	  "a new connection, and the instance has as many as it may") \
	X(TABLE_FULL, DROP, "table-full", \
	  "a new connection, and its place in the table is full of others'")

enum sg_verdict {
	SG_DROP,
	SG_ACCEPT,
};

enum sg_reason {
#define X(name, verdict, label, text) SG_REASON_##name,
	SG_REASONS(X)
#undef X
	SG_REASON_COUNT,
};

/* One bit per reason that is an accept: the verdict of a reason is one shift. */
enum {
#define X(name, verdict, label, text) \
	SG_REASON_BIT_##name = (SG_##verdict == SG_ACCEPT) ? 1U << SG_REASON_##name : 0,
	SG_REASONS(X)
#undef X
};

#define SG_REASON_ACCEPTS(reason) (SG_ACCEPT_REASONS >> (reason)&1U)
#define SG_ACCEPT_REASONS (0U SG_REASONS(SG_REASON_OR))
#define SG_REASON_OR(name, verdict, label, text) | SG_REASON_BIT_##name

/* Room for reasons in the counters, so that adding one keeps their layout. */
#define SG_MAX_REASONS 24

_Static_assert(SG_REASON_COUNT <= SG_MAX_REASONS, "a counter for every reason");

#endif
