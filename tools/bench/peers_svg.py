# SPDX-License-Identifier: GPL-2.0-only
"""Horizontal bars as SVG: a label a row, in it a bar a series, each with its value and its spread."""
import math
from html import escape

WIDTH, LABELS, VALUES = 900, 250, 90  # of the whole, of the column of labels, and of values right of the bars
BAR, GAP, TOP = 14, 10, 64
COLOURS = "#4477aa", "#66ccee", "#228833", "#ccbb44"
STYLE = "font-family: sans-serif; font-size: 12px"


def number(value):
    """Three digits at least: 0.123, 12.3, 1,234."""
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{digits}f}"


class Axis:
    """From values to places. Logarithmic ones begin with the power of ten below the smallest value."""

    def __init__(self, values, is_logarithmic):
        self.is_logarithmic = is_logarithmic
        self.high = max(values) or 1
        self.low = 10 ** math.floor(math.log10(min(value for value in values if value > 0))) if is_logarithmic else 0

    def place(self, value):
        if not self.is_logarithmic:
            share = max(value, 0) / self.high
        elif value <= self.low:
            share = 0
        else:
            share = math.log(value / self.low) / math.log(self.high / self.low)
        return LABELS + share * (WIDTH - LABELS - VALUES)

    def ticks(self):
        if self.is_logarithmic:
            first, last = round(math.log10(self.low)), math.floor(math.log10(self.high))
            return [10 ** power for power in range(first, last + 1)]
        step = 10 ** math.floor(math.log10(self.high))
        step = step / 5 if self.high / step < 2 else step / 2 if self.high / step < 5 else step
        return [step * count for count in range(int(self.high / step) + 1)]


def text(x, y, words, anchor="start", colour="#222", weight="normal"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" font-weight="{weight}">'
            f"{escape(words)}</text>")


def bar(axis, y, summary, colour):
    """The figure as a bar, its spread as a line across its end."""
    end = axis.place(summary["figure"])
    low, high = axis.place(summary["low"]), axis.place(summary["high"])
    middle = y + BAR / 2
    return [f'<rect x="{LABELS}" y="{y}" width="{max(end - LABELS, 1):.1f}" height="{BAR - 2}" fill="{colour}"/>',
            f'<path d="M{low:.1f} {middle:.1f}H{high:.1f}" stroke="#222" stroke-width="1.5"/>',
            text(max(end, high) + 6, y + BAR - 4, number(summary["figure"]))]


def bars(title, unit, series, rows, is_logarithmic=False):
    """rows: (label, {a name of series: {"figure", "low", "high"}})."""
    values = [row[name][key] for _, row in rows for name in row for key in ("figure", "high")]
    axis = Axis(values, is_logarithmic)
    height = TOP + sum(len(row) * BAR + GAP for _, row in rows) + 30
    drawn = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" style="{STYLE}" '
             f'viewBox="0 0 {WIDTH} {height}">', f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
             text(12, 22, title, weight="bold")]
    x = 12
    for name, colour in zip(series, COLOURS) if len(series) > 1 else ():
        drawn += [f'<rect x="{x}" y="34" width="10" height="10" fill="{colour}"/>', text(x + 15, 43, name)]
        x += 40 + 7 * len(name)
    for tick in axis.ticks():
        drawn += [f'<path d="M{axis.place(tick):.1f} {TOP - 6}V{height - 30}" stroke="#ddd"/>',
                  text(axis.place(tick), height - 14, f"{tick:,g}", "middle", "#666")]
    unit += ", logarithmic" if is_logarithmic else ""
    drawn.append(text(WIDTH - 12, TOP - 14, unit, "end", "#666"))
    y = TOP
    for label, row in rows:
        drawn.append(text(LABELS - 8, y + len(row) * BAR / 2 + 3, label, "end"))
        for name, colour in zip(series, COLOURS):
            if name in row:
                drawn += bar(axis, y, row[name], colour)
                y += BAR
        y += GAP
    return "\n".join(drawn) + "\n</svg>\n"
