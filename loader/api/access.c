// SPDX-License-Identifier: GPL-2.0-only
/*
 * access.c - the file of keys, and finding one of them.
 */
#include "api/access.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/code.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/quote.h"

#define KEYS_MAX 1000
#define FILE_MAX_BYTES (512U << 10)
#define SECRET_MIN 8
#define BLANKS " \t\r"

void access_fini(struct access_keys *keys)
{
	if (keys->items)
		explicit_bzero(keys->items, keys->count * sizeof(*keys->items));
	free(keys->items);
	*keys = (struct access_keys){0};
}

struct access_key *access_find(const struct access_keys *keys, const char *id)
{
	for (size_t i = 0; i < keys->count; i++) {
		if (!keys->items[i].is_bearer && !strcmp(keys->items[i].id, id))
			return &keys->items[i];
	}
	return NULL;
}

struct access_key *access_find_token(const struct access_keys *keys, const char *token)
{
	uint8_t digest[DIGEST_BYTES] = {0};
	struct access_key *found = NULL;

	if (digest_compute(token, strlen(token), digest, NULL))
		return NULL;
	for (size_t i = 0; i < keys->count; i++) {
		struct access_key *key = &keys->items[i];

		if (key->is_bearer && !gnutls_memcmp(key->token, digest, sizeof(digest)))
			found = key;
	}
	return found;
}

bool allowance_take(struct allowance *allowance, unsigned int per_second, uint64_t now_us)
{
	double full = per_second;

	if (!per_second)
		return true;
	if (allowance->refilled_us)
		allowance->left += (double)(now_us - allowance->refilled_us) * full / 1e6;
	if (!allowance->refilled_us || allowance->left > full)
		allowance->left = full;
	allowance->refilled_us = now_us;
	if (allowance->left < 1)
		return false;
	allowance->left -= 1;
	return true;
}

/* The next word of a line, ended by a NUL; NULL for none. */
static char *word_next(char **rest)
{
	char *word = *rest + strspn(*rest, BLANKS);
	char *end = word + strcspn(word, BLANKS);

	*rest = *end ? end + 1 : end;
	*end = '\0';
	return *word ? word : NULL;
}

static bool id_is_taken(const struct access_keys *keys, const char *id)
{
	for (size_t i = 0; i < keys->count; i++) {
		if (!strcmp(keys->items[i].id, id))
			return true;
	}
	return false;
}

static const char *secret_set(struct access_key *key, const char *secret)
{
	size_t length = strlen(secret);

	for (const char *c = secret; *c; c++) {
		if (*c < '!' || *c > '~')
			return "has a secret with a character that is not plain ASCII";
	}
	if (length < SECRET_MIN || length > SECRET_MAX)
		return "has a secret that does not have 8-255 characters";
	if (!key->is_bearer)
		memcpy(key->secret, secret, length + 1);
	else if (digest_compute(secret, length, key->token, NULL))
		return "has a token that cannot be digested";
	return NULL;
}

/* What is wrong with the line, NULL for nothing. */
static const char *line_read(struct access_keys *keys, char *line)
{
	char *id = word_next(&line);
	char *second = id ? word_next(&line) : NULL;
	char *third = second ? word_next(&line) : NULL;
	struct access_key *key;

	if (!id || *id == '#')
		return NULL;
	if (!second || word_next(&line))
		return "is neither \"ID SECRET\" nor \"ID bearer TOKEN\"";
	if (third && strcmp(second, "bearer"))
		return "has three words, but the second is not \"bearer\"";
	if (id_check(id, "key id", NULL))
		return "has a bad id, which is 1-64 of letters, digits, '.', '_' and '-'";
	if (id_is_taken(keys, id))
		return "has an id that an earlier line has";
	if (keys->count == keys->capacity)
		return "is one key too many";
	key = &keys->items[keys->count++];
	snprintf(key->id, sizeof(key->id), "%s", id);
	key->is_bearer = third;
	return secret_set(key, third ? third : second);
}

