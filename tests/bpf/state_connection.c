// SPDX-License-Identifier: GPL-2.0-only
/*
 * state_connection.c - who may answer whom: connections as a plain list.
 *
 * One is known only where it is needed: where the rules accept its first
 * packet and reject what answers it.
 */
#include <assert.h>
#include <string.h>

#include "bpf/state_model.h"

#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define ACK 0x10

static enum sg_direction other(enum sg_direction direction)
{
	return direction == SG_INGRESS ? SG_EGRESS : SG_INGRESS;
}

/* The type of request to which an ICMP message belongs; -1: to none. */
static int icmp_request(const struct facts *facts)
{
	switch (facts->low16 / 256) {
	case 0:
	case 8: /* echo */
		return facts->family == SG_IPV4 ? 8 : -1;
	case 13:
	case 14: /* timestamp */
		return facts->family == SG_IPV4 ? 13 : -1;
	case 128:
	case 129: /* echo */
		return facts->family == SG_IPV6 ? 128 : -1;
	default:
		return -1;
	}
}

static bool is_icmp_answer(const struct facts *facts)
{
	return facts_is_icmp(facts) && icmp_request(facts) >= 0 &&
	       icmp_request(facts) != facts->low16 / 256;
}

static int icmp_answer_to(int request)
{
	return request == 8 ? 0 : request == 13 ? 14 : 129;
}

static struct known_ends ends_of(const struct facts *facts, enum sg_direction direction)
{
	bool out = direction == SG_EGRESS;
	struct known_ends ends;

	memset(&ends, 0, sizeof(ends));
	ends.family = facts->family;
	ends.protocol = facts->protocol;
	memcpy(ends.local, out ? facts->source : facts->destination, 16);
	memcpy(ends.remote, out ? facts->destination : facts->source, 16);
	if (facts_is_icmp(facts)) {
		ends.local_port = facts->source_port;
		ends.request = (uint16_t)(icmp_request(facts) * 256 + facts->low16 % 256);
		ends.asker = 1 + (is_icmp_answer(facts) ? other(direction) : direction);
	} else {
		ends.local_port = out ? facts->source_port : facts->low16;
		ends.remote_port = out ? facts->low16 : facts->source_port;
	}
	return ends;
}

bool model_is_live(const struct state_model *model, const struct known_connection *connection)
{
	return model_now(model) - connection->seen <= model->settings->timeout[connection->phase];
}

static struct known_connection *find(struct state_model *model, const struct facts *facts,
				     enum sg_direction direction)
{
	struct known_ends ends = ends_of(facts, direction);

	for (size_t i = 0; i < model->connection_count; i++) {
		struct known_connection *known = &model->connections[i];

		if (!memcmp(&known->ends, &ends, sizeof(ends)) && model_is_live(model, known))
			return known;
	}
	return NULL;
}

static void forget_the_dead(struct state_model *model)
{
	size_t kept = 0;

	for (size_t i = 0; i < model->connection_count; i++) {
		if (model_is_live(model, &model->connections[i]))
			model->connections[kept++] = model->connections[i];
	}
	model->connection_count = kept;
}

static enum sg_phase first_phase(const struct facts *facts)
{
	if (facts_is_icmp(facts))
		return SG_PHASE_ICMP_UNREPLIED;
	switch (facts->protocol) {
	case 6:
		return SG_PHASE_TCP_HALF_OPEN;
	case 17:
		return SG_PHASE_UDP_UNREPLIED;
	default:
		return SG_PHASE_OTHER_UNREPLIED;
	}
}

/* Whether the rules accept what answers the packet. */
static bool reply_is_accepted(const struct state_model *model, const struct facts *facts,
			      enum sg_direction direction)
{
	struct packet_key key = model_key(facts, direction);

	key.direction = other(direction);
	key.low16 = facts->source_port;
	if (facts_is_icmp(facts))
		key.low16 =
			(uint16_t)(icmp_answer_to(icmp_request(facts)) * 256 + facts->low16 % 256);
	return model_rules(model, &key) == SG_REASON_RULE_ACCEPT;
}

/* A SYN that asks for a connection. */
static bool is_opening_syn(const struct facts *facts)
{
	return facts->protocol == 6 && facts->tcp_flags & SYN && !(facts->tcp_flags & (ACK | RST));
}

/* A packet of TCP moves its connection on. */
static void advance_tcp(struct known_connection *known, uint8_t flags, bool is_reply)
{
	if (flags & RST) {
		known->phase = SG_PHASE_TCP_CLOSED;
		return;
	}
	/* the handshake is complete for us when the other side answers */
	if (known->phase == SG_PHASE_TCP_HALF_OPEN && is_reply && flags & ACK)
		known->phase = SG_PHASE_TCP_ESTABLISHED;
	/* before that nothing ends */
	if (known->phase != SG_PHASE_TCP_HALF_OPEN && flags & FIN) {
		if (is_reply)
			known->replier_fin = true;
		else
			known->opener_fin = true;
	}
	if (known->phase == SG_PHASE_TCP_ESTABLISHED && known->opener_fin && known->replier_fin)
		known->phase = SG_PHASE_TCP_CLOSING;
}

