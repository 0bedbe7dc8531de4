/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * printable.h - text that a terminal can be given.
 */
#ifndef UTIL_PRINTABLE_H
#define UTIL_PRINTABLE_H

#include <stddef.h>

/*
 * Put '?' in place of each control character (a line feed too), of what ends
 * or reorders a line (U+2028, bidirectional overrides), and of each byte that
 * is not UTF-8. The text never grows. Returns how many characters it has.
 */
size_t make_printable(char *text);

#endif
