/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * state_model.h - the verdict of a frame as the documentation has it, and what
 * it depends on of the frames before: lists that are searched from end to end,
 * where the programs have tables. Shares nothing with them.
 */
#ifndef TESTS_BPF_STATE_MODEL_H
#define TESTS_BPF_STATE_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "bpf/facts.h"
#include "compile/compile.h"
#include "sgate/abi.h"

#define MODEL_CONNECTIONS 4096
#define MODEL_FRAGMENTS 2048

/* The two ends of a connection, from the instance's side. */
struct known_ends {
	uint8_t family;
	uint8_t protocol;
	uint8_t local[16];
	uint8_t remote[16];
	uint16_t local_port; /* ICMP: the identifier */
	uint16_t remote_port;
	/* ICMP: type and code of the request, and who asks, since both may at the same time. */
	uint16_t request;
	uint8_t asker; /* 1 + enum sg_direction; 0: not ICMP */
};

struct known_connection {
	struct known_ends ends;
	enum sg_direction opener;
	struct packet_key first; /* its first packet, as the rules see it */
	enum sg_phase phase;
	bool opener_fin;
	bool replier_fin;
	uint64_t word; /* of the policy that last accepted its first packet */
	uint32_t seen; /* in units of the table's clock */
};

/* An accepted first fragment. */
struct known_fragment {
	enum sg_direction direction;
	uint8_t family;
	uint8_t source[16];
	uint8_t destination[16];
	uint8_t protocol;
	uint32_t id;
	uint64_t word; /* of the policy that accepted it */
	uint32_t seen;
	uint32_t end;
};

/* What an instance may send from. */
struct known_addresses {
	const struct mac *macs; /* none: any */
	size_t mac_count;
	const struct prefix *addresses; /* none: any */
	size_t address_count;
};

/* An instance whose packets are judged; its interface has a link header. */
struct state_model {
	const struct policy *policy;
	uint64_t word;			     /* that the policy was published as */
	uint32_t options;		     /* SG_OPTION_STRICT counts */
	uint16_t allowed[8];		     /* EtherTypes; 0: unused */
	const struct known_addresses *guard; /* NULL: addresses are not known */
	const struct sg_settings *settings;  /* timeouts and clock */
	uint32_t clock_base;		     /* what the clock shows beside the offset in them */
	struct known_connection connections[MODEL_CONNECTIONS];
	size_t connection_count;
	struct known_fragment fragments[MODEL_FRAGMENTS];
	size_t fragment_count;
};

/* The reason of a frame that is no GSO packet. */
enum sg_reason state_model_judge(struct state_model *model, enum sg_direction direction,
				 const uint8_t *frame, uint32_t length);
/* As of now nothing is known of the frames before. */
void state_model_flush(struct state_model *model);

/* --- parts of it --- */

uint32_t model_now(const struct state_model *model);
/* What the rules say, and nothing else. */
enum sg_reason model_rules(const struct state_model *model, const struct packet_key *key);
struct packet_key model_key(const struct facts *facts, enum sg_direction direction);
/* What IP needs to work at all; GO_ON. */
enum sg_reason model_exempt(const struct state_model *model, const struct facts *facts,
			    enum sg_direction direction);

bool model_is_live(const struct state_model *model, const struct known_connection *connection);

/* An IP packet that the rules judged: what becomes of it, and of its connection. */
enum sg_reason model_connection(struct state_model *model, const struct facts *facts,
				enum sg_direction direction, enum sg_reason by_rules);
/* The connection in which such a packet would be a reply to one that is accepted; or NULL. */
struct known_connection *model_replied_to(struct state_model *model, const struct facts *facts,
					  enum sg_direction direction);

enum sg_reason model_later_fragment(struct state_model *model, const struct facts *facts,
				    enum sg_direction direction);
void model_first_fragment(struct state_model *model, const struct facts *facts,
			  enum sg_direction direction);

/* Whether what the instance sends is from itself. `facts` is for IP. */
bool model_is_own(const struct known_addresses *own, struct bytes frame, uint32_t type,
		  uint32_t network, const struct facts *facts);

bool model_is_dhcp(const struct facts *facts, enum sg_direction direction);

#endif
