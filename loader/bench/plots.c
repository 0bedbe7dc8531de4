// SPDX-License-Identifier: GPL-2.0-only
/*
 * plots.c - which cases are drawn, and into which files.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/bench.h"
#include "bench/svg.h"
#include "model/code.h"
#include "util/array.h"
#include "util/quote.h"

#define MAX_LINES 8
#define MAX_BARS 40
#define NS "ns beyond an empty program"

/* Cost over the number of rules, of the public mix in two groups. */
struct line_spec {
	const char *name;
	const char *hook;
	const char *family;
	const char *what;
	const char *heat;
	bool is_reference; /* not the case but what it is compared with */
};

struct plot_spec {
	const char *file;
	const char *title;
	struct line_spec lines[MAX_LINES];
};

static const struct plot_spec plots[] = {
	{"packet-accept.svg",
	 "A packet that the last rule accepts",
	 {{"TC, IPv4, one packet", "tc", "ipv4", "last-rule", "hot", false},
	  {"TC, IPv4, many addresses", "tc", "ipv4", "last-rule", "cold", false},
	  {"TC, IPv6, one packet", "tc", "ipv6", "last-rule", "hot", false},
	  {"TC, IPv6, many addresses", "tc", "ipv6", "last-rule", "cold", false},
	  {"XDP, IPv4, one packet", "xdp", "ipv4", "last-rule", "hot", false},
	  {"XDP, IPv4, many addresses", "xdp", "ipv4", "last-rule", "cold", false},
	  {"the reference", "tc", "ipv4", "last-rule", "hot", true}}},
	{"packet-drop.svg",
	 "A packet that no rule matches",
	 {{"TC, IPv4, one packet", "tc", "ipv4", "no-rule", "hot", false},
	  {"TC, IPv4, many addresses", "tc", "ipv4", "no-rule", "cold", false},
	  {"TC, IPv6, one packet", "tc", "ipv6", "no-rule", "hot", false},
	  {"TC, IPv6, many addresses", "tc", "ipv6", "no-rule", "cold", false},
	  {"XDP, IPv4, one packet", "xdp", "ipv4", "no-rule", "hot", false},
	  {"XDP, IPv4, many addresses", "xdp", "ipv4", "no-rule", "cold", false},
	  {"the reference", "tc", "ipv4", "no-rule", "hot", true}}},
};

static bool is_of_line(const struct bench_case *one, const struct line_spec *spec)
{
	const struct bench_labels *labels = &one->labels;

	return !strcmp(labels->hook, spec->hook) && !strcmp(labels->family, spec->family) &&
	       !strcmp(labels->what, spec->what) && !strcmp(labels->heat, spec->heat) &&
	       !strcmp(labels->mix, "public") && labels->groups == 2;
}

static void fill_line(const struct bench_report *report, const struct line_spec *spec,
		      struct svg_line *line)
{
	line->name = spec->name;
	for (size_t i = 0; i < report->case_count && line->count < SVG_POINTS; i++) {
		const struct bench_case *one = &report->cases[i];

		if (!is_of_line(one, spec))
			continue;
		line->x[line->count] = one->labels.rules;
		line->y[line->count++] = spec->is_reference ? one->reference_ns : one->ns;
	}
}

static void draw_lines(FILE *file, const struct bench_report *report, const struct plot_spec *plot)
{
	struct svg_line lines[MAX_LINES] = {0};
	struct svg_axes axes = {plot->title, "rules, in two groups", NS};
	size_t count = 0;

	while (count < MAX_LINES && plot->lines[count].name) {
		fill_line(report, &plot->lines[count], &lines[count]);
		count++;
	}
	svg_lines(file, &axes, lines, count);
}

/* What is neither a matter of the number of rules nor of their mix. */
static bool is_state(const struct bench_case *one)
{
	static const char *const whats[] = {"established", "reply", "fragment", "first-packet",
					    "random-instance"};

	for (size_t i = 0; i < ARRAY_SIZE(whats); i++) {
		if (!strcmp(one->labels.what, whats[i]))
			return true;
	}
	return false;
}

static void draw_state(FILE *file, const struct bench_report *report)
{
	static struct svg_bar bars[MAX_BARS];
	struct svg_axes axes = {"Packets of connections, and of many instances (2 x 1,000 rules)",
				NS, ""};
	size_t count = 0;

	for (size_t i = 0; i < report->case_count && count < MAX_BARS; i++) {
		const struct bench_case *one = &report->cases[i];
		const struct bench_labels *labels = &one->labels;
		struct svg_bar *bar = &bars[count];

		if (!is_state(one))
			continue;
		if (labels->instances > 1)
			snprintf(bar->name, sizeof(bar->name), "%s %s %s of %u", labels->hook,
				 labels->family, labels->what, labels->instances);
		else
			snprintf(bar->name, sizeof(bar->name), "%s %s %s, %s", labels->hook,
				 labels->family, labels->what, labels->heat);
		bar->value = one->ns;
		count++;
	}
	svg_bars(file, &axes, bars, count);
}

static int cannot_write(const char *path, struct error *err)
{
	return error_set(err, errno, CODE_INTERNAL_SERVER_ERROR, "cannot write \"%s\": %s",
			 quote(path).text, strerror(errno));
}

static int open_plot(const char *dir, const char *name, char path[4096], FILE **file_out,
		     struct error *err)
{
	snprintf(path, 4096, "%s/%s", dir, name);
	*file_out = fopen(path, "we");
	return *file_out ? 0 : cannot_write(path, err);
}

static int close_plot(FILE *file, const char *path, struct error *err)
{
	bool failed = ferror(file);

	return fclose(file) || failed ? cannot_write(path, err) : 0;
}

int bench_plots(const struct bench_report *report, const char *dir, struct error *err)
{
	FILE *file = NULL;
	char path[4096];
	int r = 0;

	if (mkdir(dir, 0777) && errno != EEXIST)
		return cannot_write(dir, err);
	for (size_t i = 0; !r && i < ARRAY_SIZE(plots); i++) {
		r = open_plot(dir, plots[i].file, path, &file, err);
		if (r)
			return r;
		draw_lines(file, report, &plots[i]);
		r = close_plot(file, path, err);
	}
	if (!r)
		r = open_plot(dir, "packet-state.svg", path, &file, err);
	if (r)
		return r;
	draw_state(file, report);
	return close_plot(file, path, err);
}
