/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * access.h - who may use the API, and how much of it.
 */
#ifndef API_ACCESS_H
#define API_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/authorization.h"
#include "api/signature.h"
#include "model/name.h"
#include "util/error.h"

/* Requests that may come now; refilled as time passes, up to a second's worth. */
struct allowance {
	double left;
	uint64_t refilled_us; /* 0: full */
};

struct access_key {
	char id[ID_MAX + 1];
	bool is_bearer;
	char secret[SECRET_MAX + 1]; /* of an access key */
	uint8_t token[DIGEST_BYTES]; /* of a bearer, its digest */
	struct allowance allowance;
};

struct access_keys {
	struct access_key *items;
	size_t count;
	size_t capacity;
};
/* Wipes the secrets. */
void access_fini(struct access_keys *keys);

/*
 * Read the file of keys, see api.h; on success they take the place of those in
 * *keys, whose allowances they keep by their ids. Messages name a line, never
 * what is in it. -EINVAL, -EPERM for a file that others can read, and what
 * open and read say.
 */
int access_load(struct access_keys *keys, const char *path, struct error *err);

/* NULL when there is none. The time taken does not depend on the token. */
struct access_key *access_find_token(const struct access_keys *keys, const char *token);
/* Of an access key. */
struct access_key *access_find(const struct access_keys *keys, const char *id);

/* Whether one more may come, `per_second` being the rate; 0 is no limit. */
bool allowance_take(struct allowance *allowance, unsigned int per_second, uint64_t now_us);

#endif
