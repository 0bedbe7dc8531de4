/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * svg.h - plots as SVG: lines over a logarithmic axis, and bars.
 *
 * Texts are the program's own and have no characters that XML treats
 * specially. Colours are told apart by the colour-blind too (Okabe, Ito:
 * Color universal design, 2008).
 */
#ifndef BENCH_SVG_H
#define BENCH_SVG_H

#include <stddef.h>
#include <stdio.h>

#define SVG_POINTS 16

struct svg_line {
	const char *name;
	double x[SVG_POINTS]; /* ascending, above 0 */
	double y[SVG_POINTS];
	size_t count;
};

struct svg_axes {
	const char *title;
	const char *x; /* what is along the axes */
	const char *y;
};

/* Lines with a mark at each point; those without points are left out. */
void svg_lines(FILE *file, const struct svg_axes *axes, const struct svg_line *lines, size_t count);

struct svg_bar {
	char name[64];
	double value;
};

/* One below the other, each with its value. */
void svg_bars(FILE *file, const struct svg_axes *axes, const struct svg_bar *bars, size_t count);

#endif
