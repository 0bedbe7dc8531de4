// SPDX-License-Identifier: GPL-2.0-only
/*
 * ports.c - port ranges with decisions -> port lists.
 *
 * Painting: the ends of all ranges cut the key space into cells. The ranges
 * are laid over them strongest first, and a cell keeps its first colour; a
 * union-find over the cells skips those that are painted. So the work is that
 * of sorting the ends.
 */
#include "compile/ports.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"

struct port_rectangle {
	struct key_range keys;
	uint32_t decision;
};

struct port_point {
	uint32_t at;
	uint32_t slot; /* 2 * rectangle, + 1 for its end */
};

struct port_cell {
	uint32_t next; /* towards the first unpainted cell from this one on */
	uint32_t decision;
};

void painter_fini(struct painter *painter)
{
	free(painter->rectangles);
	free(painter->points);
	free(painter->cell_of);
	free(painter->cells);
	memset(painter, 0, sizeof(*painter));
}

size_t rule_key_ranges(const struct rule *rule, enum sg_family family,
		       struct key_range ranges_out[PORT_SET_MAX])
{
	uint32_t protocol = rule->protocol;

	if (protocol == PROTOCOL_ALL) {
		ranges_out[0] = (struct key_range){0, SG_PORT_KEY_LAST};
		return 1;
	}
	if (protocol == PROTOCOL_ICMP || protocol == PROTOCOL_ICMPV6) {
		if ((protocol == PROTOCOL_ICMP) != (family == SG_IPV4))
			return 0;
		protocol = protocol == PROTOCOL_ICMP ? 1 : 58;
	}
	if (!rule->ports.count) {
		ranges_out[0] =
			(struct key_range){SG_PORT_KEY(protocol, 0), SG_PORT_KEY(protocol, 0xffff)};
		return 1;
	}
	for (size_t i = 0; i < rule->ports.count; i++) {
		const struct port_range *range = &rule->ports.ranges[i];

		ranges_out[i] = (struct key_range){SG_PORT_KEY(protocol, range->first),
						   SG_PORT_KEY(protocol, range->last)};
	}
	return rule->ports.count;
}

int painter_add(struct painter *painter, const struct rule *rule, enum sg_family family,
		uint32_t decision)
{
	struct key_range ranges[PORT_SET_MAX];
	size_t count = rule_key_ranges(rule, family, ranges);

	if (array_reserve(&painter->rectangles, &painter->rectangle_capacity,
			  painter->count + count, sizeof(*painter->rectangles)))
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		painter->rectangles[painter->count++] =
			(struct port_rectangle){ranges[i], decision};
	return 0;
}

static void sort_few(struct port_point *points, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct port_point moved = points[i];
		size_t j = i;

		for (; j && points[j - 1].at > moved.at; j--)
			points[j] = points[j - 1];
		points[j] = moved;
	}
}

#define RADIX_BITS 9
#define RADIX_PASSES 3
_Static_assert((SG_PORT_KEY_LAST + 1) >> (RADIX_BITS * RADIX_PASSES) == 0, "passes for every bit");

/* Radix sort; both arrays have room for `count`. Returns the one with the result. */
static struct port_point *sort_points(struct port_point *points, struct port_point *spare,
				      size_t count)
{
	size_t offset[1 << RADIX_BITS];

	if (count <= 48) {
		sort_few(points, count);
		return points;
	}
	for (int shift = 0; shift < RADIX_BITS * RADIX_PASSES; shift += RADIX_BITS) {
		const uint32_t mask = (1 << RADIX_BITS) - 1;
		struct port_point *swapped = points;
		size_t sum = 0;

		memset(offset, 0, sizeof(offset));
		for (size_t i = 0; i < count; i++)
			offset[points[i].at >> shift & mask]++;
		for (size_t i = 0; i <= mask; i++) {
			size_t here = offset[i];

			offset[i] = sum;
			sum += here;
		}
		for (size_t i = 0; i < count; i++)
			spare[offset[points[i].at >> shift & mask]++] = points[i];
		points = spare;
		spare = swapped;
	}
	return points;
}

