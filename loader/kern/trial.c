// SPDX-License-Identifier: GPL-2.0-only
/*
 * trial.c - BPF_PROG_TEST_RUN, timed.
 *
 * The kernel tells whole nanoseconds a run, which is too coarse, and leaves out
 * the time in which it let others run, which is right. So the clock around the
 * call decides within what the kernel told, where it agrees with that at all:
 * before it runs an XDP program, the kernel patches itself for longer than the
 * runs take.
 */
#include "kern/trial.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <ftw.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.skel.h"
#include "kern/internal.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/monotonic.h"

#define TRIAL_BPFFS "/sys/fs/bpf"

struct trial {
	struct kern *kern;
	struct sg_bench *skeleton;
	struct trial_ring ring;
	int cpus;
	int programs[TRIAL_COUNT]; /* borrowed */
	int drivers[TRIAL_COUNT];
};

struct trial_text {
	const char *driver;
	const char *program; /* NULL: kern's */
	enum kern_program which;
	bool is_xdp;
};

static const struct trial_text texts[TRIAL_COUNT] = {
	[TRIAL_TC_EMPTY] = {"drive_tc_empty", "sg_tc_empty", 0, false},
	[TRIAL_TC_REFERENCE4] = {"drive_tc_known4", "sg_tc_known4", 0, false},
	[TRIAL_TC_REFERENCE6] = {"drive_tc_known6", "sg_tc_known6", 0, false},
	[TRIAL_TC_SOURCE4] = {"drive_tc_source4", "sg_tc_source4", 0, false},
	[TRIAL_TC_RX] = {"drive_tc_rx", NULL, PROGRAM_TC_RX, false},
	[TRIAL_TC_TX] = {"drive_tc_tx", NULL, PROGRAM_TC_TX, false},
	[TRIAL_TC_INSTANCE] = {"drive_tc_inst", "sg_bench_inst", 0, false},
	[TRIAL_XDP_EMPTY] = {"drive_xdp_empty", "sg_xdp_empty", 0, true},
	[TRIAL_XDP_REFERENCE4] = {"drive_xdp_known4", "sg_xdp_known4", 0, true},
	[TRIAL_XDP_REFERENCE6] = {"drive_xdp_known6", "sg_xdp_known6", 0, true},
	[TRIAL_XDP_RX] = {"drive_xdp_rx", NULL, PROGRAM_XDP_RX, true},
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

/* What a driver calls must be loaded with the same flags as the driver. */
static void set_flags(struct sg_bench *skeleton)
{
	static const char *const others[] = {"sg_tc_rx", "sg_tc_tx", "sg_clock"};
	struct kern_features features;
	struct bpf_program *program;

	kern_features(&features);
	bpf_object__for_each_program(program, skeleton->obj)
	{
		const char *name = bpf_program__name(program);

		for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
			if (!strcmp(name, others[i]))
				bpf_program__set_autoload(program, false);
		}
		if (features.xdp_frags && bpf_program__type(program) == BPF_PROG_TYPE_XDP)
			bpf_program__set_flags(program, BPF_F_XDP_HAS_FRAGS);
	}
}

static int program_fd(const struct trial *trial, const char *name)
{
	return bpf_program__fd(bpf_object__find_program_by_name(trial->skeleton->obj, name));
}

/* Let the driver of a program call it. */
static int connect_driver(struct trial *trial, enum trial_program which, struct error *err)
{
	const struct trial_text *text = &texts[which];
	char map[32];
	uint32_t zero = 0;
	int r = text->program ? 0 : program_need(trial->kern, text->which, err);
	int fd;

	if (r)
		return r;
	snprintf(map, sizeof(map), "%s_to", text->driver);
	fd = bpf_object__find_map_fd_by_name(trial->skeleton->obj, map);
	trial->drivers[which] = program_fd(trial, text->driver);
	trial->programs[which] = text->program ? program_fd(trial, text->program)
					       : trial->kern->programs[text->which];
	if (bpf_map_update_elem(fd, &zero, &trial->programs[which], BPF_ANY))
		return kern_error(err, errno, "cannot drive program \"%s\"", text->driver);
	return 0;
}

/* SG_BENCH_PACKETS elements of `size` bytes each, as a map's memory has them. */
static size_t ring_bytes(size_t size)
{
	return SG_BENCH_PACKETS * size;
}

