/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * guard_cases.h - tables of frames that leave an instance whose addresses are
 * known, and what becomes of them.
 */
#ifndef TESTS_BPF_GUARD_CASES_H
#define TESTS_BPF_GUARD_CASES_H

#include "bpf/cases.h"
#include "model/address.h"

#define SPOOFED SG_REASON_SPOOFED
#define ARP SG_REASON_ARP
#define NEIGHBOR SG_REASON_NEIGHBOR
#define DHCP SG_REASON_DHCP
#define ALLOWED SG_REASON_ETHERTYPE_ALLOWED

/* Neighbour solicitation and advertisement. */
#define NS "ip6 icmp6=135,0 data=16"
#define NA "ip6 icmp6=136,0 data=16"

/* Frames of recipes are from OWN_MAC, OWN4 and OWN6. */
#define OWN_MAC "020000000001"
#define OWN_MAC2 "0200000000f0"
#define OTHER_MAC "020000000009"
#define OWN4 "c0000201"	 /* 192.0.2.1 */
#define OWN4B "c63364ff" /* 198.51.100.255 of 198.51.100.128/25 */
#define OTHER4 "c0000202"
#define OTHER4B "c633647f"
#define OWN6 "20010db8000000000000000000000001"
#define OWN6B "20010db80005ffffffffffffffffffff" /* of 2001:db8:5::/48 */
#define OTHER6 "20010db8000000000000000000000002"
#define OTHER6B "20010db8000600000000000000000000"
#define NONE6 "00000000000000000000000000000000"
#define LINK_LOCAL "fe80000000000000000000fffe000001"  /* of OWN_MAC */
#define LINK_LOCAL2 "fe80000000000000000000fffe0000f0" /* of OWN_MAC2 */
#define OTHER_LINK "fe80000000000000000000fffe000009"

/*
 * Patches are "PLACE OFFSET:HEX", in any number: bytes to put there. The place
 * is f, the frame; n, its network header; t, its transport header.
 */
struct guard_case {
	const char *recipe;
	const char *patches;
	enum sg_reason reason;
};

struct addresses {
	struct mac macs[2];
	size_t mac_count;
	const char *prefixes[4];
	size_t prefix_count;
};

/* All of what is OWN above. */
extern const struct addresses all_known;

/* What the instance may send from, from now on. */
void guard(struct harness *harness, const struct addresses *addresses);
/* By every program that sees what leaves the instance, and one that sees what comes to it. */
void check_case(struct harness *harness, const struct guard_case *one);
/* The same for all of a table, on both sides of an interface. */
void check_cases(struct harness *harness, const struct addresses *addresses,
		 const struct guard_case *cases, size_t count);
#define CHECK_CASES(harness, addresses, cases) \
	check_cases(harness, addresses, cases, ARRAY_SIZE(cases))

#endif
