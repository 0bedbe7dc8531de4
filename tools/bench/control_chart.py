# SPDX-License-Identifier: GPL-2.0-only
"""A bar chart as SVG: a bar a row with its number, on a logarithmic axis."""
import math
from xml.sax.saxutils import escape

WIDTH, LABELS, RIGHT, TOP, ROW = 960, 430, 90, 64, 30
INK, FAINT, BAR, RANGE = "#1f2933", "#d9dee4", "#4c86c6", "#16324f"


def _text(x, y, words, anchor="start", size=13, weight="normal"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" font-weight="{weight}" '
            f'fill="{INK}">{escape(words)}</text>')


def _number(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 1 else f"{value:.2g}"


def write(path, title, unit, bars):
    """bars: (label, value, smallest or None, largest or None), all greater than 0."""
    numbers = [number for bar in bars for number in bar[1:] if number]
    low = math.floor(math.log10(min(numbers)))
    high = max(low + 1, math.ceil(math.log10(max(numbers))))
    height = TOP + ROW * len(bars) + 40
    scale = (WIDTH - LABELS - RIGHT) / (high - low)

    def across(value):
        return LABELS + (math.log10(value) - low) * scale

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
             f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif">',
             f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
             _text(16, 26, title, size=17, weight="bold"), _text(16, 46, unit, size=12)]
    for power in range(low, high + 1):
        x = across(10 ** power)
        parts += [f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{height - 34}" stroke="{FAINT}"/>',
                  _text(x, height - 16, f"{10 ** power:g}", "middle", 12)]
    for at, (label, value, smallest, largest) in enumerate(bars):
        y = TOP + ROW * at
        parts += [_text(LABELS - 10, y + 19, label, "end", 12),
                  f'<rect x="{LABELS}" y="{y + 6}" width="{max(1, across(value) - LABELS):.1f}" height="{ROW - 12}" '
                  f'fill="{BAR}"/>']
        if smallest and largest:
            parts.append(f'<line x1="{across(smallest):.1f}" y1="{y + ROW / 2}" x2="{across(largest):.1f}" '
                         f'y2="{y + ROW / 2}" stroke="{RANGE}" stroke-width="2"/>')
        parts.append(_text(across(max(value, largest or 0)) + 6, y + 19, _number(value), size=12))
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(parts) + "\n</svg>\n")