static uint32_t find_unpainted(struct port_cell *cells, uint32_t cell)
{
	while (cells[cell].next != cell) {
		cells[cell].next = cells[cells[cell].next].next;
		cell = cells[cell].next;
	}
	return cell;
}

static int painter_reserve(struct painter *painter)
{
	size_t points = 2 * painter->count;

	if (array_reserve(&painter->points, &painter->point_capacity, 2 * points,
			  sizeof(*painter->points)) ||
	    array_reserve(&painter->cell_of, &painter->cell_of_capacity, points,
			  sizeof(*painter->cell_of)) ||
	    array_reserve(&painter->cells, &painter->cell_capacity, points,
			  sizeof(*painter->cells)))
		return -ENOMEM;
	return 0;
}

/* Cut the key space at the ends. The cells' starts are in the points returned. */
static const struct port_point *make_cells(struct painter *painter, uint32_t *count_out)
{
	size_t point_count = 2 * painter->count;
	struct port_point *points = painter->points;
	uint32_t cells = 0;

	for (size_t i = 0; i < painter->count; i++) {
		uint32_t slot = (uint32_t)(2 * i);

		points[slot] = (struct port_point){painter->rectangles[i].keys.first, slot};
		points[slot + 1] =
			(struct port_point){painter->rectangles[i].keys.last + 1, slot + 1};
	}
	points = sort_points(points, points + point_count, point_count);
	for (size_t i = 0; i < point_count; i++) {
		struct port_point point = points[i];

		if (!cells || points[cells - 1].at != point.at) {
			painter->cells[cells] = (struct port_cell){cells, SG_DECISION_NONE};
			points[cells++].at = point.at;
		}
		painter->cell_of[point.slot] = cells - 1;
	}
	*count_out = cells;
	return points;
}

int painter_finish(struct painter *painter, struct starts32 *list)
{
	uint32_t before = SG_DECISION_NONE;
	const struct port_point *points;
	uint32_t cell_count;

	if (!painter->count)
		return 0;
	if (painter_reserve(painter))
		return -ENOMEM;
	points = make_cells(painter, &cell_count);
	if (array_reserve(&list->items, &list->capacity, list->count + cell_count,
			  sizeof(*list->items)))
		return -ENOMEM;
	for (size_t i = 0; i < painter->count; i++) {
		uint32_t cell = find_unpainted(painter->cells, painter->cell_of[2 * i]);
		uint32_t end = painter->cell_of[2 * i + 1];

		for (; cell < end; cell = find_unpainted(painter->cells, cell)) {
			painter->cells[cell].decision = painter->rectangles[i].decision;
			painter->cells[cell].next = cell + 1;
		}
	}
	for (uint32_t i = 0; i < cell_count; i++) {
		uint32_t decision = painter->cells[i].decision;

		if (decision == before || points[i].at > SG_PORT_KEY_LAST)
			continue;
		list->items[list->count++] = (struct start32){points[i].at, decision};
		before = decision;
	}
	painter->count = 0;
	return 0;
}

int ports_minimum(const struct start32 *a, size_t a_count, const struct start32 *b, size_t b_count,
		  struct starts32 *list)
{
	uint32_t in_a = SG_DECISION_NONE;
	uint32_t in_b = SG_DECISION_NONE;
	uint32_t before = SG_DECISION_NONE;
	size_t i = 0, j = 0;

	list->count = 0;
	if (array_reserve(&list->items, &list->capacity, a_count + b_count, sizeof(*list->items)))
		return -ENOMEM;
	while (i < a_count || j < b_count) {
		bool take_a = j == b_count || (i < a_count && a[i].start <= b[j].start);
		bool take_b = i == a_count || (j < b_count && b[j].start <= a[i].start);
		uint32_t start = take_a ? a[i].start : b[j].start;
		uint32_t decision;

		if (take_a)
			in_a = a[i++].answer;
		if (take_b)
			in_b = b[j++].answer;
		decision = in_a < in_b ? in_a : in_b;
		if (decision == before)
			continue;
		list->items[list->count++] = (struct start32){start, decision};
		before = decision;
	}
	return 0;
}
