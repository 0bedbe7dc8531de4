// SPDX-License-Identifier: GPL-2.0-only
/*
 * harness.c - load the programs in a private bpffs directory and run frames.
 *
 * The directory is removed as soon as everything in it is open, so nothing is
 * left behind however a test ends.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <ftw.h>
#include <linux/magic.h>
#include <linux/pkt_cls.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "bpf/harness.h"
#include "kern/internal.h"

#define BPFFS "/sys/fs/bpf"
#define LOOPBACK 1
#define SLOT 7
/* A page less what the kernel wants before and behind a packet. */
#define MAX_TC_LENGTH 3520

static const char *const names[PROGRAMS] = {"sg_tc_rx", "sg_tc_tx", "sg_xdp_rx"};

/* One test program has one. */
static struct harness the_harness;

static const char *cannot_run(void)
{
	struct statfs fs;

	if (geteuid() != 0)
		return "not root";
	if (statfs(BPFFS, &fs) || fs.f_type != BPF_FS_MAGIC)
		return "no bpffs at " BPFFS;
	return NULL;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

static int open_pins(struct harness *harness, const char *dir)
{
	struct error err;
	char path[128];

	if (program_need(harness->kern, PROGRAM_XDP_RX, &err)) {
		fprintf(stderr, "%s\n", err.message);
		return -1;
	}
	snprintf(path, sizeof(path), "%s/maps/sg_fragments", dir);
	harness->fragments = bpf_obj_get(path);
	if (harness->fragments < 0) {
		fprintf(stderr, "cannot open %s: %s\n", path, strerror(errno));
		return -1;
	}

	for (int i = 0; i < PROGRAMS; i++) {
		snprintf(path, sizeof(path), "%s/progs/%s", dir, names[i]);
		harness->programs[i] = bpf_obj_get(path);
		if (harness->programs[i] < 0) {
			fprintf(stderr, "cannot open %s: %s\n", path, strerror(errno));
			return -1;
		}
	}
	return 0;
}

/* From now on the clock is what is added to it; the rest changes every few weeks. */
static int stop_clock(struct harness *harness, const char *dir)
{
	char path[128], frame[64] = {0};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = sizeof(frame));
	int clock, r;

	snprintf(path, sizeof(path), "%s/progs/sg_clock", dir);
	clock = bpf_obj_get(path);
	if (clock < 0)
		return -1;
	harness->kern->settings->clock_shift = 31;
	r = bpf_prog_test_run_opts(clock, &options);
	close(clock);
	harness->clock_base = options.retval - harness->kern->settings->clock_offset;
	return r;
}

int harness_open_with(void **state, const struct connection_settings *settings)
{
	char dir[64];
	struct error err;
	int r;

	memset(the_harness.programs, -1, sizeof(the_harness.programs));
	the_harness.fragments = -1;
	the_harness.ifindex = LOOPBACK;
	the_harness.own_slot = SLOT;
	the_harness.share = settings->share;
	*state = &the_harness;
	if (cannot_run())
		return 0;
	snprintf(dir, sizeof(dir), BPFFS "/sgate-test-%d", getpid());
	r = kern_open(dir, KERN_WRITE, settings, &the_harness.kern, &err);
	if (r)
		fprintf(stderr, "%s\n", err.message);
	else
		r = open_pins(&the_harness, dir);
	if (!r)
		r = stop_clock(&the_harness, dir);
	/* tests look into the table themselves */
	if (!r)
		r = buckets_reach(the_harness.kern);
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return r;
}

int harness_open(void **state)
{
	struct connection_settings settings;

	connection_settings_default(&settings);
	return harness_open_with(state, &settings);
}

int harness_close(void **state)
{
	struct harness *harness = *state;

	for (int i = 0; i < PROGRAMS; i++) {
		if (harness->programs[i] >= 0)
			close(harness->programs[i]);
	}
	if (harness->fragments >= 0)
		close(harness->fragments);
	kern_close(harness->kern);
	return 0;
}

struct harness *harness_of(void **state)
{
	const char *why = cannot_run();

