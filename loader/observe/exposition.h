/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * exposition.h - metrics in the text format of Prometheus (version 0.0.4).
 *
 * A family is begun once, with its name, type and help; its samples follow
 * before the next one begins. Errors of the stream are its owner's to see.
 */
#ifndef OBSERVE_EXPOSITION_H
#define OBSERVE_EXPOSITION_H

#include <stdint.h>
#include <stdio.h>

#define EXPOSITION_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct label {
	const char *name; /* NULL: the last */
	const char *value;
};
#define LABELS(...) ((const struct label[]){__VA_ARGS__, {NULL, NULL}})
#define NO_LABELS ((const struct label[]){{NULL, NULL}})

struct family {
	FILE *stream;
	const char *name;
};

/* `type` is counter, gauge or histogram. */
struct family family_begin(FILE *stream, const char *name, const char *type, const char *help);
/* Label values may be any bytes: what is no UTF-8 is shown as '?'. */
void family_integer(const struct family *family, const struct label *labels, uint64_t value);
void family_real(const struct family *family, const struct label *labels, double value);
/* The same of a part of a histogram: "_bucket", "_count" or "_sum". */
void family_part_integer(const struct family *family, const char *part, const struct label *labels,
			 uint64_t value);
void family_part_real(const struct family *family, const char *part, const struct label *labels,
		      double value);

#endif
