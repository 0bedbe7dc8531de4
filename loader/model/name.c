// SPDX-License-Identifier: GPL-2.0-only
/*
 * name.c - check identifiers, names and descriptions; make group ids.
 */
#include "model/name.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "model/code.h"
#include "util/quote.h"
#include "util/utf8.h"

#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGIT "0123456789"

static int length_check(const char *text, const char *what, size_t max, struct error *err)
{
	size_t length = strlen(text);

	if (!length)
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_LESS_LENGTH,
				 "the %s is empty: use 1-%zu characters", what, max);
	if (length > max)
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_EXCEED_LENGTH,
				 "%s \"%s\" has %zu characters: use 1-%zu", what, quote(text).text,
				 length, max);
	return 0;
}

/* 1 to max characters, all of `allowed`, which `advice` puts into words. */
static int characters_check(const char *text, const char *what, size_t max, const char *allowed,
			    const char *advice, struct error *err)
{
	int r = length_check(text, what, max, err);

	if (r)
		return r;
	if (text[strspn(text, allowed)])
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_PATTERN_ERROR,
				 "bad %s \"%s\": use %s only", what, quote(text).text, advice);
	return 0;
}

int id_check(const char *text, const char *what, struct error *err)
{
	return characters_check(text, what, ID_MAX, UPPER LOWER DIGIT "._-",
				"letters, digits, '.', '_' and '-'", err);
}

int group_name_check(const char *text, struct error *err)
{
	return characters_check(text, "group name", NAME_MAX_LENGTH, UPPER LOWER DIGIT "-.",
				"letters, digits, '-' and '.'", err);
}

int group_description_check(const char *text, struct error *err)
{
	long length = text_length(text);

	if (length < 0)
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_PATTERN_ERROR,
				 "the group's description is not UTF-8 or has control characters: "
				 "use plain text");
	if (length > 0 && length < DESCRIPTION_MIN)
		return error_set(
			err, EINVAL, CODE_INVALID_PARAMETER_LESS_LENGTH,
			"group description \"%s\" is too short: use %d-%d characters or none", text,
			DESCRIPTION_MIN, DESCRIPTION_MAX);
	if (length > DESCRIPTION_MAX)
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_EXCEED_LENGTH,
				 "the group's description has %ld characters: at most %d", length,
				 DESCRIPTION_MAX);
	return 0;
}

/* dev_valid_name() of net/core/dev.c; and UTF-8, so that every output can show it. */
int dev_name_check(const char *text, struct error *err)
{
	int r = length_check(text, "interface name", DEV_MAX, err);

	if (r)
		return r;
	if (text_length(text) < 0 || text[strcspn(text, "/: ")] || !strcmp(text, ".") ||
	    !strcmp(text, ".."))
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_PATTERN_ERROR,
				 "\"%s\" cannot be an interface name: use one that `ip link` shows",
				 quote(text).text);
	return 0;
}

int status_check(const char *text, struct error *err)
{
	int r = characters_check(text, "instance status", ID_MAX, UPPER DIGIT "_",
				 "upper-case letters, digits and '_'", err);

	if (r)
		return r;
	if (text[0] < 'A' || text[0] > 'Z')
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_PATTERN_ERROR,
				 "bad instance status \"%s\": begin it with an upper-case letter",
				 text);
	return 0;
}

long text_length(const char *text)
{
	long count = 0;

	while (*text) {
		uint32_t code_point;
		size_t bytes = utf8_decode(text, &code_point);

		if (!bytes || code_point < 0x20 || (code_point >= 0x7f && code_point <= 0x9f))
			return -EILSEQ;
		text += bytes;
		count++;
	}
	return count;
}

int group_id_make(char id[ID_MAX + 1])
{
	unsigned char random[(GROUP_ID_LENGTH - 3 + 1) / 2];
	char text[GROUP_ID_LENGTH + 2];
	char *end = stpcpy(text, "sg-");
	ssize_t got;

	do
		got = getrandom(random, sizeof(random), 0);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	/* up to 256 bytes come whole, see getrandom(2) */
	for (size_t i = 0; i < sizeof(random); i++)
		end += sprintf(end, "%02x", random[i]);
	text[GROUP_ID_LENGTH] = '\0';
	strcpy(id, text);
	return 0;
}
