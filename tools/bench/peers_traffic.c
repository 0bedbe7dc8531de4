// SPDX-License-Identifier: GPL-2.0-only
/*
 * peers_traffic.c - make packets on one end of a veth, count what arrives there.
 *
 *   peers_traffic DEV MAC DIR     MAC: whom frames are for; DIR: what peers_programs has pinned
 *
 * Runs in the network namespace of DEV and reads orders, a line each, from
 * standard input; every answer is one line.
 *
 *   load FILE                         flows, a line each: PROTOCOL SOURCE PORT DESTINATION PORT
 *   send COUNT START forward|back syn|answer|data
 *                                     -> nanoseconds of CPU time, of the clock
 *   make COUNT                        the same without sending: made and thrown away
 *   count                             -> packets that all such DEV have received
 *
 * Frames are made by an XDP program that runs with live frames, leave by DEV and
 * are in the driver of the other end when the batch ends: all that receives
 * them does so in this thread, or in this CPU's ksoftirqd. The CPU time is that
 * of both, so that what other processes take does not count.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "peers_flows.h"
#include "util/array.h"

#define BATCH 64 /* a veth's queue holds 256 */

struct traffic {
	int send, make, counted; /* what is pinned */
	unsigned int ifindex;
	struct flows flows;
	struct flow_table *table; /* that of the programs */
	char softirq_path[64];
};

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "peers_traffic: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* --- CPU time --- */

/* Find the kernel's thread for softirqs of the CPU that we are on. */
static void find_softirqd(char path_out[64])
{
	char wanted[32], name[32], path[300];
	struct dirent *entry;
	DIR *proc = opendir("/proc");

	if (!proc)
		fail("/proc");
	snprintf(wanted, sizeof(wanted), "ksoftirqd/%d\n", sched_getcpu());
	path_out[0] = 0;
	while (!path_out[0] && (entry = readdir(proc))) {
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		file = fopen(path, "re");
		if (file && fgets(name, sizeof(name), file) && strcmp(name, wanted) == 0)
			snprintf(path_out, 64, "/proc/%.20s/schedstat", entry->d_name);
		if (file)
			fclose(file);
	}
	closedir(proc);
}

static uint64_t cpu_time(const struct traffic *traffic)
{
	unsigned long long softirqd = 0;
	FILE *file = traffic->softirq_path[0] ? fopen(traffic->softirq_path, "re") : NULL;

	if (file) {
		if (fscanf(file, "%llu", &softirqd) != 1)
			softirqd = 0;
		fclose(file);
	}
	return read_clock(CLOCK_THREAD_CPUTIME_ID) + softirqd;
}

/* --- orders --- */

/* Run a program `count` times with live frames; tells what it took. */
static void run_live(struct traffic *traffic, int program, uint32_t count)
{
	struct xdp_md context = {
		.data_end = sizeof(traffic->flows.frame),
		.ingress_ifindex = traffic->ifindex,
	};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = &traffic->flows.frame,
		    .data_size_in = sizeof(traffic->flows.frame), .ctx_in = &context,
		    .ctx_size_in = sizeof(context), .repeat = (int)count, .batch_size = BATCH,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES);
	uint64_t cpu = cpu_time(traffic), clock = read_clock(CLOCK_MONOTONIC);

	if (bpf_prog_test_run_opts(program, &options))
		fail("cannot run a program with live frames (Linux 5.18 or later can)");
	clock = read_clock(CLOCK_MONOTONIC) - clock;
	/* A thread of the kernel that has more to do gets the CPU first. */
	sched_yield();
	printf("%llu %llu\n", (unsigned long long)(cpu_time(traffic) - cpu),
	       (unsigned long long)clock);
}

static void send_flows(struct traffic *traffic, uint32_t count, uint32_t start, bool is_back,
		       const char *kind)
{
	struct flow_table *table = traffic->table;

	flows_fill(&traffic->flows, is_back, kind, table->header);
	memcpy(table->mac_addresses, &traffic->flows.frame, sizeof(table->mac_addresses));
	table->count = traffic->flows.count;
	table->next = start % traffic->flows.count;
	run_live(traffic, traffic->send, count);
}

static void print_count(const struct traffic *traffic)
{
	uint64_t counts[256] = {0}, sum = 0;
	uint32_t zero = 0;

	if (libbpf_num_possible_cpus() > (int)ARRAY_SIZE(counts) ||
	    bpf_map_lookup_elem(traffic->counted, &zero, counts))
		fail("cannot read the counter");
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		sum += counts[i];
	printf("%llu\n", (unsigned long long)sum);
}

static void obey(struct traffic *traffic, const char *order)
{
	char path[256], way[16], kind[16];
	uint32_t count, start;

	if (sscanf(order, "load %255s", path) == 1) {
		if (flows_load(&traffic->flows, path))
			fail(path);
		printf("%u\n", traffic->flows.count);
	} else if (sscanf(order, "send %u %u %15s %15s", &count, &start, way, kind) == 4 &&
		   traffic->flows.count) {
		send_flows(traffic, count, start, strcmp(way, "back") == 0, kind);
	} else if (sscanf(order, "make %u", &count) == 1) {
		run_live(traffic, traffic->make, count);
	} else if (strcmp(order, "count\n") == 0) {
		print_count(traffic);
	} else {
		errno = EINVAL;
		fail(order);
	}
	fflush(stdout);
}

static int pinned_get(const char *directory, const char *name)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = bpf_obj_get(path);
	if (fd < 0)
		fail(path);
	return fd;
}

/* Until this process ends. */
static void start_counting(const struct traffic *traffic, const char *directory)
{
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = XDP_FLAGS_DRV_MODE);

	if (bpf_link_create(pinned_get(directory, "count"), (int)traffic->ifindex, BPF_XDP,
			    &options) < 0)
		fail("cannot attach");
}

static struct flow_table *table_map(const char *directory)
{
	struct flow_table *table = mmap(NULL, sizeof(*table), PROT_READ | PROT_WRITE, MAP_SHARED,
					pinned_get(directory, "flows"), 0);

	if (table == MAP_FAILED)
		fail("cannot map the flows");
	return table;
}

int main(int argc, char **argv)
{
	static const uint8_t source[6] = {2, 0, 0, 0, 0, 0xfe};
	static struct traffic traffic;
	const struct ether_addr *destination;
	char order[300];

	if (argc != 4) {
		fputs("usage: peers_traffic DEV MAC DIR\n", stderr);
		return 2;
	}
	traffic.ifindex = if_nametoindex(argv[1]);
	if (!traffic.ifindex)
		fail(argv[1]);
	destination = ether_aton(argv[2]);
	if (!destination)
		fail(argv[2]);
	frame_init(&traffic.flows.frame, source, destination->ether_addr_octet);
	traffic.send = pinned_get(argv[3], "send");
	traffic.make = pinned_get(argv[3], "make");
	traffic.counted = pinned_get(argv[3], "counted");
	traffic.table = table_map(argv[3]);
	find_softirqd(traffic.softirq_path);
	start_counting(&traffic, argv[3]);
	while (fgets(order, sizeof(order), stdin))
		obey(&traffic, order);
	return 0;
}
