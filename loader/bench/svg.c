// SPDX-License-Identifier: GPL-2.0-only
/*
 * svg.c - axes with round numbers, lines, bars, and their names.
 */
#include "bench/svg.h"

#include <math.h>

#include "util/array.h"

#define WIDTH 890
#define LEFT 70
#define RIGHT 230 /* names of lines */
#define TOP 50
#define PLOT_WIDTH (WIDTH - LEFT - RIGHT)
#define PLOT_HEIGHT 320
#define BAR_LEFT 290 /* names of bars */
#define BAR_STEP 26
#define TICKS 6

static const char *const colours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
				      "#e69f00", "#56b4e9", "#555555", "#000000"};

static const char *colour(size_t index)
{
	return colours[index % ARRAY_SIZE(colours)];
}

static void begin(FILE *file, const char *title, int height)
{
	fprintf(file,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
		"viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\">\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n"
		"<text x=\"%d\" y=\"26\" font-size=\"16\" fill=\"#111111\">%s</text>\n",
		WIDTH, height, WIDTH, height, 20, title);
}

static void text(FILE *file, double x, double y, const char *anchor, const char *words)
{
	fprintf(file, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" fill=\"#333333\">%s</text>\n",
		x, y, anchor, words);
}

static void rule(FILE *file, double x1, double y1, double x2, double y2, const char *stroke)
{
	fprintf(file, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>\n", x1,
		y1, x2, y2, stroke);
}

/* 1, 2 or 5 times a power of ten, so that some of them reach `most`. */
static double tick_step(double most)
{
	double power = pow(10, floor(log10(most / TICKS)));
	double times = most / TICKS / power;

	return power * (times <= 1 ? 1 : times <= 2 ? 2 : times <= 5 ? 5 : 10);
}

struct range {
	double x_least;
	double x_most;
	double y_most;
};

static struct range range_of(const struct svg_line *lines, size_t count)
{
	struct range range = {INFINITY, 0, 0};

	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < lines[i].count; j++) {
			range.x_least = fmin(range.x_least, lines[i].x[j]);
			range.x_most = fmax(range.x_most, lines[i].x[j]);
			range.y_most = fmax(range.y_most, lines[i].y[j]);
		}
	}
	return range;
}

static double place_x(const struct range *range, double x)
{
	double whole = log10(range->x_most / range->x_least);

	return LEFT + (whole > 0 ? log10(x / range->x_least) / whole : 0.5) * PLOT_WIDTH;
}

static double place_y(const struct range *range, double y)
{
	return TOP + PLOT_HEIGHT * (1 - fmax(y, 0) / range->y_most);
}

static void draw_axes(FILE *file, const struct svg_axes *axes, struct range *range)
{
	double step = tick_step(range->y_most), bottom = TOP + PLOT_HEIGHT;
	int ticks = (int)ceil(range->y_most / step);
	int first = (int)ceil(log10(range->x_least) - 1e-9);
	int last = (int)floor(log10(range->x_most) + 1e-9);
	char number[32];

	range->y_most = ticks * step;
	for (int i = 0; i <= ticks; i++) {
		double y = place_y(range, i * step);

		rule(file, LEFT, y, LEFT + PLOT_WIDTH, y, "#dddddd");
		snprintf(number, sizeof(number), "%g", i * step);
		text(file, LEFT - 8, y + 4, "end", number);
	}
	for (int power = first; power <= last; power++) {
		double x = place_x(range, pow(10, power));

		rule(file, x, TOP, x, bottom + 5, "#dddddd");
		snprintf(number, sizeof(number), "%.0f", pow(10, power));
		text(file, x, bottom + 20, "middle", number);
	}
	rule(file, LEFT, bottom, LEFT + PLOT_WIDTH, bottom, "#333333");
	rule(file, LEFT, TOP, LEFT, bottom, "#333333");
	text(file, LEFT + PLOT_WIDTH / 2.0, bottom + 42, "middle", axes->x);
	fprintf(file,
		"<text transform=\"translate(18 %d) rotate(-90)\" text-anchor=\"middle\" "
		"fill=\"#333333\">%s</text>\n",
		TOP + PLOT_HEIGHT / 2, axes->y);
}

static void draw_line(FILE *file, const struct range *range, const struct svg_line *line,
		      const char *stroke)
{
	fprintf(file, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\" points=\"", stroke);
	for (size_t i = 0; i < line->count; i++)
		fprintf(file, "%.1f,%.1f ", place_x(range, line->x[i]), place_y(range, line->y[i]));
	fputs("\"/>\n", file);
	for (size_t i = 0; i < line->count; i++)
		fprintf(file, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" fill=\"%s\"/>\n",
			place_x(range, line->x[i]), place_y(range, line->y[i]), stroke);
}

void svg_lines(FILE *file, const struct svg_axes *axes, const struct svg_line *lines, size_t count)
{
	struct range range = range_of(lines, count);
	double y = TOP + 6;

	begin(file, axes->title, TOP + PLOT_HEIGHT + 60);
	if (range.y_most > 0)
		draw_axes(file, axes, &range);
	for (size_t i = 0; i < count; i++) {
		double x = LEFT + PLOT_WIDTH + 16;

		if (!lines[i].count)
			continue;
		draw_line(file, &range, &lines[i], colour(i));
		fprintf(file,
			"<rect x=\"%.1f\" y=\"%.1f\" width=\"14\" height=\"4\" fill=\"%s\"/>\n", x,
			y - 2, colour(i));
		text(file, x + 20, y + 4, "start", lines[i].name);
		y += 20;
	}
	fputs("</svg>\n", file);
}

void svg_bars(FILE *file, const struct svg_axes *axes, const struct svg_bar *bars, size_t count)
{
	double most = 0, room = WIDTH - BAR_LEFT - 80;
	int height = TOP + (int)count * BAR_STEP + 40;
	char number[32];

	for (size_t i = 0; i < count; i++)
		most = fmax(most, bars[i].value);
	begin(file, axes->title, height);
	for (size_t i = 0; i < count; i++) {
		double y = TOP + (double)i * BAR_STEP;
		double width = most > 0 ? fmax(bars[i].value, 0) / most * room : 0;

		text(file, BAR_LEFT - 10, y + 14, "end", bars[i].name);
		fprintf(file,
			"<rect x=\"%d\" y=\"%.1f\" width=\"%.1f\" height=\"18\" fill=\"%s\"/>\n",
			BAR_LEFT, y, width, colour(0));
		snprintf(number, sizeof(number), "%.0f", bars[i].value);
		text(file, BAR_LEFT + width + 6, y + 14, "start", number);
	}
	rule(file, BAR_LEFT, TOP - 6, BAR_LEFT, height - 36, "#333333");
	text(file, BAR_LEFT, height - 14, "start", axes->x);
	fputs("</svg>\n", file);
}
