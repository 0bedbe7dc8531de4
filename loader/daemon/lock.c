// SPDX-License-Identifier: GPL-2.0-only
/*
 * lock.c - one daemon a state directory.
 *
 * The kernel's lock on a file that is never removed: it goes with the process,
 * so there is nothing stale, and no moment at which two have it.
 */
#include "daemon/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "model/code.h"
#include "util/cleanup.h"

static int failed(const char *path, struct error *err)
{
	int number = errno;

	return error_set(err, number, CODE_INTERNAL_SERVER_ERROR, "cannot lock \"%s\": %s", path,
			 strerror(number));
}

static int taken(const char *state_dir, int fd, struct error *err)
{
	char holder[16];
	ssize_t length = pread(fd, holder, sizeof(holder) - 1, 0);

	holder[length > 0 ? length : 0] = '\0';
	holder[strspn(holder, "0123456789")] = '\0';
	return error_set(err, EBUSY, CODE_OPERATION_DENIED_ALREADY_EXISTS,
			 "process %s is the daemon of state directory \"%s\" already: end it "
			 "first, or give another --state-dir and --bpffs",
			 holder[0] ? holder : "?", state_dir);
}

int lock_take(const char *state_dir, int *fd_out, struct error *err)
{
	AUTO_FREE char *path = NULL;
	AUTO_CLOSE int fd = -1;

	if (asprintf(&path, "%s/%s", state_dir, LOCK_FILE) < 0) {
		path = NULL;
		return error_set(err, ENOMEM, CODE_INTERNAL_SERVER_ERROR, "out of memory");
	}
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return failed(path, err);
	if (flock(fd, LOCK_EX | LOCK_NB))
		return errno == EWOULDBLOCK ? taken(state_dir, fd, err) : failed(path, err);
	if (ftruncate(fd, 0) || dprintf(fd, "%d\n", getpid()) < 0)
		return failed(path, err);
	*fd_out = TAKE_FD(fd);
	return 0;
}
