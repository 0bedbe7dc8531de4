// SPDX-License-Identifier: GPL-2.0-only
/*
 * utf8.c - decode UTF-8.
 */
#include "util/utf8.h"

size_t utf8_decode(const char *text, uint32_t *code_point_out)
{
	/* The smallest code point that needs so many bytes: below it is overlong. */
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *bytes = (const unsigned char *)text;
	uint32_t value = bytes[0];
	size_t length;

	if (value < 0x80) {
		*code_point_out = value;
		return value ? 1 : 0;
	}
	if (value >= 0xc2 && value <= 0xdf)
		length = 2;
	else if (value >= 0xe0 && value <= 0xef)
		length = 3;
	else if (value >= 0xf0 && value <= 0xf4)
		length = 4;
	else
		return 0;

	value &= 0x7fU >> length;
	for (size_t i = 1; i < length; i++) {
		/* the final NUL ends the loop too */
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (bytes[i] & 0x3f);
	}
	if (value < smallest[length] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return 0;
	*code_point_out = value;
	return length;
}