	if (why) {
		print_message("skipped: %s\n", why);
		skip();
	}
	return *state;
}

void harness_name(struct harness *harness, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(harness->name, sizeof(harness->name), format, args);
	va_end(args);
}

static void read_counters(struct harness *harness, struct sg_counters *counters_out)
{
	struct error err;

	if (counters_read(harness->kern, harness->slot, counters_out, &err))
		fail_msg("%s", err.message);
}

void harness_catch_up(struct harness *harness)
{
	read_counters(harness, &harness->seen);
}

struct harness harness_second(const struct harness *harness, uint32_t ifindex, uint32_t slot)
{
	struct harness second = *harness;

	second.ifindex = ifindex;
	second.own_slot = slot;
	second.slot = 0;
	second.options = 0;
	second.guard = 0;
	return second;
}

void harness_bind_raw(struct harness *harness, const struct binding *binding)
{
	struct error err;

	if (binding_set(harness->kern, harness->ifindex, binding, &err))
		fail_msg("%s", err.message);
	harness->slot = SG_OWNER_SLOT(binding->owner);
	harness->options = binding->options;
	harness_catch_up(harness);
}

void harness_bind_image(struct harness *harness, const struct image *image, uint32_t options)
{
	struct binding binding = {
		.owner = share_owner(harness->kern, harness->own_slot),
		.options = options,
		.guard = harness->guard,
		.share = harness->share,
	};
	uint64_t word;
	struct error err;

	if (heap_begin(harness->kern, &err) || heap_publish(harness->kern, image, &word, &err))
		fail_msg("%s", err.message);
	binding.policy = word;
	harness_bind_raw(harness, &binding);
}

void harness_bind(struct harness *harness, const struct policy *policy, uint32_t options)
{
	struct image image;
	struct error err;

	if (compile(policy, SG_HEAP_NODES, &image, &err))
		fail_msg("%s", err.message);
	harness_bind_image(harness, &image, options);
	image_fini(&image);
}

void harness_bind_rows(struct harness *harness, const struct rule_row *rows, size_t count,
		       uint32_t options)
{
	struct table table;

	table_fill(&table, rows, count);
	harness_bind(harness, &table.policy, options);
}

void harness_unbind(struct harness *harness)
{
	struct error err;

	if (binding_clear(harness->kern, harness->ifindex, &err))
		fail_msg("%s", err.message);
	harness->slot = 0;
	harness->options = 0;
	harness_catch_up(harness);
}

void harness_guard(struct harness *harness, const struct image *image)
{
	struct binding binding;
	struct error err;

	harness->guard = 0;
	if (image && (heap_begin(harness->kern, &err) ||
		      heap_publish_guard(harness->kern, image, &harness->guard, &err)))
		fail_msg("%s", err.message);
	if (!binding_get(harness->kern, harness->ifindex, &binding))
		return;
	binding.guard = harness->guard;
	harness_bind_raw(harness, &binding);
}

void harness_pass_units(struct harness *harness, uint32_t units)
{
	harness->kern->settings->clock_offset += units;
}

void harness_pass(struct harness *harness, uint32_t seconds)
{
	harness_pass_units(harness, seconds * harness->kern->settings->second);
}

uint32_t harness_now(const struct harness *harness)
{
	return harness->kern->settings->clock_offset + harness->clock_base;
}

void harness_flush(struct harness *harness)
{
	struct error err;

	if (connections_flush(harness->kern, harness->own_slot, harness->ifindex, &err))
		fail_msg("%s", err.message);
}

enum sg_direction harness_direction(const struct harness *harness, enum program program)
{
	bool guest = harness->options & SG_OPTION_GUEST;

	/* Nobody knows whose packets those of an unbound interface are. */
	if (!harness->slot)
		return SG_INGRESS;
	if (program == TC_TX)
		return guest ? SG_INGRESS : SG_EGRESS;
	return guest ? SG_EGRESS : SG_INGRESS;
}

