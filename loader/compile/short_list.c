// SPDX-License-Identifier: GPL-2.0-only
/*
 * short_list.c - few rules as a list of lines: a line for each prefix and port
 * range of each rule, in the order of the ranks.
 *
 * An empty policy has no list, since no search is shorter than none.
 */
#include "compile/short_list.h"

#include <string.h>

#include "compile/address_tree.h"
#include "compile/ports.h"

/* A line, before it is known how a family writes it. */
struct line {
	struct prefix prefix;
	struct key_range keys;
	uint32_t decision;
};

struct lines {
	struct line items[SG_MAX_LINES];
	size_t count;
	enum sg_family family;
};

/* false: there are too many. */
static bool add_prefix(struct lines *lines, const struct prefix *prefix,
		       const struct key_range *ranges, size_t range_count, uint32_t decision)
{
	if (range_count > SG_MAX_LINES - lines->count)
		return false;
	for (size_t i = 0; i < range_count; i++)
		lines->items[lines->count++] = (struct line){*prefix, ranges[i], decision};
	return true;
}

static bool add_rule(struct lines *lines, const struct policy_rule *rule, uint32_t decision)
{
	const struct prefix any = {.family = lines->family};
	struct key_range ranges[PORT_SET_MAX];
	size_t count = rule_key_ranges(rule->rule, lines->family, ranges);

	if (rule->rule->remote.kind == REMOTE_ANY)
		return add_prefix(lines, &any, ranges, count, decision);
	for (size_t i = 0; i < rule->remote_count; i++) {
		if (rule->remotes[i].family == lines->family &&
		    !add_prefix(lines, &rule->remotes[i], ranges, count, decision))
			return false;
	}
	return true;
}

static bool collect(const struct ranking *ranking, enum sg_direction direction, struct lines *lines)
{
	for (uint32_t rank = 0; rank < ranking->count; rank++) {
		const struct policy_rule *rule = ranking->by_rank[rank];

		if (rule->rule->direction == direction &&
		    !add_rule(lines, rule, ranking_decision(ranking, rank)))
			return false;
	}
	return true;
}

/* The `length` highest of 64 bits. */
static uint64_t mask64(int length)
{
	if (length <= 0)
		return 0;
	return length >= 64 ? UINT64_MAX : ~(UINT64_MAX >> length);
}

static void write32(const struct lines *lines, union sg_node *nodes)
{
	for (size_t i = 0; i < lines->count; i++) {
		const struct line *line = &lines->items[i];

		nodes[i / SG_LINES_32].list32.line[i % SG_LINES_32] = (struct sg_line32){
			.address = (uint32_t)address_first(&line->prefix),
			.mask = (uint32_t)(mask64(line->prefix.length) >> 32),
			.first = line->keys.first,
			.span = line->keys.last - line->keys.first,
			.decision = line->decision,
		};
	}
}

static void write64(const struct lines *lines, union sg_node *nodes)
{
	for (size_t i = 0; i < lines->count; i++) {
		const struct line *line = &lines->items[i];
		address_value address = address_first(&line->prefix);

		nodes[i].list64 = (struct sg_line64){
			.high = (uint64_t)(address >> 64),
			.low = (uint64_t)address,
			.high_mask = mask64(line->prefix.length),
			.low_mask = mask64(line->prefix.length - 64),
			.first = line->keys.first,
			.span = line->keys.last - line->keys.first,
			.decision = line->decision,
		};
	}
}

int short_list_build(const struct ranking *ranking, enum sg_direction direction,
		     enum sg_family family, struct image_builder *builder,
		     struct sg_layers *layers_out, bool *done_out)
{
	const struct sg_line32 unused = {.first = SG_LINE_UNUSED};
	union sg_node nodes[SG_MAX_LINES] = {0};
	struct lines lines = {.family = family};
	uint32_t count, ref;
	int r;

	*done_out = false;
	if (!collect(ranking, direction, &lines) || !lines.count)
		return 0;
	if (family == SG_IPV4) {
		count = (uint32_t)(lines.count + SG_LINES_32 - 1) / SG_LINES_32;
		for (size_t i = lines.count; i < (size_t)count * SG_LINES_32; i++)
			nodes[i / SG_LINES_32].list32.line[i % SG_LINES_32] = unused;
		write32(&lines, nodes);
	} else {
		count = (uint32_t)lines.count;
		write64(&lines, nodes);
	}
	r = image_add_nodes(builder, nodes, count, &ref);
	if (r)
		return r;
	*layers_out = (struct sg_layers){.any = ref, .narrow = count, .flags = SG_LAYERS_LIST};
	*done_out = true;
	return 0;
}
