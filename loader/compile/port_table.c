// SPDX-License-Identifier: GPL-2.0-only
/*
 * port_table.c - lay out a long port list as a table.
 *
 * The keys are cut into slots, each with one entry: of a protocol, all as long
 * as its densest ports allow. Slots that lie one behind the other share a leaf
 * as long as their starts fit into it.
 */
#include <assert.h>
#include <string.h>

#include "compile/tree.h"
#include "compile/tree_inner.h"

/* With fewer starts a level of inner nodes is as fast and much smaller. */
#define MIN_STARTS 64

#define PORT_BITS 16
#define MIN_SHIFT 3
#define PROTOCOLS 256UL
#define FIRST_ENTRY (PROTOCOLS / SG_PORT_PROTOCOLS * SG_PORT_ENTRIES)

_Static_assert(1 << MIN_SHIFT <= SG_LEAF_PORTS, "the shortest slot fits into a leaf");

/* The starts from `first` to before `end`, for the keys from `begin` on. */
struct span {
	uint32_t begin;
	size_t first;
	size_t end;
};

/* What goes on of the interval before, as an answer; SG_DECISION_NONE needs no place. */
static uint32_t before(const struct start32 *starts, const struct span *span)
{
	bool begins = span->first < span->end && starts[span->first].start == span->begin;

	return begins || !span->first ? SG_DECISION_NONE : starts[span->first - 1].answer;
}

static bool fits(const struct start32 *starts, const struct span *span)
{
	size_t places = span->end - span->first + (before(starts, span) != SG_DECISION_NONE);

	return places <= SG_LEAF_PORTS;
}

/* Go to the slot of so many keys behind this one. */
static void next_slot(const struct start32 *starts, size_t count, uint32_t begin, uint32_t keys,
		      struct span *slot)
{
	*slot = (struct span){begin, slot->end, slot->end};
	while (slot->end < count && starts[slot->end].start - begin < keys)
		slot->end++;
}

/* The longest slots that fit into leaves, for a protocol whose first start is `first` or later. */
static unsigned int protocol_shift(const struct start32 *starts, size_t count, uint32_t protocol,
				   size_t first)
{
	for (unsigned int shift = PORT_BITS;; shift--) {
		uint32_t slots = 1U << (PORT_BITS - shift), slot = 0;
		struct span span = {.end = first};

		assert(shift >= MIN_SHIFT);
		for (; slot < slots; slot++) {
			next_slot(starts, count, SG_PORT_KEY(protocol, slot << shift), 1U << shift,
				  &span);
			if (!fits(starts, &span))
				break;
		}
		if (slot == slots)
			return shift;
	}
}

/* All that is written while the slots are gone through. */
struct writer {
	union sg_node *nodes; /* NULL: it is only counted */
	size_t first_leaf;
	size_t entries;
	size_t leaves;
	struct span leaf; /* the last one */
};

static void put_leaf(const struct start32 *starts, const struct span *span, union sg_node *node)
{
	uint32_t answer = before(starts, span);
	struct sg_leaf_ports *leaf = &node->leaf_ports;
	size_t place = 0;

	if (answer != SG_DECISION_NONE) {
		inner_put_start(leaf->starts, 0, span->begin, TREE_KEYS_PORTS);
		leaf->answer[place++] = answer;
	}
	for (size_t i = span->first; i < span->end; i++, place++) {
		inner_put_start(leaf->starts, place, starts[i].start, TREE_KEYS_PORTS);
		leaf->answer[place] = starts[i].answer;
	}
}

static void end_leaf(struct writer *writer, const struct start32 *starts)
{
	if (writer->nodes)
		put_leaf(starts, &writer->leaf,
			 &writer->nodes[writer->first_leaf + writer->leaves]);
	writer->leaves++;
}

/* The slot's entry, and its starts in the leaf of the slots before or in a new one. */
static void add_slot(struct writer *writer, const struct start32 *starts, const struct span *slot)
{
	struct span both = writer->leaf;

	both.end = slot->end;
	if (fits(starts, &both)) {
		writer->leaf = both;
	} else {
		end_leaf(writer, starts);
		writer->leaf = *slot;
	}
	if (writer->nodes)
		writer->nodes[writer->entries / SG_PORT_ENTRIES]
			.port_entry[writer->entries % SG_PORT_ENTRIES] =
			(sg_port_entry)(writer->first_leaf + writer->leaves);
	writer->entries++;
}

/* All slots of all protocols: entries and leaves, counted or written. */
static struct writer write_slots(union sg_node *nodes, const struct port_table_size *size,
				 const struct start32 *starts, size_t count)
{
	struct writer writer = {
		.nodes = nodes,
		.first_leaf = size->nodes - size->leaves,
		.entries = FIRST_ENTRY,
	};
	struct span slot = {0};

	for (uint32_t protocol = 0; protocol < PROTOCOLS; protocol++) {
		unsigned int shift = size->shift[protocol];

		if (nodes)
			nodes[protocol / SG_PORT_PROTOCOLS].ports_of[protocol % SG_PORT_PROTOCOLS] =
				SG_PORTS_OF(writer.entries, shift);
		for (uint32_t i = 0; i < 1U << (PORT_BITS - shift); i++) {
			next_slot(starts, count, SG_PORT_KEY(protocol, i << shift), 1U << shift,
				  &slot);
			add_slot(&writer, starts, &slot);
		}
	}
	end_leaf(&writer, starts);
	return writer;
}

bool port_table_size(const struct start32 *starts, size_t count, struct port_table_size *size_out)
{
	struct port_table_size size = {0};
	struct writer counted;
	size_t first = 0;

	if (count < MIN_STARTS)
		return false;
	for (uint32_t protocol = 0; protocol < PROTOCOLS; protocol++) {
		size.shift[protocol] = protocol_shift(starts, count, protocol, first);
		while (first < count && starts[first].start >> PORT_BITS == protocol)
			first++;
	}
	counted = write_slots(NULL, &size, starts, count);
	size.leaves = counted.leaves;
	size.nodes = (counted.entries + SG_PORT_ENTRIES - 1) / SG_PORT_ENTRIES + size.leaves;
	*size_out = size;
	return size.nodes <= (sg_port_entry)~0;
}

void port_table_fill(union sg_node *nodes, const struct port_table_size *size,
		     const struct start32 *starts, size_t count)
{
	memset(nodes, 0, size->nodes * sizeof(*nodes));
	write_slots(nodes, size, starts, count);
}
