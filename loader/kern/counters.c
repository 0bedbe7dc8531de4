// SPDX-License-Identifier: GPL-2.0-only
/*
 * counters.c - packets and bytes of a slot, and what the reasons are called.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>

#include "kern/internal.h"
#include "util/cleanup.h"

int counters_read(const struct kern *kern, uint32_t slot, struct sg_counters *counters_out,
		  struct error *err)
{
	int cpus = libbpf_num_possible_cpus();
	AUTO_FREE struct sg_counters *each = NULL;
	struct sg_counters sum = {};

	if (cpus < 0)
		return kern_error(err, -cpus, "cannot count the CPUs");
	each = calloc(cpus, sizeof(*each));
	if (!each)
		return kern_error(err, ENOMEM, "cannot read counters");
	if (bpf_map_lookup_elem(kern->maps[MAP_COUNTERS], &slot, each))
		return kern_error(err, errno, "cannot read the counters of slot %u", slot);
	for (int cpu = 0; cpu < cpus; cpu++) {
		for (int i = 0; i < 2 * SG_MAX_REASONS; i++) {
			const struct sg_counter *one =
				&each[cpu].by[i / SG_MAX_REASONS][i % SG_MAX_REASONS];
			struct sg_counter *total = &sum.by[i / SG_MAX_REASONS][i % SG_MAX_REASONS];

			total->packets += one->packets;
			total->bytes += one->bytes;
		}
	}
	*counters_out = sum;
	return 0;
}

int counters_reset(struct kern *kern, uint32_t slot, struct error *err)
{
	int cpus = libbpf_num_possible_cpus();
	AUTO_FREE struct sg_counters *zeroes = cpus > 0 ? calloc(cpus, sizeof(*zeroes)) : NULL;

	if (!zeroes)
		return kern_error(err, ENOMEM, "cannot reset counters");
	if (bpf_map_update_elem(kern->maps[MAP_COUNTERS], &slot, zeroes, BPF_ANY))
		return kern_error(err, errno, "cannot reset the counters of slot %u", slot);
	return 0;
}

const char *reason_label(enum sg_reason reason)
{
	static const char *const labels[] = {
#define X(name, verdict, label, text) [SG_REASON_##name] = label,
		SG_REASONS(X)
#undef X
	};

	return reason < SG_REASON_COUNT ? labels[reason] : "unknown";
}

const char *reason_text(enum sg_reason reason)
{
	static const char *const texts[] = {
#define X(name, verdict, label, text) [SG_REASON_##name] = text,
		SG_REASONS(X)
#undef X
	};

	return reason < SG_REASON_COUNT ? texts[reason] : "a reason of a newer program";
}

enum sg_verdict reason_verdict(enum sg_reason reason)
{
	return reason < SG_REASON_COUNT && SG_REASON_ACCEPTS(reason) ? SG_ACCEPT : SG_DROP;
}