static int text_read(struct access_keys *keys, const char *path, char *text, struct error *err)
{
	unsigned int number = 0;

	/* at once: no copy of a secret is left behind by growing */
	keys->items = calloc(KEYS_MAX, sizeof(*keys->items));
	if (!keys->items)
		return out_of_memory(err);
	keys->capacity = KEYS_MAX;
	while (text) {
		char *line = strsep(&text, "\n");
		const char *wrong = line_read(keys, line);

		number++;
		if (wrong)
			return error_set(err, EINVAL, CODE_INVALID_PARAMETER_VALUE,
					 "file of keys \"%s\": line %u %s", quote(path).text,
					 number, wrong);
	}
	if (!keys->count)
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_VALUE,
				 "file of keys \"%s\" has none: add a line \"ID SECRET\"",
				 quote(path).text);
	return 0;
}

static int check_file(int fd, const char *path, struct error *err)
{
	struct stat status;

	if (fstat(fd, &status) || !S_ISREG(status.st_mode))
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_VALUE,
				 "file of keys \"%s\" is not a regular file: name one that is",
				 quote(path).text);
	if (status.st_uid && status.st_uid != geteuid())
		return error_set(err, EPERM, CODE_INVALID_PARAMETER_VALUE,
				 "file of keys \"%s\" belongs to user %u: it must be root's or the "
				 "daemon's",
				 quote(path).text, status.st_uid);
	if (status.st_mode & (S_IRWXG | S_IRWXO))
		return error_set(err, EPERM, CODE_INVALID_PARAMETER_VALUE,
				 "file of keys \"%s\" has the mode %04o: make it 0600",
				 quote(path).text, status.st_mode & 07777);
	return 0;
}

/* All of it, with a NUL after the last byte, into `text` of FILE_MAX_BYTES + 1. */
static int file_contents(int fd, const char *path, char *text, struct error *err)
{
	size_t length = 0;
	ssize_t got;

	while ((got = read(fd, text + length, FILE_MAX_BYTES + 1 - length)) > 0)
		length += (size_t)got;
	if (got < 0)
		return error_set(err, errno, CODE_INVALID_PARAMETER_VALUE,
				 "cannot read the file of keys \"%s\": %s", quote(path).text,
				 strerror(errno));
	if (length > FILE_MAX_BYTES || memchr(text, '\0', length))
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_VALUE,
				 "file of keys \"%s\" has over %u bytes or a NUL byte: give a text "
				 "file",
				 quote(path).text, FILE_MAX_BYTES);
	text[length] = '\0';
	return 0;
}

static int keys_read(struct access_keys *keys, const char *path, char *text, struct error *err)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int r;

	if (fd < 0)
		return error_set(err, errno, CODE_INVALID_PARAMETER_VALUE,
				 "cannot open the file of keys \"%s\": %s", quote(path).text,
				 strerror(errno));
	r = check_file(fd, path, err);
	if (!r)
		r = file_contents(fd, path, text, err);
	return r ? r : text_read(keys, path, text, err);
}

int access_load(struct access_keys *keys, const char *path, struct error *err)
{
	AUTO_FREE char *text = calloc(1, FILE_MAX_BYTES + 1);
	struct access_keys loaded = {0};
	int r;

	if (!text)
		return out_of_memory(err);
	r = keys_read(&loaded, path, text, err);
	explicit_bzero(text, FILE_MAX_BYTES + 1);
	if (r) {
		access_fini(&loaded);
		return r;
	}
	for (size_t i = 0; i < loaded.count; i++) {
		for (size_t j = 0; j < keys->count; j++) {
			if (!strcmp(loaded.items[i].id, keys->items[j].id))
				loaded.items[i].allowance = keys->items[j].allowance;
		}
	}
	access_fini(keys);
	*keys = loaded;
	return 0;
}
