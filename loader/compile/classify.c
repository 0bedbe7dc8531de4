// SPDX-License-Identifier: GPL-2.0-only
/*
 * classify.c - what a policy image decides about a packet.
 */
#include "compile/compile.h"

#include "compile/search.h"

uint32_t image_classify(const struct image *image, const struct packet_key *packet)
{
	uint32_t key = SG_PORT_KEY(packet->protocol, packet->low16);
	const struct sg_layers *layers;
	struct filter_says may_match;
	uint32_t lists[2], best;

	if (!image->count)
		return SG_DECISION_NONE;
	layers = &image->nodes[0].root.layers[SG_LAYERS_INDEX(packet->direction, packet->family)];
	may_match = image_filter_ask(image, layers, packet->family, packet->remote, key);
	if (!may_match.prefixes && !may_match.any)
		return SG_DECISION_NONE;
	if (layers->flags & SG_LAYERS_LIST)
		return image_search_list(image, layers, packet->family, packet->remote, key);
	best = image_search_any(image, layers->any, key);
	if (!may_match.prefixes)
		return best;
	lists[0] = image_search_address(image, layers->narrow, packet->family, packet->remote);
	lists[1] = image_search_address(image, layers->wide, packet->family, packet->remote);
	for (int i = 0; i < 2; i++) {
		uint32_t decision = image_search_ports(image, lists[i], key);

		if (decision < best)
			best = decision;
	}
	return best;
}

uint32_t image_rule_id(const struct image *image, uint32_t decision)
{
	uint32_t rank = decision >> 1;
	const struct sg_image_header *header;
	uint32_t node;

	if (image->count < 2)
		return 0;
	header = &image->nodes[1].header;
	node = rank / 16;
	if (rank >= header->rules || header->rule_table >= image->count ||
	    node >= image->count - header->rule_table)
		return 0;
	return image->nodes[header->rule_table + node].rule_id[rank % 16];
}
