// SPDX-License-Identifier: GPL-2.0-only
/*
 * file.c - read whole files.
 */
#include "util/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "util/array.h"
#include "util/cleanup.h"
#include "util/quote.h"

#define READ_BYTES 65536

/* Read to the end, at most max_bytes and one more. -errno. */
static int read_all(int fd, size_t max_bytes, char **text_out, size_t *length_out)
{
	AUTO_FREE char *text = NULL;
	size_t length = 0, capacity = 0;
	ssize_t got;

	do {
		if (array_reserve(&text, &capacity, length + READ_BYTES + 1, 1))
			return -ENOMEM;
		got = read(fd, text + length, READ_BYTES);
		if (got < 0 && errno != EINTR)
			return -errno;
		if (got > 0)
			length += got;
		if (length > max_bytes)
			return -EFBIG;
	} while (got);
	text[length] = '\0';
	*text_out = TAKE_PTR(text);
	*length_out = length;
	return 0;
}

int file_read(const char *path, size_t max_bytes, char **text_out, size_t *length_out,
	      struct error *err)
{
	bool is_stdin = !strcmp(path, "-");
	AUTO_CLOSE int fd = -1;
	int r;

	if (!is_stdin) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return error_set(err, errno, NULL, "cannot open \"%s\": %s",
					 quote(path).text, strerror(errno));
	}
	r = read_all(is_stdin ? STDIN_FILENO : fd, max_bytes, text_out, length_out);
	if (r == -EFBIG)
		return error_set(err, EFBIG, NULL,
				 "\"%s\" is too large: at most %zu bytes are read",
				 quote(path).text, max_bytes);
	if (r)
		return error_set(err, -r, NULL, "cannot read \"%s\": %s", quote(path).text,
				 strerror(-r));
	return 0;
}
