/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * utf8.h - one character of UTF-8 at a time, strictly as RFC 3629 has it.
 */
#ifndef UTIL_UTF8_H
#define UTIL_UTF8_H

#include <stddef.h>
#include <stdint.h>

/*
 * The first character of a NUL-terminated text: its bytes (1-4), with the code
 * point in *code_point_out. 0 at the end of the text and for what is not
 * UTF-8: overlong forms, surrogates, above U+10FFFF, cut short.
 */
size_t utf8_decode(const char *text, uint32_t *code_point_out);

#endif
