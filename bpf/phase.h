/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * phase.h - what a packet makes of a connection: how far it has come, and so
 * how long it lives.
 */
#ifndef BPF_PHASE_H
#define BPF_PHASE_H

#include "flow.h"

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

/* Phase and flags of an entry, as one value. */
struct progress {
	__u8 phase;
	__u8 flags;
};

static __always_inline bool tcp_is_first(__u8 flags)
{
	return (flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN;
}

/* Whether it is neither the first nor the last segment that a side sends. */
static __always_inline bool tcp_goes_on(__u8 flags)
{
	return (flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_ACK;
}

/* 0 for a segment in the middle of an established connection: others may alter its phase. */
static __always_inline __u32 tcp_turns(__u8 flags)
{
	return (flags ^ TCP_ACK) & (TCP_ACK | TCP_SYN | TCP_RST | TCP_FIN);
}

static __always_inline __u8 phase_new(const struct flow *flow)
{
	if (flow->protocol == IPPROTO_TCP)
		return SG_PHASE_TCP_HALF_OPEN;
	if (flow->protocol == IPPROTO_UDP)
		return SG_PHASE_UDP_UNREPLIED;
	if (protocol_is_icmp(flow->family, flow->protocol))
		return SG_PHASE_ICMP_UNREPLIED;
	return SG_PHASE_OTHER_UNREPLIED;
}

/* FIN and RST of either side; a reply with an ACK completes the handshake. */
static __always_inline struct progress tcp_next(struct progress at, __u8 flags, bool is_reply)
{
	const __u8 both = SG_CONNECTION_OPENER_FIN | SG_CONNECTION_REPLIER_FIN;

	if (flags & TCP_RST) {
		at.phase = SG_PHASE_TCP_CLOSED;
		return at;
	}
	if (is_reply && at.phase == SG_PHASE_TCP_HALF_OPEN && flags & TCP_ACK)
		at.phase = SG_PHASE_TCP_ESTABLISHED;
	if (flags & TCP_FIN && at.phase != SG_PHASE_TCP_HALF_OPEN)
		at.flags |= is_reply ? SG_CONNECTION_REPLIER_FIN : SG_CONNECTION_OPENER_FIN;
	if (at.phase == SG_PHASE_TCP_ESTABLISHED && (at.flags & both) == both)
		at.phase = SG_PHASE_TCP_CLOSING;
	return at;
}

static __always_inline struct progress phase_next(struct progress at, const struct flow *flow,
						  bool is_reply)
{
	if (flow->protocol == IPPROTO_TCP)
		return tcp_next(at, flow->tcp_flags, is_reply);
	/* each unreplied phase is followed by its replied one */
	if (is_reply && SG_PHASE_IS_UNREPLIED(at.phase))
		at.phase++;
	return at;
}

/*
 * Whether a packet of the side that the rules reject can be a reply. A SYN of
 * its own is one only in a handshake that both sides began (RFC 9293, 3.5);
 * otherwise it asks for a new connection, which the rules refuse.
 */
static __always_inline bool phase_allows_reply(__u8 phase, const struct flow *flow)
{
	if (flow->protocol != IPPROTO_TCP)
		return true;
	if (tcp_is_first(flow->tcp_flags))
		return phase == SG_PHASE_TCP_HALF_OPEN;
	return flow->tcp_flags & (TCP_ACK | TCP_RST);
}

/* Whether a packet of the accepted side begins a connection in the place of this one. */
static __always_inline bool phase_is_over(__u8 phase, const struct flow *flow)
{
	if (flow->protocol != IPPROTO_TCP || !tcp_is_first(flow->tcp_flags))
		return false;
	return phase == SG_PHASE_TCP_CLOSING || phase == SG_PHASE_TCP_CLOSED;
}

_Static_assert(SG_PHASE_UDP_REPLIED == SG_PHASE_UDP_UNREPLIED + 1, "see phase_next");
_Static_assert(SG_PHASE_ICMP_REPLIED == SG_PHASE_ICMP_UNREPLIED + 1, "see phase_next");
_Static_assert(SG_PHASE_OTHER_REPLIED == SG_PHASE_OTHER_UNREPLIED + 1, "see phase_next");

#endif
