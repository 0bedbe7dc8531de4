/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cleanup.h - ownership that shows at the declaration: what is AUTO_* is given
 * back on every path out of its block, unless TAKE_PTR or TAKE_FD hands it on.
 */
#ifndef UTIL_CLEANUP_H
#define UTIL_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free(void *pointer)
{
	free(*(void **)pointer);
}

static inline void cleanup_close(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* Freed at the end of the block. */
#define AUTO_FREE __attribute__((cleanup(cleanup_free)))
/* A file descriptor, -1 for none, closed at the end of the block. */
#define AUTO_CLOSE __attribute__((cleanup(cleanup_close)))
/* Given to `release(struct x *)` at the end of the block. */
#define AUTO(release) __attribute__((cleanup(release)))

#define TAKE_PTR(pointer) \
	({ \
		__auto_type taken_ = (pointer); \
		(pointer) = NULL; \
		taken_; \
	})

#define TAKE_FD(fd) \
	({ \
		int taken_ = (fd); \
		(fd) = -1; \
		taken_; \
	})

#endif