static void *ring_map(const struct bpf_map *map, size_t size)
{
	void *memory = mmap(NULL, ring_bytes(size), PROT_READ | PROT_WRITE, MAP_SHARED,
			    bpf_map__fd(map), 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static void ring_unmap(void *memory, size_t size)
{
	if (memory)
		munmap(memory, ring_bytes(size));
}

static int map_ring(struct trial *trial, struct error *err)
{
	struct trial_ring *ring = &trial->ring;

	ring->ipv4 = ring_map(trial->skeleton->maps.sg_bench_ring4, sizeof(*ring->ipv4));
	ring->ipv6 = ring_map(trial->skeleton->maps.sg_bench_ring6, sizeof(*ring->ipv6));
	if (!ring->ipv4 || !ring->ipv6)
		return kern_error(err, errno, "cannot map the ring of packets");
	return 0;
}

static int load(struct trial *trial, struct error *err)
{
	int r;

	trial->skeleton = sg_bench__open();
	if (!trial->skeleton)
		return kern_error(err, errno, "cannot open the programs to compare with");
	trial->skeleton->rodata->sg_counter_layout = kern_counter_layout(trial->kern);
	trial->skeleton->rodata->sg_bucket_mask = kern_bucket_count(trial->kern) - 1;
	set_flags(trial->skeleton);
	r = object_load(trial->kern, trial->skeleton->obj, err);
	for (int i = 0; !r && i < TRIAL_COUNT; i++)
		r = connect_driver(trial, i, err);
	return r ? r : map_ring(trial, err);
}

int trial_open(const struct connection_settings *settings, struct trial **trial_out,
	       struct error *err)
{
	struct trial *trial = calloc(1, sizeof(*trial));
	char dir[64];
	int r;

	if (!trial)
		return kern_error(err, ENOMEM, "cannot run the programs");
	trial->cpus = libbpf_num_possible_cpus();
	snprintf(dir, sizeof(dir), TRIAL_BPFFS "/sgate-bench-%d", getpid());
	r = kern_open(dir, KERN_WRITE, settings, &trial->kern, err);
	if (!r)
		r = load(trial, err);
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	if (r) {
		trial_close(trial);
		return r;
	}
	*trial_out = trial;
	return 0;
}

void trial_close(struct trial *trial)
{
	if (!trial)
		return;
	ring_unmap(trial->ring.ipv4, sizeof(*trial->ring.ipv4));
	ring_unmap(trial->ring.ipv6, sizeof(*trial->ring.ipv6));
	sg_bench__destroy(trial->skeleton);
	kern_close(trial->kern);
	free(trial);
}

struct kern *trial_kern(struct trial *trial)
{
	return trial->kern;
}

const struct trial_ring *trial_ring(const struct trial *trial)
{
	return &trial->ring;
}

const char *trial_compiler(const struct trial *trial)
{
	return (const char *)trial->skeleton->rodata->sg_compiler;
}

void trial_set_policy(struct trial *trial, uint64_t word)
{
	__atomic_store_n(&trial->kern->bindings[TRIAL_IFINDEX].policy, word, __ATOMIC_RELEASE);
}

int trial_know(struct trial *trial, uint32_t address, bool as_source, struct error *err)
{
	const struct bpf_map *map = as_source ? trial->skeleton->maps.sg_bench_sources
					      : trial->skeleton->maps.sg_bench_known;

	if (bpf_map_update_elem(bpf_map__fd(map), &address, &address, BPF_ANY))
		return kern_error(err, errno, "cannot make an address known");
	return 0;
}

static int run(int fd, bool is_xdp, const uint8_t *frame, uint32_t runs, struct trial_run *run_out,
	       struct error *err)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame,
		    .data_size_in = SG_BENCH_FRAME_BYTES, .repeat = (int)runs);
	uint64_t start = monotonic_ns();
	double each;

	if (bpf_prog_test_run_opts(fd, &options))
		return kern_error(err, errno, "cannot run a program");
	each = (double)(monotonic_ns() - start) / runs;
	if (each < options.duration || each > options.duration + 1.0)
		each = options.duration + 0.5;
	*run_out = (struct trial_run){
		.ns = each,
		.accepted = options.retval == (is_xdp ? XDP_PASS : (uint32_t)TC_ACT_UNSPEC),
	};
	return 0;
}

int trial_repeat(const struct trial *trial, enum trial_program program, const uint8_t *frame,
		 uint32_t runs, struct trial_run *run_out, struct error *err)
{
	return run(trial->programs[program], texts[program].is_xdp, frame, runs, run_out, err);
}

/* The state of a run that begins, for a frame of one family. */
static struct sg_bench_state state_for(const uint8_t *frame, bool is_sent,
				       const struct trial_packets *packets)
{
	struct sg_bench_state state = {
		.first = packets->first,
		.end = packets->first + packets->count,
		.next = packets->first,
		.ifindex = packets->instances ? packets->ifindex : TRIAL_IFINDEX,
		.instances = packets->instances,
		.is_ipv6 = frame[offsetof(struct ethhdr, h_proto)] == ETH_P_IPV6 >> 8,
		.is_sent = is_sent,
	};

	if (state.is_ipv6) {
		state.address = ETH_HLEN + (is_sent ? offsetof(struct ipv6hdr, daddr)
						    : offsetof(struct ipv6hdr, saddr));
		state.ports = ETH_HLEN + sizeof(struct ipv6hdr);
	} else {
		state.address = ETH_HLEN + (is_sent ? offsetof(struct iphdr, daddr)
						    : offsetof(struct iphdr, saddr));
		state.ports = ETH_HLEN + sizeof(struct iphdr);
	}
	return state;
}

int trial_drive(const struct trial *trial, enum trial_program program, const uint8_t *frame,
		const struct trial_packets *packets, uint32_t runs, struct trial_run *run_out,
		struct error *err)
{
	AUTO_FREE struct sg_bench_state *states = calloc(trial->cpus, sizeof(*states));
	uint32_t zero = 0;

	if (!states)
		return kern_error(err, ENOMEM, "cannot run a program");
	for (int cpu = 0; cpu < trial->cpus; cpu++)
		states[cpu] = state_for(frame, program == TRIAL_TC_TX, packets);
	if (bpf_map_update_elem(bpf_map__fd(trial->skeleton->maps.sg_bench_state), &zero, states,
				BPF_ANY))
		return kern_error(err, errno, "cannot choose the packets");
	return run(trial->drivers[program], texts[program].is_xdp, frame, runs, run_out, err);
}
