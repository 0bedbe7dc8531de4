// SPDX-License-Identifier: GPL-2.0-only
/*
 * bpffs.c - the directory that holds the pins.
 *
 * A pin lives as long as the bpffs it is on, and that as long as its mount
 * namespace. In a namespace that ends with this process (`ip netns exec` makes
 * one) a mount of ours would take the enforcement along when the command is
 * done. So a bpffs is mounted only where it stays.
 */
#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "kern/internal.h"
#include "model/code.h"

#define DEFAULT_MOUNT "/sys/fs/bpf"

static bool is_bpffs(const char *path)
{
	struct statfs fs;

	return !statfs(path, &fs) && fs.f_type == BPF_FS_MAGIC;
}

/* Whether our mount namespace is another one than that of process `pid`, as far as can be seen. */
static bool differs_from(const char *pid)
{
	char path[64];
	struct stat ours, theirs;

	snprintf(path, sizeof(path), "/proc/%s/ns/mnt", pid);
	if (stat("/proc/self/ns/mnt", &ours) || stat(path, &theirs))
		return false;
	return ours.st_ino != theirs.st_ino || ours.st_dev != theirs.st_dev;
}

static bool mount_would_end(void)
{
	char parent[16];

	snprintf(parent, sizeof(parent), "%d", getppid());
	return differs_from(parent) || differs_from("1");
}

static int make_path(const char *dir, struct error *err)
{
	char path[KERN_PATH_MAX];
	struct stat st;

	if (snprintf(path, sizeof(path), "%s", dir) >= (int)sizeof(path))
		return error_set(err, ENAMETOOLONG, CODE_INTERNAL_SERVER_ERROR,
				 "the path of the bpffs directory is too long");
	for (char *slash = path + 1;; slash++) {
		char kept = *slash;

		if (kept && kept != '/')
			continue;
		*slash = '\0';
		if (mkdir(path, 0700) && errno != EEXIST)
			return kern_error(err, errno, "cannot make directory \"%s\"", path);
		*slash = kept;
		if (!kept)
			break;
	}
	if (stat(path, &st))
		return kern_error(err, errno, "cannot read directory \"%s\"", path);
	if (!S_ISDIR(st.st_mode))
		return kern_error(err, ENOTDIR, "\"%s\" is in the way of the bpffs directory",
				  path);
	return 0;
}

/* The nearest ancestor of `dir`, or itself, that exists. */
static void nearest_existing(const char *dir, char path[KERN_PATH_MAX])
{
	snprintf(path, KERN_PATH_MAX, "%s", dir);
	while (access(path, F_OK)) {
		char *slash = strrchr(path, '/');

		if (!slash || slash == path) {
			strcpy(path, slash ? "/" : ".");
			return;
		}
		*slash = '\0';
	}
}

static int mount_bpffs(const char *at, struct error *err)
{
	if (mount_would_end())
		return error_set(err, EPERM, CODE_OPERATION_DENIED_NETWORK_NAMESPACE,
				 "no bpffs is mounted at \"%s\", and one mounted here would end "
				 "with this mount namespace: use nsenter --net=/run/netns/NAME "
				 "instead of ip netns exec, or mount a bpffs first",
				 at);
	if (mount("bpf", at, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700"))
		return kern_error(err, errno, "cannot mount a bpffs at \"%s\"", at);
	return 0;
}

bool kern_is_hidden(const char *dir)
{
	char existing[KERN_PATH_MAX];

	nearest_existing(dir, existing);
	return !is_bpffs(existing) && mount_would_end();
}

int bpffs_prepare(const char *dir, struct error *err)
{
	bool below_default = !strncmp(dir, DEFAULT_MOUNT "/", strlen(DEFAULT_MOUNT) + 1);
	char existing[KERN_PATH_MAX];
	int r;

	if (dir[0] != '/')
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_VALUE,
				 "bpffs directory \"%s\" is not an absolute path", dir);
	nearest_existing(dir, existing);
	if (is_bpffs(existing))
		return make_path(dir, err);
	if (below_default) {
		r = mount_bpffs(DEFAULT_MOUNT, err);
		return r ? r : make_path(dir, err);
	}
	r = make_path(dir, err);
	return r ? r : mount_bpffs(dir, err);
}

int kern_prepare(const char *dir, struct error *err)
{
	return bpffs_prepare(dir, err);
}
