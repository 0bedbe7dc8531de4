// SPDX-License-Identifier: GPL-2.0-only
/*
 * quote.c - make the user's text fit for an error message.
 */
#include "util/quote.h"

#include <string.h>

#include "util/utf8.h"

struct quoted quote(const char *text)
{
	struct quoted quoted = {0};
	size_t used = 0;

	while (*text) {
		uint32_t code_point;
		size_t length = utf8_decode(text, &code_point);
		size_t room = length ? length : 1;

		if (used + room > QUOTE_MAX) {
			memcpy(quoted.text + used, "...", 3);
			break;
		}
		if (!length || code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0)) {
			quoted.text[used++] = '?';
		} else {
			memcpy(quoted.text + used, text, length);
			used += length;
		}
		text += room;
	}
	return quoted;
}
