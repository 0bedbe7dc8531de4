// SPDX-License-Identifier: GPL-2.0-only
/*
 * grace.c - wait until every packet that was being judged has been judged.
 *
 * Programs run inside an RCU read-side section. membarrier waits for one grace
 * period of all CPUs; kernels with nohz_full refuse it, and there an update of
 * a map of maps does the same, since the kernel waits for readers of the map
 * that was replaced (Linux 4.18).
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kern/internal.h"
#include "util/cleanup.h"

static int wait_by_map(void)
{
	uint32_t key = 0;
	AUTO_CLOSE int inner = bpf_map_create(BPF_MAP_TYPE_ARRAY, "sg_grace_in", 4, 4, 1, NULL);
	LIBBPF_OPTS(bpf_map_create_opts, options, .inner_map_fd = inner);
	AUTO_CLOSE int outer = -1;

	if (inner < 0)
		return -errno;
	outer = bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "sg_grace", 4, 4, 1, &options);
	if (outer < 0)
		return -errno;
	return bpf_map_update_elem(outer, &key, &inner, BPF_ANY) ? -errno : 0;
}

int grace_period_wait(struct error *err)
{
	int r;

	if (!syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		return 0;
	r = wait_by_map();
	return r ? kern_error(err, -r, "cannot wait for a grace period") : 0;
}