bool harness_takes(enum program program, const struct frame *frame)
{
	uint32_t length = frame->length;
	uint16_t type = (uint16_t)(frame->bytes[12] << 8 | frame->bytes[13]);

	if (program == XDP_RX)
		return length >= 14;
	/* The kernel wants to read the addresses of what says it is IP (Linux 6.18). */
	if (type == 0x0800)
		return length >= 14 + 20 && length <= MAX_TC_LENGTH;
	if (type == 0x86dd)
		return length >= 14 + 40 && length <= MAX_TC_LENGTH;
	/* A link header alone is refused as well (Linux 6.1). */
	return length > 14 && length <= MAX_TC_LENGTH;
}

static enum sg_verdict run(const struct harness *harness, enum program program,
			   const struct frame *frame, const struct gso *gso)
{
	struct __sk_buff skb = {
		.ifindex = harness->ifindex,
		.gso_segs = gso->segments,
		.gso_size = gso->segment_size,
	};
	struct xdp_md xdp = {.ingress_ifindex = harness->ifindex, .data_end = frame->length};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame->bytes,
		    .data_size_in = frame->length, .repeat = 1);

	/* Without it: one frame of loopback. */
	if (gso->segment_size || harness->ifindex != LOOPBACK) {
		options.ctx_in = program == XDP_RX ? (void *)&xdp : &skb;
		options.ctx_size_in = program == XDP_RX ? sizeof(xdp) : sizeof(skb);
	}
	if (bpf_prog_test_run_opts(harness->programs[program], &options))
		fail_msg("%s: %s of %u bytes: %s", harness->name, names[program], frame->length,
			 strerror(errno));
	if (options.retval == (program == XDP_RX ? XDP_PASS : (uint32_t)TC_ACT_UNSPEC))
		return SG_ACCEPT;
	if (options.retval != (program == XDP_RX ? XDP_DROP : TC_ACT_SHOT))
		fail_msg("%s: %s returned %d", harness->name, names[program], (int)options.retval);
	return SG_DROP;
}

/* The reason whose counter differs from what was seen before. */
static enum sg_reason counted(struct harness *harness, enum program program, uint64_t packets,
			      uint64_t bytes)
{
	enum sg_direction direction = harness_direction(harness, program);
	enum sg_reason reason = SG_REASON_COUNT;
	struct sg_counters now;

	read_counters(harness, &now);
	for (int i = 0; i < 2 * SG_MAX_REASONS; i++) {
		int way = i / SG_MAX_REASONS, which = i % SG_MAX_REASONS;
		uint64_t more_packets =
			now.by[way][which].packets - harness->seen.by[way][which].packets;
		uint64_t more_bytes = now.by[way][which].bytes - harness->seen.by[way][which].bytes;

		if (!more_packets && !more_bytes)
			continue;
		if (reason != SG_REASON_COUNT || way != (int)direction || more_packets != packets ||
		    more_bytes != bytes)
			fail_msg("%s: %s counted %llu packets, %llu bytes as %s %s", harness->name,
				 names[program], (unsigned long long)more_packets,
				 (unsigned long long)more_bytes,
				 way == SG_INGRESS ? "ingress" : "egress", reason_label(which));
		reason = which;
	}
	if (reason == SG_REASON_COUNT)
		fail_msg("%s: %s counted nothing", harness->name, names[program]);
	harness->seen = now;
	return reason;
}

enum sg_reason harness_run_gso(struct harness *harness, enum program program,
			       const struct frame *frame, const struct gso *gso, uint64_t packets,
			       uint64_t bytes)
{
	enum sg_verdict verdict = run(harness, program, frame, gso);
	enum sg_reason reason = counted(harness, program, packets, bytes);

	if (verdict != reason_verdict(reason))
		fail_msg("%s: %s %s a packet counted as %s", harness->name, names[program],
			 verdict == SG_ACCEPT ? "passed" : "dropped", reason_label(reason));
	return reason;
}

enum sg_reason harness_run(struct harness *harness, enum program program, const struct frame *frame)
{
	return harness_run_gso(harness, program, frame, &(struct gso){0}, 1, frame->length);
}

enum sg_verdict harness_verdict(const struct harness *harness, enum program program,
				const struct frame *frame)
{
	return run(harness, program, frame, &(struct gso){0});
}
