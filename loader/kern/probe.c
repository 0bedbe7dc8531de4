// SPDX-License-Identifier: GPL-2.0-only
/*
 * probe.c - what this kernel can do, asked of the kernel itself.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "kern/internal.h"
#include "util/cleanup.h"

#define ATTACH_TCX_INGRESS 46 /* Linux 6.6 */
#define LOOPBACK_IFINDEX 1    /* in every network namespace */

/* A kernel without tcx refuses the attach type, before it looks at the interface. */
bool kern_has_tcx(void)
{
	const char *off = getenv("SGATE_NO_TCX");
	uint32_t flags, count = 0;

	if (off && *off)
		return false;
	return !bpf_prog_query(LOOPBACK_IFINDEX, ATTACH_TCX_INGRESS, 0, &flags, NULL, &count);
}

static bool has_jit(void)
{
	AUTO_CLOSE int fd = open("/proc/sys/net/core/bpf_jit_enable", O_RDONLY | O_CLOEXEC);
	char digit = '0';

	/* Kernels that always compile do not show the setting to everybody. */
	if (fd < 0 || read(fd, &digit, 1) != 1)
		return true;
	return digit != '0';
}

void kern_features(struct kern_features *features_out)
{
	struct utsname name;

	*features_out = (struct kern_features){
		.tcx = kern_has_tcx(),
		.xdp_frags = libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, BPF_FUNC_xdp_load_bytes,
						     NULL) == 1,
		.jit = has_jit(),
	};
	if (!uname(&name))
		memcpy(features_out->release, name.release, sizeof(features_out->release));
}
