// SPDX-License-Identifier: GPL-2.0-only
/*
 * search.c - search the trees of an image as the BPF programs do, with the same
 * steps. A reference that leaves the image finds nothing.
 */
#include "compile/search.h"

uint32_t image_search32(const struct image *image, uint32_t tree, uint32_t key, uint32_t answer)
{
	uint32_t index = 0;

	for (int level = 0; tree && level < SG_MAX_LEVELS_32; level++) {
		if (tree >= image->count || index >= image->count - tree)
			break;
		if (!sg_node32_step(&image->nodes[tree + index].n32, key, index * SG_FANOUT_32 + 1,
				    &index, &answer))
			break;
	}
	return answer;
}

uint32_t image_search64(const struct image *image, uint32_t tree, uint64_t key)
{
	uint32_t answer = 0;
	uint32_t index = 0;

	for (int level = 0; tree && level < SG_MAX_LEVELS_64; level++) {
		if (tree >= image->count || index >= image->count - tree)
			break;
		if (!sg_node64_step(&image->nodes[tree + index].n64, key, index * SG_FANOUT_64 + 1,
				    &index, &answer))
			break;
	}
	return answer;
}

uint64_t read_be(const uint8_t *bytes, int count)
{
	uint64_t value = 0;

	for (int i = 0; i < count; i++)
		value = value << 8 | bytes[i];
	return value;
}

uint32_t image_search_address(const struct image *image, uint32_t tree, enum sg_family family,
			      const uint8_t address[16])
{
	uint32_t answer;

	if (family == SG_IPV4)
		return image_search32(image, tree, (uint32_t)read_be(address, 4), 0);
	answer = image_search64(image, tree, read_be(address, 8));
	if (answer & SG_ANSWER_LOW_HALF)
		answer = image_search64(image, answer & SG_ANSWER_VALUE, read_be(address + 8, 8));
	return answer & SG_ANSWER_VALUE;
}

static uint32_t search_node(const union sg_node *node, enum sg_family family,
			    const uint8_t address[16], uint32_t key)
{
	if (family == SG_IPV6)
		return sg_line64_matches(&node->list64, read_be(address, 8),
					 read_be(address + 8, 8), key)
			       ? node->list64.decision
			       : SG_DECISION_NONE;
	for (int i = 0; i < SG_LINES_32; i++) {
		const struct sg_line32 *line = &node->list32.line[i];

		if (sg_line32_matches(line, (uint32_t)read_be(address, 4), key))
			return line->decision;
	}
	return SG_DECISION_NONE;
}

uint32_t image_search_list(const struct image *image, const struct sg_layers *layers,
			   enum sg_family family, const uint8_t address[16], uint32_t key)
{
	uint32_t decision = SG_DECISION_NONE;

	for (uint32_t i = 0; i < layers->narrow && decision == SG_DECISION_NONE; i++) {
		if (layers->any + i >= image->count)
			break;
		decision = search_node(&image->nodes[layers->any + i], family, address, key);
	}
	return decision;
}
