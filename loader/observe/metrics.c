// SPDX-License-Identifier: GPL-2.0-only
/*
 * metrics.c - the text of all metrics.
 */
#include "observe/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "model/code.h"
#include "observe/exposition.h"
#include "observe/metrics_families.h"
#include "observe/snapshot.h"
#include "util/cleanup.h"

static double seconds_now(void)
{
	struct timespec now = {};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static const char *yes_or_no(bool value)
{
	return value ? "yes" : "no";
}

static void put_program(FILE *stream)
{
	struct kern_features features;
	struct family family =
		family_begin(stream, "sg_build_info", "gauge", "The running program.");

	family_integer(&family, LABELS({"version", SGATE_VERSION}), 1);
	kern_features(&features);
	family = family_begin(stream, "sg_kernel_info", "gauge",
			      "The running kernel, and what it can do.");
	family_integer(&family,
		       LABELS({"release", features.release}, {"tcx", yes_or_no(features.tcx)},
			      {"xdp_frags", yes_or_no(features.xdp_frags)},
			      {"jit", yes_or_no(features.jit)}),
		       1);
}

static void put_readable(FILE *stream, const struct snapshot *snapshot)
{
	struct family family =
		family_begin(stream, "sg_store_readable", "gauge",
			     "Whether groups and instances could be read from the store.");

	family_integer(&family, NO_LABELS, snapshot->store_is_readable);
	family = family_begin(stream, "sg_kernel_readable", "gauge",
			      "Whether the maps in the kernel could be read.");
	family_integer(&family, NO_LABELS, snapshot->kernel_is_readable);
}

int metrics_text(struct control *control, const struct metrics_daemon *daemon, char **text_out,
		 size_t *length_out, struct error *err)
{
	AUTO(snapshot_fini) struct snapshot snapshot = {};
	double begin = seconds_now();
	AUTO_FREE char *text = NULL;
	struct family family;
	size_t length = 0;
	FILE *stream;
	int r = snapshot_take(control, &snapshot, err);

	if (r)
		return r;
	stream = open_memstream(&text, &length);
	if (!stream)
		return out_of_memory(err);
	put_program(stream);
	put_readable(stream, &snapshot);
	metrics_put_instances(stream, &snapshot);
	metrics_put_tables(stream, &snapshot);
	metrics_put_daemon(stream, daemon);
	family = family_begin(stream, "sg_scrape_duration_seconds", "gauge",
			      "How long it took to make this text.");
	family_real(&family, NO_LABELS, seconds_now() - begin);
	if (fclose(stream))
		return out_of_memory(err);
	*text_out = TAKE_PTR(text);
	*length_out = length;
	return 0;
}
