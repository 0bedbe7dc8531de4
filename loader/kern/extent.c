// SPDX-License-Identifier: GPL-2.0-only
/*
 * extent.c - runs of nodes in the policy heap, and the room between them.
 */
#include "kern/extent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"

void extents_fini(struct extents *extents)
{
	free(extents->items);
	*extents = (struct extents){};
}

int extents_add(struct extents *extents, struct sg_extent extent)
{
	if (!extent.nodes)
		return 0;
	/* Instances with the same groups follow each other often. */
	if (extents->count && extents->items[extents->count - 1].first == extent.first)
		return 0;
	if (ARRAY_GROW(extents->items, extents->count, extents->capacity))
		return -ENOMEM;
	extents->items[extents->count++] = extent;
	return 0;
}

int extents_insert(struct extents *extents, struct sg_extent extent)
{
	size_t low = 0, high = extents->count;

	if (!extent.nodes)
		return 0;
	if (ARRAY_GROW(extents->items, extents->count, extents->capacity))
		return -ENOMEM;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (extents->items[middle].first < extent.first)
			low = middle + 1;
		else
			high = middle;
	}
	memmove(&extents->items[low + 1], &extents->items[low],
		(extents->count - low) * sizeof(*extents->items));
	extents->items[low] = extent;
	extents->count++;
	return 0;
}

static int compare_extents(const void *a, const void *b)
{
	const struct sg_extent *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

void extents_sort(struct extents *extents)
{
	size_t kept = 0;

	if (!extents->count)
		return;
	qsort(extents->items, extents->count, sizeof(*extents->items), compare_extents);
	for (size_t i = 1; i < extents->count; i++) {
		if (extents->items[i].first != extents->items[kept].first)
			extents->items[++kept] = extents->items[i];
	}
	extents->count = kept + 1;
}

uint32_t extents_find_room(const struct extents *extents, uint32_t nodes)
{
	uint32_t at = 1; /* node 0 stays empty: a root there would mean none */

	for (size_t i = 0; i < extents->count; i++) {
		const struct sg_extent *extent = &extents->items[i];

		if (extent->first > at && extent->first - at >= nodes)
			return at;
		if (extent->first + extent->nodes > at)
			at = extent->first + extent->nodes;
	}
	return SG_HEAP_NODES - at >= nodes ? at : 0;
}

uint32_t extents_nodes(const struct extents *extents)
{
	uint32_t nodes = 0;

	for (size_t i = 0; i < extents->count; i++)
		nodes += extents->items[i].nodes;
	return nodes;
}
