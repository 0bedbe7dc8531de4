// SPDX-License-Identifier: GPL-2.0-only
/*
 * netns.c - which network namespace this process is in.
 */
#include "net/link.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "model/code.h"

#define NETNS_PATH "/proc/self/ns/net"

int netns_identity(uint64_t *device_out, uint64_t *inode_out, struct error *err)
{
	struct stat status;

	if (stat(NETNS_PATH, &status))
		return error_set(err, errno, CODE_INTERNAL_SERVER_ERROR,
				 "cannot tell the network namespace: %s: %s: is /proc mounted",
				 NETNS_PATH, strerror(errno));
	*device_out = status.st_dev;
	*inode_out = status.st_ino;
	return 0;
}
