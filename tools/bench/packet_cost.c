// SPDX-License-Identifier: GPL-2.0-only
/*
 * packet_cost.c - what a packet costs in the loaded programs, beyond an empty
 * program of the same hook, and what a policy costs to make.
 *
 * Runs one frame many times by BPF_PROG_TEST_RUN in a private bpffs directory,
 * in turns with the empty program, and takes the median of the rounds. The
 * rules are accepts for distinct networks; the frame matches the last of them.
 * Each case asserts the verdict before it is measured. Needs root.
 *
 * State is measured likewise. First packets cannot be repeated: they are run
 * once each, from many ports, in turns with single runs of the empty program.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <ftw.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kern/kern.h"
#include "util/array.h"

#define ROUNDS 15
#define FIRST_PACKETS 2000
#define REPEAT 200000
#define LOOPBACK 1
#define SLOT 1

static uint8_t frame[64] = {
	/* Ethernet */ 2,
	0,
	0,
	0,
	0,
	1,
	2,
	0,
	0,
	0,
	0,
	2,
	0x08,
	0x00,
	/* IPv4, 50 bytes, TCP */ 0x45,
	0,
	0,
	50,
	0,
	1,
	0,
	0,
	64,
	6,
	0,
	0,
	0,
	0,
	0,
	0,
	192,
	0,
	2,
	1,
	/* TCP, 40000 to 443, ACK */ 0x9c,
	0x40,
	0x01,
	0xbb,
	0,
	0,
	0,
	1,
	0,
	0,
	0,
	1,
	0x50,
	0x10};

static void die(const char *what)
{
	fprintf(stderr, "packet_cost: %s\n", what);
	exit(1);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int empty_program(enum bpf_prog_type type, int verdict)
{
	struct bpf_insn code[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = verdict},
		{.code = BPF_JMP | BPF_EXIT},
	};
	int fd = bpf_prog_load(type, "empty", "GPL", code, ARRAY_SIZE(code), NULL);

	if (fd < 0)
		die("cannot load the empty program: is this root?");
	return fd;
}

/* Nanoseconds a run. */
static double run(int program, int repeat, uint32_t *verdict_out)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = sizeof(frame),
		    .repeat = repeat);

	if (bpf_prog_test_run_opts(program, &options))
		die("cannot run the program");
	*verdict_out = options.retval;
	return options.duration;
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void measure(const char *name, int program, int empty, uint32_t expected, size_t rules,
		    const char *what)
{
	double net[ROUNDS];
	uint32_t verdict;

	run(program, 1, &verdict);
	if (verdict != expected)
		die(what);
	for (int i = 0; i < ROUNDS; i++) {
		double base = run(empty, REPEAT, &verdict);

		net[i] = run(program, REPEAT, &verdict) - base;
	}
	qsort(net, ROUNDS, sizeof(net[0]), compare_doubles);
	printf("%-4s %6zu rules: %5.0f ns over an empty program (%.0f to %.0f), %s\n", name, rules,
	       net[ROUNDS / 2], net[0], net[ROUNDS - 1], what);
}

static const uint8_t *port_bytes(uint16_t port)
{
	static uint8_t bytes[2];

	bytes[0] = port >> 8;
	bytes[1] = port & 255;
	return bytes;
}

/* Turn the frame round: the answer of the other side. */
static void reverse(void)
{
	uint8_t old[sizeof(frame)];

	memcpy(old, frame, sizeof(frame));
	memcpy(&frame[26], &old[30], 4);
	memcpy(&frame[30], &old[26], 4);
	memcpy(&frame[34], &old[36], 2);
	memcpy(&frame[36], &old[34], 2);
}

/* `count` accepts of tcp/443 from 10.x.y.z/32; then one that accepts all that is sent. */
static struct rule *make_rules(size_t count, bool open_egress)
{
	struct rule *rules = calloc(count, sizeof(*rules));

	if (!rules)
		die("out of memory");
	for (size_t i = 0; i < count; i++) {
		uint32_t address = 0x0a000000 + (uint32_t)i * 131;

		rules[i] = (struct rule){.id = (int64_t)i + 1,
					 .direction = SG_INGRESS,
					 .policy = RULE_ACCEPT,
					 .priority = 1,
					 .protocol = PROTOCOL_TCP};
		rules[i].ports.count = 1;
		rules[i].ports.ranges[0] = (struct port_range){443, 443};
		rules[i].remote.kind = REMOTE_PREFIX;
		rules[i].remote.prefix =
			(struct prefix){.family = SG_IPV4,
					.length = 32,
					.bytes = {address >> 24, address >> 16 & 255,
						  address >> 8 & 255, address & 255}};
	}
	rules[0].direction = SG_EGRESS;
	rules[0].remote.kind = REMOTE_ANY;
	if (open_egress) {
		rules[0].protocol = PROTOCOL_ALL;
		rules[0].ports.count = 0;
	}
	memcpy(&frame[26], rules[count - 1].remote.prefix.bytes, 4);
	return rules;
}

