/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * harness.h - the loaded programs, without an interface: frames go in by
 * BPF_PROG_TEST_RUN, verdict and reason come out.
 *
 * Such frames come from loopback unless told otherwise, so that is what is
 * bound. No program is attached to anything. Include it after cmocka.h.
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
	uint32_t ifindex;	/* that frames come from; loopback at first */
	uint32_t slot;		/* of the binding; 0: none */
	uint32_t options;
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
int harness_close(void **state);
struct harness *harness_of(void **state);

/* What a failure says it was about. */
__attribute__((format(printf, 2, 3))) void harness_name(struct harness *harness, const char *format,
							...);

/* What is bound to the interface from now on. Options are SG_OPTION_*. */
void harness_bind(struct harness *harness, const struct policy *policy, uint32_t options);
void harness_bind_image(struct harness *harness, const struct image *image, uint32_t options);
void harness_bind_raw(struct harness *harness, const struct sg_binding *binding);
void harness_unbind(struct harness *harness);
void harness_bind_rows(struct harness *harness, const struct rule_row *rows, size_t count,
		       uint32_t options);
#define BIND(harness, rows, options) harness_bind_rows(harness, rows, ARRAY_SIZE(rows), options)

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

/*
 * Whether the kernel takes the frame for test runs of the program: it refuses
 * some as too short or too long before the program sees them.
 */
bool harness_takes(enum program program, const struct frame *frame);

#endif
