// SPDX-License-Identifier: GPL-2.0-only
/*
 * classify.c - search an image as the BPF programs do, with the same steps.
 * A reference that leaves the image finds nothing.
 */
#include "compile/compile.h"

static uint32_t search32(const struct image *image, uint32_t tree, uint32_t key, uint32_t answer)
{
	uint32_t index = 0;

	for (int level = 0; tree && level < SG_MAX_LEVELS_32; level++) {
		if (tree >= image->count || index >= image->count - tree)
			break;
		if (!sg_node32_step(&image->nodes[tree + index].n32, key, &index, &answer))
			break;
	}
	return answer;
}

static uint32_t search64(const struct image *image, uint32_t tree, uint64_t key)
{
	uint32_t answer = 0;
	uint32_t index = 0;

	for (int level = 0; tree && level < SG_MAX_LEVELS_64; level++) {
		if (tree >= image->count || index >= image->count - tree)
			break;
		if (!sg_node64_step(&image->nodes[tree + index].n64, key, &index, &answer))
			break;
	}
	return answer;
}

static uint64_t read_be(const uint8_t *bytes, int count)
{
	uint64_t value = 0;

	for (int i = 0; i < count; i++)
		value = value << 8 | bytes[i];
	return value;
}

/* The port list of a remote address in an address tree. */
static uint32_t search_address(const struct image *image, uint32_t tree,
			       const struct packet_key *packet)
{
	uint32_t answer;

	if (packet->family == SG_IPV4)
		return search32(image, tree, (uint32_t)read_be(packet->remote, 4), 0);
	answer = search64(image, tree, read_be(packet->remote, 8));
	if (answer & SG_ANSWER_LOW_HALF)
		answer = search64(image, answer & SG_ANSWER_VALUE, read_be(packet->remote + 8, 8));
	return answer & SG_ANSWER_VALUE;
}

uint32_t image_classify(const struct image *image, const struct packet_key *packet)
{
	uint32_t key = SG_PORT_KEY(packet->protocol, packet->low16);
	uint32_t best = SG_DECISION_NONE;
	const struct sg_layers *layers;
	uint32_t lists[3];

	if (!image->count)
		return SG_DECISION_NONE;
	layers = &image->nodes[0].root.layers[SG_LAYERS_INDEX(packet->direction, packet->family)];
	lists[0] = layers->any;
	lists[1] = search_address(image, layers->narrow, packet);
	lists[2] = search_address(image, layers->wide, packet);
	for (int i = 0; i < 3; i++) {
		uint32_t decision = search32(image, lists[i], key, SG_DECISION_NONE);

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