/* Without `open_egress` replies need a connection. */
static void bind(struct kern *kern, size_t count, bool open_egress)
{
	struct rule *rules = make_rules(count, open_egress);
	struct policy_rule *resolved = calloc(count, sizeof(*resolved));
	struct policy policy = {.rules = resolved, .count = count};
	struct sg_binding binding = {
		.owner = share_owner(kern, SLOT),
		.window = share_window(kern, SLOT),
		.share = FIRST_PACKETS * ROUNDS * 8,
	};
	struct image image;
	struct error err;
	uint64_t word;
	double start, compiled, published;

	for (size_t i = 0; resolved && i < count; i++) {
		resolved[i].rule = &rules[i];
		if (rules[i].remote.kind == REMOTE_PREFIX) {
			resolved[i].remotes = &rules[i].remote.prefix;
			resolved[i].remote_count = 1;
		}
	}
	start = seconds();
	if (!resolved || compile(&policy, SG_HEAP_NODES, &image, &err))
		die("cannot compile");
	compiled = seconds();
	if (heap_begin(kern, &err) || heap_publish(kern, &image, &word, &err))
		die(err.message);
	binding.policy = word;
	if (binding_set(kern, LOOPBACK, &binding, &err))
		die(err.message);
	published = seconds();
	if (open_egress)
		printf("     %6zu rules: image of %zu KiB, compiled in %.1f ms, published in %.1f "
		       "ms\n",
		       count, image.count * sizeof(union sg_node) / 1024, (compiled - start) * 1e3,
		       (published - compiled) * 1e3);
	image_fini(&image);
	free(resolved);
	free(rules);
}

/* Single runs, each from another port, as the kernel times them. */
static void measure_first(int program, int empty, size_t rules)
{
	double net[ROUNDS];
	uint32_t verdict;
	uint16_t port = 1;

	for (int i = 0; i < ROUNDS; i++) {
		double sum = 0, base = 0;

		for (int j = 0; j < FIRST_PACKETS; j++) {
			memcpy(&frame[34], port_bytes(port++), 2);
			base += run(empty, 1, &verdict);
			sum += run(program, 1, &verdict);
		}
		net[i] = (sum - base) / FIRST_PACKETS;
	}
	qsort(net, ROUNDS, sizeof(net[0]), compare_doubles);
	printf("TC   %6zu rules: %5.0f ns over an empty program (%.0f to %.0f), "
	       "first packet of a connection, run once\n",
	       rules, net[ROUNDS / 2], net[0], net[ROUNDS - 1]);
}

/* The ways of a packet through the connection table. */
static void measure_state(struct kern *kern, int rx, int tx, int empty, size_t rules)
{
	uint32_t pass = (uint32_t)TC_ACT_UNSPEC;
	uint32_t verdict;

	bind(kern, rules, false);
	memcpy(&frame[34], port_bytes(40000), 2);
	run(rx, 1, &verdict);
	measure("TC", rx, empty, pass, rules, "established, accepted side");
	reverse();
	measure("TC", tx, empty, pass, rules, "established, replies");
	memcpy(&frame[36], port_bytes(40001), 2);
	measure("TC", tx, empty, TC_ACT_SHOT, rules, "rejected, no connection");
	reverse();
	memcpy(&frame[34], port_bytes(40000), 2);
	frame[17] = 44;	  /* bytes, so that 24 are the fragment's */
	frame[20] = 0x20; /* more fragments */
	run(rx, 1, &verdict);
	frame[20] = 0x00;
	frame[21] = 0x04; /* 32 bytes into the packet: behind the first one's */
	measure("TC", rx, empty, pass, rules, "later fragment");
	frame[17] = 50;
	frame[21] = 0;
	measure_first(rx, empty, rules);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

static int open_program(const char *dir, const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/progs/%s", dir, name);
	fd = bpf_obj_get(path);
	if (fd < 0)
		die("cannot open a program");
	return fd;
}

int main(void)
{
	static const size_t sizes[] = {2, 20, 200, 2000, 20000};
	int empty_tc = empty_program(BPF_PROG_TYPE_SCHED_CLS, TC_ACT_UNSPEC);
	int empty_xdp = empty_program(BPF_PROG_TYPE_XDP, XDP_PASS);
	struct kern *kern;
	struct error err;
	char dir[64];
	struct connection_settings settings;
	int rx, tx, xdp;

	snprintf(dir, sizeof(dir), "/sys/fs/bpf/sgate-cost-%d", getpid());
	connection_settings_default(&settings);
	if (kern_open(dir, KERN_WRITE, &settings, &kern, &err))
		die(err.message);
	rx = open_program(dir, "sg_tc_rx");
	tx = open_program(dir, "sg_tc_tx");
	xdp = open_program(dir, "sg_xdp_rx");
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		bind(kern, sizes[i], true);
		measure("TC", rx, empty_tc, (uint32_t)TC_ACT_UNSPEC, sizes[i],
			"accepted without state");
		measure("XDP", xdp, empty_xdp, XDP_PASS, sizes[i], "accepted without state");
	}
	measure_state(kern, rx, tx, empty_tc, 2000);
	kern_close(kern);
	return 0;
}
