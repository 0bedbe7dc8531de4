/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * number.h - unsigned numbers as people write them, read strictly.
 */
#ifndef UTIL_NUMBER_H
#define UTIL_NUMBER_H

#include <stddef.h>
#include <stdint.h>

/*
 * Read the whole text as a decimal number from min to max. Digits only: no
 * sign, no space, and no leading zero, which others would take for octal.
 * -EINVAL when it is not such a number, -ERANGE when it is out of the range.
 */
int number_parse(const char *text, uint64_t min, uint64_t max, uint64_t *value_out);

/* The same for the first `length` bytes of text. */
int number_parse_part(const char *text, size_t length, uint64_t min, uint64_t max,
		      uint64_t *value_out);

/* The value of a hexadecimal digit, -1 for any other character. */
int hex_digit(char c);

#endif
