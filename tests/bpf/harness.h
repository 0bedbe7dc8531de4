/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * harness.h - the loaded programs, without an interface: frames go in by
 * BPF_PROG_TEST_RUN, verdict and reason come out.
 *
 * Such frames come from loopback unless told otherwise, so that is what is
 * bound. No program is attached to anything. Include it after cmocka.h.
 *
 * Time stands still for the connection table, unless a test lets it pass.
 */
#ifndef TESTS_BPF_HARNESS_H
#define TESTS_BPF_HARNESS_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/frame.h"
#include "kern/kern.h"
#include "unit/policy_table.h"

enum program {
	TC_RX,
	TC_TX,
	XDP_RX,
	PROGRAMS,
};

struct harness {
	struct kern *kern;
	int programs[PROGRAMS]; /* file descriptors */
	int fragments;		/* descriptor of the map */
	uint32_t clock_base;	/* what the table's clock shows beside the offset in its settings */
	uint32_t ifindex;	/* that frames come from; loopback at first */
	uint32_t slot;		/* of the binding; 0: none */
	uint32_t options;
	/* What the next binding is made with. */
	uint32_t own_slot;
	uint32_t share;
	uint32_t guard;
	struct sg_counters seen; /* of the slot, after the last run */
	char name[160];		 /* of what is tried */
};

/* How a frame is run, beside its bytes. All zeroes: as one frame. */
struct gso {
	uint32_t segments;
	uint32_t segment_size;
};

/* Group fixtures. Where the tests cannot run, harness_of() skips each of them and says why. */
int harness_open(void **state);
int harness_open_with(void **state, const struct connection_settings *settings);
int harness_close(void **state);
struct harness *harness_of(void **state);

/* What a failure says it was about. */
__attribute__((format(printf, 2, 3))) void harness_name(struct harness *harness, const char *format,
							...);

/* The same programs and maps, for an instance of its own slot at another interface. */
struct harness harness_second(const struct harness *harness, uint32_t ifindex, uint32_t slot);

/* What is bound to the interface from now on. Options are SG_OPTION_*. */
void harness_bind(struct harness *harness, const struct policy *policy, uint32_t options);
void harness_bind_image(struct harness *harness, const struct image *image, uint32_t options);
void harness_bind_raw(struct harness *harness, const struct binding *binding);
void harness_unbind(struct harness *harness);
void harness_bind_rows(struct harness *harness, const struct rule_row *rows, size_t count,
		       uint32_t options);
#define BIND(harness, rows, options) harness_bind_rows(harness, rows, ARRAY_SIZE(rows), options)

/* From now on only these may be sent from; NULL: anything. */
void harness_guard(struct harness *harness, const struct image *image);

/* Seconds of the table's clock; less than one in its units. */
void harness_pass(struct harness *harness, uint32_t seconds);
void harness_pass_units(struct harness *harness, uint32_t units);
uint32_t harness_now(const struct harness *harness);
/* As of now nothing is known of the instance's packets before. */
void harness_flush(struct harness *harness);

/* The direction of what a program sees. */
enum sg_direction harness_direction(const struct harness *harness, enum program program);

/*
 * Run a frame. Its reason is the one whose counter of the slot changed: by
 * `packets` and `bytes`, and no other counter changed at all. Fails the test
 * otherwise, and when the program's verdict is not the reason's.
 */
enum sg_reason harness_run_gso(struct harness *harness, enum program program,
			       const struct frame *frame, const struct gso *gso, uint64_t packets,
			       uint64_t bytes);
enum sg_reason harness_run(struct harness *harness, enum program program,
			   const struct frame *frame);
/* The verdict alone, with no look at the counters: for many frames, or several threads. */
enum sg_verdict harness_verdict(const struct harness *harness, enum program program,
				const struct frame *frame);
/* After those: nothing of what was counted meanwhile is looked at. */
void harness_catch_up(struct harness *harness);

/*
 * Whether the kernel takes the frame for test runs of the program: it refuses
 * some as too short or too long before the program sees them.
 */
bool harness_takes(enum program program, const struct frame *frame);

#endif
