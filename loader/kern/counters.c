// SPDX-License-Identifier: GPL-2.0-only
/*
 * counters.c - packets and bytes of a slot, and what the reasons are called.
 *
 * Counters are read and cleared as memory. Those of a slot are in as many
 * places as there are CPUs and reasons, so that is all of the memory or none.
 */
#include <bpf/libbpf.h>
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "kern/internal.h"
#include "util/cleanup.h"
#include "util/file.h"
#include "util/number.h"

/* That no two CPUs write to one cache line, nor to one page where those are of 4 KiB. */
#define PART_BYTES 4096
#define MAX_CPUS_TEXT 65536

struct sg_counter_layout kern_counter_layout(const struct kern *kern)
{
	const uint32_t step = PART_BYTES / sizeof(struct sg_counter);
	uint32_t slots = kern_slot_count(kern);

	return (struct sg_counter_layout){
		.slots = slots,
		.part = (SG_COUNTER_ROWS * slots + step - 1) / step * step,
	};
}

/* More than any CPU's number; those need not be without gaps. */
static uint32_t cpu_end(void)
{
	AUTO_FREE char *text = NULL;
	struct error ignored;
	size_t length, start;
	uint64_t last = 0;

	/* as in "0-3,8-11" */
	if (file_read("/sys/devices/system/cpu/possible", MAX_CPUS_TEXT, &text, &length, &ignored))
		return libbpf_num_possible_cpus();
	length = strcspn(text, "\n");
	for (start = length; start && isdigit((unsigned char)text[start - 1]); start--)
		;
	if (number_parse_part(text + start, length - start, 0, UINT32_MAX - 1, &last))
		return libbpf_num_possible_cpus();
	return last + 1;
}

uint32_t kern_counter_count(const struct kern *kern)
{
	uint64_t count = (uint64_t)kern_counter_layout(kern).part * cpu_end();

	return count < UINT32_MAX ? count : UINT32_MAX;
}

static int reach(const struct kern *kern, uint32_t slot, struct error *err)
{
	int r;

	if (slot >= kern->counter_layout.slots)
		return kern_error(err, ENOENT, "cannot find the counters of slot %u", slot);
	r = memory_reach(kern, MAP_COUNTERS, kern->counter_count * sizeof(*kern->counters));
	return r ? kern_error(err, -r, "cannot map the counters") : 0;
}

int counters_read(const struct kern *kern, uint32_t slot, struct sg_counters *counters_out,
		  struct error *err)
{
	const struct sg_counter_layout *layout = &kern->counter_layout;
	uint32_t cpus = kern->counter_count / layout->part;
	struct sg_counters sum = {};
	int r = reach(kern, slot, err);

	if (r)
		return r;
	for (uint32_t cpu = 0; cpu < cpus; cpu++) {
		for (uint32_t row = 0; row < SG_COUNTER_ROWS; row++) {
			const struct sg_counter *one =
				&kern->counters[SG_COUNTER_INDEX(*layout, cpu, row, slot)];
			struct sg_counter *total =
				&sum.by[row / SG_MAX_REASONS][row % SG_MAX_REASONS];

			total->packets += __atomic_load_n(&one->packets, __ATOMIC_RELAXED);
			total->bytes += __atomic_load_n(&one->bytes, __ATOMIC_RELAXED);
		}
	}
	*counters_out = sum;
	return 0;
}

int counters_reset(struct kern *kern, uint32_t slot, struct error *err)
{
	const struct sg_counter_layout *layout = &kern->counter_layout;
	uint32_t cpus = kern->counter_count / layout->part;
	int r = reach(kern, slot, err);

	if (r)
		return r;
	for (uint32_t cpu = 0; cpu < cpus; cpu++) {
		for (uint32_t row = 0; row < SG_COUNTER_ROWS; row++)
			kern->counters[SG_COUNTER_INDEX(*layout, cpu, row, slot)] =
				(struct sg_counter){};
	}
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
