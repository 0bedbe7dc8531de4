// SPDX-License-Identifier: GPL-2.0-only
/*
 * exposition.c - write metrics as Prometheus reads them.
 *
 * A thousand instances make ten thousands of lines while the daemon waits, so
 * the common case, text without anything to escape, is written as it is.
 */
#include "observe/exposition.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "util/utf8.h"

struct family family_begin(FILE *stream, const char *name, const char *type, const char *help)
{
	fprintf(stream, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
	return (struct family){.stream = stream, .name = name};
}

static void put_escaped(FILE *stream, const char *text)
{
	while (*text) {
		uint32_t code_point = 0;
		size_t length = utf8_decode(text, &code_point);

		if (*text == '\\' || *text == '"')
			fprintf(stream, "\\%c", *text);
		else if (*text == '\n')
			fputs("\\n", stream);
		else if (length)
			fwrite(text, 1, length, stream);
		else
			fputc('?', stream);
		text += length ? length : 1;
	}
}

static bool is_plain(const char *text)
{
	for (; *text; text++) {
		if (*text < 0x20 || *text > 0x7e || *text == '\\' || *text == '"')
			return false;
	}
	return true;
}

static void put_name(const struct family *family, const char *part, const struct label *labels)
{
	FILE *stream = family->stream;
	const struct label *label;

	fputs(family->name, stream);
	fputs(part, stream);
	for (label = labels; label->name; label++) {
		fputc(label == labels ? '{' : ',', stream);
		fputs(label->name, stream);
		fputs("=\"", stream);
		if (is_plain(label->value))
			fputs(label->value, stream);
		else
			put_escaped(stream, label->value);
		fputc('"', stream);
	}
	if (label != labels)
		fputc('}', stream);
}

void family_part_integer(const struct family *family, const char *part, const struct label *labels,
			 uint64_t value)
{
	put_name(family, part, labels);
	fprintf(family->stream, " %" PRIu64 "\n", value);
}

void family_part_real(const struct family *family, const char *part, const struct label *labels,
		      double value)
{
	put_name(family, part, labels);
	fprintf(family->stream, " %.9g\n", value);
}

void family_integer(const struct family *family, const struct label *labels, uint64_t value)
{
	family_part_integer(family, "", labels, value);
}

void family_real(const struct family *family, const struct label *labels, double value)
{
	family_part_real(family, "", labels, value);
}
