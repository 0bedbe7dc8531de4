/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * name.h - the characters and lengths of identifiers and names.
 */
#ifndef MODEL_NAME_H
#define MODEL_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "util/error.h"

#define ID_MAX 64
#define NAME_MAX_LENGTH 64
#define DESCRIPTION_MIN 2
#define DESCRIPTION_MAX 255
#define DEV_MAX 15	   /* IFNAMSIZ - 1 */
#define GROUP_ID_LENGTH 20 /* of one that we make: "sg-" and 17 hexadecimal digits */

/*
 * The checks return -EINVAL with the code of what is wrong: too short
 * (INVALID_PARAMETER_LESS_LENGTH), too long (..._EXCEED_LENGTH) or a character
 * that is not allowed (..._PATTERN_ERROR).
 *
 * `what` names the field in the message: "group id", "instance id". 1-64 of A-Za-z0-9._-
 */
int id_check(const char *text, const char *what, struct error *err);

/* A group's name: 1-64 of letters, digits, - and . */
int group_name_check(const char *text, struct error *err);

/* A group's description: empty, or 2-255 characters, UTF-8, no control characters. */
int group_description_check(const char *text, struct error *err);

/* An interface name as the kernel takes it: 1-15 bytes, no '/', ':' or space, not "." or "..". */
int dev_name_check(const char *text, struct error *err);

/* An instance status: upper-case letters, digits and _, 1-64, beginning with a letter. */
int status_check(const char *text, struct error *err);

/* Characters (code points) of valid UTF-8 without control characters, or -EILSEQ. */
long text_length(const char *text);

/* A fresh random "sg-..." id. 0, or -errno of getrandom. */
int group_id_make(char id[ID_MAX + 1]);

#endif
