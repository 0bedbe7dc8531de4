/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * quote.h - the user's text, fit for an error message.
 */
#ifndef UTIL_QUOTE_H
#define UTIL_QUOTE_H

#define QUOTE_MAX 80 /* bytes shown of a text */

struct quoted {
	char text[QUOTE_MAX + 4];
};

/*
 * The text as valid UTF-8 without control characters ('?' in their place), and
 * cut with "..." when long, so that what comes after it in the message is not
 * lost. Use it where it stands:
 *
 *   error_set(err, EINVAL, code, "unknown word \"%s\"", quote(word).text);
 */
struct quoted quote(const char *text);

#endif
