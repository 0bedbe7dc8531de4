/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * related.h - ICMP errors: one passes when the packet that it quotes was sent
 * by whom it goes to, and was or would be accepted.
 */
#ifndef BPF_RELATED_H
#define BPF_RELATED_H

#include "connection.h"
#include "exempt.h"

#define ICMP_UNREACHABLE 3
#define ICMP_TIME_EXCEEDED 11
#define ICMP_PARAMETER_PROBLEM 12
#define ICMPV6_UNREACHABLE 1 /* to 4, parameter problem: RFC 4443 */
#define ICMPV6_PARAMETER_PROBLEM 4

#define ICMP_HEADER 8

static __always_inline bool is_icmp_error(const struct headers *headers)
{
	__u8 type = headers->low16 >> 8;

	if (!is_icmp(headers))
		return false;
	if (headers->family == SG_IPV6)
		return type >= ICMPV6_UNREACHABLE && type <= ICMPV6_PARAMETER_PROBLEM;
	return type == ICMP_UNREACHABLE || type == ICMP_TIME_EXCEEDED ||
	       type == ICMP_PARAMETER_PROBLEM;
}

/*
 * Read the packet that is quoted at offset `network`, up to `end`, into
 * sg_scratch->quoted. Not 0: it is none, or says too little.
 */
__noinline int sg_read_quoted(SG_CONTEXT *ctx, __u32 network, __u32 end, __u32 family)
{
	struct sg_scratch *scratch = scratch_get();
	struct headers *quoted;
	struct frame frame;

	if (!scratch)
		return 1;
	frame_read(ctx, &frame);
	quoted = &scratch->quoted;
	*quoted = (struct headers){
		.network = network,
		.family = family,
		.is_quoted = true,
	};
	/* ports are in the first fragment only; and no error is sent about an error */
	return parse_network(&frame, end, quoted) != SG_UNDECIDED || quoted->fragment_at ||
	       is_icmp_error(quoted);
}

/*
 * What an ICMP error quotes, as a flow. SG_UNDECIDED: a connection may be
 * known in which it was a reply; else the end of the matter.
 */
static __always_inline enum sg_reason related(const struct packet *pkt, enum sg_reason rejected)
{
	__u32 direction = pkt->direction == SG_INGRESS ? SG_EGRESS : SG_INGRESS;
	const struct headers *headers = &pkt->scratch->headers, *quoted = &pkt->scratch->quoted;
	struct flow *flow = &pkt->scratch->flow;

	if (sg_read_quoted(pkt->ctx, headers->transport + ICMP_HEADER, headers->end,
			   headers->family))
		return rejected;
	if (quoted->source[0] != headers->destination[0] ||
	    quoted->source[1] != headers->destination[1])
		return rejected;
	if (exempt(quoted, direction, pkt->options) != SG_UNDECIDED ||
	    classify(flow->policy, quoted, direction) == SG_REASON_RULE_ACCEPT)
		return SG_REASON_RELATED;
	flow_fill(quoted, direction == SG_EGRESS, flow);
	if (is_icmp(quoted) && !flow->is_answer)
		return rejected;
	return SG_UNDECIDED;
}

#endif
