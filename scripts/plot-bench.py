#!/usr/bin/env python3
"""Draws the scale benchmark's figures: python3 scripts/plot-bench.py [.build/bench.jsonl] > docs/explanation/performance.svg"""

import json
import math
import sys

WIDTH, HEIGHT, LEFT, TOP, GAP = 380, 230, 60, 40, 60
SIZES = (100, 1_000, 10_000)
OURS, OTHERS = "#0b6e4f", "#5f6b78"
# Measured by us on two cores against Kubernetes 1.36, except the last of each, which KEDA's users have published.
KEDA = {
    "memory-rss": {1_000: 258 + 110, 3_000: 536 + 110, 10_000: 1_163},
    "active/cpu": {1_000: 7.5, 10_000: 333e-3 * 60_000 / 10_000},
}


def figures(path):
    with open(path) as file:
        return {row["name"]: row["value"] for row in map(json.loads, file)}


def label(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def panel(number, title, unit, ours, theirs):
    """One chart: the value over the number of scalers, which has a logarithmic axis."""
    x0 = LEFT + number * (WIDTH + LEFT + GAP)
    top = max(list(ours.values()) + list(theirs.values())) * 1.1

    def at(size, value):
        x = x0 + WIDTH * (math.log10(size) - 2) / 2
        return f"{x:.1f},{TOP + HEIGHT * (1 - value / top):.1f}"

    parts = [f'<text x="{x0}" y="{TOP - 16}" class="title">{title}, {unit}</text>']
    for step in range(5):
        y = TOP + HEIGHT * (1 - step / 4)
        parts.append(f'<line x1="{x0}" y1="{y}" x2="{x0 + WIDTH}" y2="{y}" class="grid"/>')
        parts.append(f'<text x="{x0 - 8}" y="{y + 4}" class="end">{label(top * step / 4)}</text>')
    for size in SIZES:
        x = x0 + WIDTH * (math.log10(size) - 2) / 2
        parts.append(f'<text x="{x}" y="{TOP + HEIGHT + 20}" class="middle">{size:,} scalers</text>')
    for name, values, colour in (("KEDA", theirs, OTHERS), ("GeneralScaler", ours, OURS)):
        points = sorted(values.items())
        path = " ".join(at(*point) for point in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        for size, value in points:
            x, y = at(size, value).split(",")
            parts.append(f'<circle cx="{x}" cy="{y}" r="4" fill="{colour}"/>')
            parts.append(f'<text x="{x}" y="{float(y) - 9}" class="middle" fill="{colour}">{label(value)}</text>')
        x, y = at(*points[-1]).split(",")
        parts.append(f'<text x="{x0 + 8}" y="{TOP + (14 if name == "KEDA" else 32)}" fill="{colour}">&#9679; {name}</text>')
    return parts


def main():
    rows = figures(sys.argv[1] if len(sys.argv) > 1 else ".build/bench.jsonl")

    def ours(what):
        return {size: rows[f"scale-{size}/{what}"] for size in SIZES if f"scale-{size}/{what}" in rows}

    total = 2 * (WIDTH + LEFT) + GAP + LEFT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total} {TOP + HEIGHT + 40}" '
        'font-family="sans-serif" font-size="12">',
        "<style>.title{font-weight:bold;font-size:14px}.grid{stroke:#d5dbe1}.end{text-anchor:end}"
        ".middle{text-anchor:middle}</style>",
        '<rect width="100%" height="100%" fill="white"/>',
        *panel(0, "Memory (RSS of all processes)", "MiB", ours("memory-rss"), KEDA["memory-rss"]),
        *panel(1, "CPU for each scaler", "ms a minute", ours("active/cpu"), KEDA["active/cpu"]),
        "</svg>",
    ]
    print("\n".join(parts))


if __name__ == "__main__":
    main()
