// SPDX-License-Identifier: GPL-2.0-only
/*
 * port_set.c - sets of ports in their normal form.
 */
#include "model/port_set.h"

#include <stdlib.h>
#include <string.h>

static int range_compare(const void *a, const void *b)
{
	const struct port_range *x = a;
	const struct port_range *y = b;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	if (x->last != y->last)
		return x->last < y->last ? -1 : 1;
	return 0;
}

void port_set_normalize(struct port_set *set)
{
	struct port_set normal = {0};

	qsort(set->ranges, set->count, sizeof(set->ranges[0]), range_compare);
	for (size_t i = 0; i < set->count; i++) {
		struct port_range range = set->ranges[i];
		struct port_range *last = normal.count ? normal.ranges + normal.count - 1 : NULL;

		if (!last || range.first > last->last + 1)
			normal.ranges[normal.count++] = range;
		else if (range.last > last->last)
			last->last = range.last;
	}
	if (normal.count && normal.ranges[0].first == 0 && normal.ranges[0].last == UINT16_MAX)
		normal = (struct port_set){0};
	*set = normal;
}

int port_set_compare(const struct port_set *a, const struct port_set *b)
{
	for (size_t i = 0; i < a->count && i < b->count; i++) {
		int difference = range_compare(a->ranges + i, b->ranges + i);

		if (difference)
			return difference;
	}
	return a->count - b->count;
}

bool port_set_contains(const struct port_set *set, uint16_t port)
{
	for (size_t i = 0; i < set->count; i++) {
		if (set->ranges[i].first <= port && port <= set->ranges[i].last)
			return true;
	}
	return !set->count;
}
