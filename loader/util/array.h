/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * array.h - room in a growing array.
 */
#ifndef UTIL_ARRAY_H
#define UTIL_ARRAY_H

#include <errno.h>
#include <stdlib.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/*
 * Make room for at least `wanted` elements of `size` bytes at *items, which
 * has room for *capacity. Returns 0, or -ENOMEM with the array as it was.
 */
static inline int array_reserve(void *items, size_t *capacity, size_t wanted, size_t size)
{
	size_t larger = *capacity ? *capacity : 8;
	void *moved;

	if (wanted <= *capacity)
		return 0;
	while (larger < wanted) {
		if (__builtin_mul_overflow(larger, 2, &larger))
			return -ENOMEM;
	}
	moved = reallocarray(*(void **)items, larger, size);
	if (!moved)
		return -ENOMEM;
	*(void **)items = moved;
	*capacity = larger;
	return 0;
}

/* Room for one more element of `array`, a pointer with `count` used and `capacity` there. */
#define ARRAY_GROW(array, count, capacity) \
	array_reserve(&(array), &(capacity), (count) + 1, sizeof(*(array)))

#endif
