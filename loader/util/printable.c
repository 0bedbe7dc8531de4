// SPDX-License-Identifier: GPL-2.0-only
/*
 * printable.c - take out of a text what would command a terminal.
 */
#include "util/printable.h"

#include <stdbool.h>
#include <string.h>

#include "util/utf8.h"

/* C0, DEL, C1; bidirectional overrides and isolates; line and paragraph separator. */
static bool is_control(uint32_t code_point)
{
	return code_point < 0x20 || (code_point >= 0x7f && code_point <= 0x9f) ||
	       (code_point >= 0x202a && code_point <= 0x202e) ||
	       (code_point >= 0x2066 && code_point <= 0x2069) || code_point == 0x2028 ||
	       code_point == 0x2029;
}

size_t make_printable(char *text)
{
	char *to = text;
	size_t characters = 0;

	while (*text) {
		uint32_t code_point;
		size_t length = utf8_decode(text, &code_point);

		if (!length || is_control(code_point)) {
			*to++ = '?';
			text += length ? length : 1;
		} else {
			memmove(to, text, length);
			to += length;
			text += length;
		}
		characters++;
	}
	*to = '\0';
	return characters;
}
