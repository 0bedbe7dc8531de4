// SPDX-License-Identifier: GPL-2.0-only
/*
 * number.c - read unsigned decimal numbers.
 */
#include "util/number.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

int number_parse(const char *text, uint64_t min, uint64_t max, uint64_t *value_out)
{
	return number_parse_part(text, strlen(text), min, max, value_out);
}

int number_parse_part(const char *text, size_t length, uint64_t min, uint64_t max,
		      uint64_t *value_out)
{
	uint64_t value = 0;
	bool too_large = false;

	if (!length || (length > 1 && text[0] == '0'))
		return -EINVAL;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value))
			too_large = true;
	}
	if (too_large || value < min || value > max)
		return -ERANGE;
	*value_out = value;
	return 0;
}

int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}
