/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * error.h - what went wrong, told once, where it is known.
 *
 * A fallible function returns 0 or -errno. One that takes a struct error fills
 * it on failure and only then; whoever shows it to the user does so once.
 */
#ifndef UTIL_ERROR_H
#define UTIL_ERROR_H

struct error {
	const char *code;   /* static string such as "INVALID_INSTANCE_NOT_FOUND"; NULL: none */
	char message[1024]; /* lower case, no full stop, the problem first, then what to do */
};

/*
 * Fill `err` and return -`number` (a positive errno value), so that a caller
 * can write `return error_set(...)`. `err` may be NULL. A message that does
 * not fit is cut; control characters in it are shown as `?`, so it stays one
 * line whatever it quotes.
 */
__attribute__((format(printf, 4, 5))) int error_set(struct error *err, int number, const char *code,
						    const char *format, ...);

#endif