/* A packet of the connection passed. Its time is noted at most once a second. */
static void advance(const struct state_model *model, struct known_connection *known,
		    const struct facts *facts, bool is_reply, bool is_judged_anew)
{
	struct known_connection before = *known;
	uint32_t now = model_now(model);

	if (facts->protocol == 6)
		advance_tcp(known, facts->tcp_flags, is_reply);
	else if (is_reply && known->phase == SG_PHASE_UDP_UNREPLIED)
		known->phase = SG_PHASE_UDP_REPLIED;
	else if (is_reply && known->phase == SG_PHASE_ICMP_UNREPLIED)
		known->phase = SG_PHASE_ICMP_REPLIED;
	else if (is_reply && known->phase == SG_PHASE_OTHER_UNREPLIED)
		known->phase = SG_PHASE_OTHER_REPLIED;
	if (is_judged_anew || known->phase != before.phase ||
	    known->opener_fin != before.opener_fin || known->replier_fin != before.replier_fin ||
	    now - known->seen >= model->settings->second)
		known->seen = now;
}

static void begin(struct state_model *model, struct known_connection *known,
		  const struct facts *facts, enum sg_direction direction)
{
	if (!known) {
		forget_the_dead(model);
		assert(model->connection_count < MODEL_CONNECTIONS);
		known = &model->connections[model->connection_count++];
	}
	*known = (struct known_connection){
		.ends = ends_of(facts, direction),
		.opener = direction,
		.first = model_key(facts, direction),
		.phase = first_phase(facts),
		.word = model->word,
		.seen = model_now(model),
	};
}

/* The rules accept the packet. */
static void open_connection(struct state_model *model, const struct facts *facts,
			    enum sg_direction direction)
{
	struct known_connection *known;
	bool is_judged_anew;

	if (facts_is_icmp(facts) && (icmp_request(facts) < 0 || is_icmp_answer(facts)))
		return;
	if (reply_is_accepted(model, facts, direction))
		return;
	known = find(model, facts, direction);
	if (known && known->opener == direction) {
		if (is_opening_syn(facts) &&
		    (known->phase == SG_PHASE_TCP_CLOSING || known->phase == SG_PHASE_TCP_CLOSED)) {
			begin(model, known, facts, direction);
			return;
		}
		is_judged_anew = known->word != model->word;
		known->word = model->word;
		advance(model, known, facts, false, is_judged_anew);
		return;
	}
	/* the end of a connection that is not known opens none */
	if (facts->protocol == 6 && facts->tcp_flags & RST)
		return;
	begin(model, known, facts, direction);
}

struct known_connection *model_replied_to(struct state_model *model, const struct facts *facts,
					  enum sg_direction direction)
{
	struct known_connection *known;

	if (facts_is_icmp(facts) && !is_icmp_answer(facts))
		return NULL;
	known = find(model, facts, direction);
	if (!known || known->opener == direction)
		return NULL;
	return model_rules(model, &known->first) == SG_REASON_RULE_ACCEPT ? known : NULL;
}

static bool is_possible_reply(const struct known_connection *known, const struct facts *facts)
{
	if (facts->protocol != 6)
		return true;
	/* both sides may begin a handshake at the same time (RFC 9293, 3.5) */
	if (is_opening_syn(facts))
		return known->phase == SG_PHASE_TCP_HALF_OPEN;
	return facts->tcp_flags & (ACK | RST);
}

/* An ICMP error: whether the packet that it quotes was, or would be, accepted. */
static bool is_related(struct state_model *model, const struct facts *facts,
		       enum sg_direction direction)
{
	enum sg_direction back = other(direction);
	struct packet_key key;
	struct facts quoted;

	if (facts_read(facts->packet, facts->transport + 8, facts->family, true, &quoted) != GO_ON)
		return false;
	/* whose ports are not known, or of which no error is ever sent */
	if (quoted.fragment_start || facts_is_icmp_error(&quoted))
		return false;
	/* an error goes to whoever sent the packet */
	if (memcmp(quoted.source, facts->destination, 16) != 0)
		return false;
	if (model_exempt(model, &quoted, back) != GO_ON)
		return true;
	key = model_key(&quoted, back);
	if (model_rules(model, &key) == SG_REASON_RULE_ACCEPT)
		return true;
	return model_replied_to(model, &quoted, back);
}

enum sg_reason model_connection(struct state_model *model, const struct facts *facts,
				enum sg_direction direction, enum sg_reason by_rules)
{
	struct known_connection *known;
	bool is_judged_anew;

	if (by_rules == SG_REASON_RULE_ACCEPT) {
		open_connection(model, facts, direction);
		return by_rules;
	}
	if (by_rules != SG_REASON_RULE_DENY && by_rules != SG_REASON_NO_RULE)
		return by_rules;
	if (facts_is_icmp_error(facts))
		return is_related(model, facts, direction) ? SG_REASON_RELATED : by_rules;
	known = model_replied_to(model, facts, direction);
	if (!known || !is_possible_reply(known, facts))
		return by_rules;
	is_judged_anew = known->word != model->word;
	known->word = model->word;
	advance(model, known, facts, true, is_judged_anew);
	return SG_REASON_REPLY;
}
