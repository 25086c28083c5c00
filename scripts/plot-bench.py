#!/usr/bin/env python3
"""Draws the scale benchmark's figures: python3 scripts/plot-bench.py [.build/bench.jsonl] > docs/explanation/performance.svg"""

import json
import math
import sys

import svg

WIDTH, HEIGHT, LEFT, TOP, GAP = 380, 230, 60, 40, 60
SIZES = (100, 1_000, 10_000)
# Measured by us on two cores against Kubernetes 1.36, except the last of each, which KEDA's users have published.
KEDA = {
    "memory-rss": {1_000: 258 + 110, 3_000: 536 + 110, 10_000: 1_163},
    "active/cpu": {1_000: 7.5, 10_000: 333e-3 * 60_000 / 10_000},
}


def figures(path):
    with open(path) as file:
        return {row["name"]: row["value"] for row in map(json.loads, file)}


def panel(number, title, unit, ours, theirs):
    """One chart: the value over the number of scalers, which has a logarithmic axis."""
    x0 = LEFT + number * (WIDTH + LEFT + GAP)
    top = max(list(ours.values()) + list(theirs.values())) * 1.1

    def at(size, value):
        return x0 + WIDTH * (math.log10(size) - 2) / 2, TOP + HEIGHT * (1 - value / top)

    parts = [*svg.frame(x0, TOP, WIDTH, HEIGHT, f"{title}, {unit}", top)]
    for size in SIZES:
        x = x0 + WIDTH * (math.log10(size) - 2) / 2
        parts.append(f'<text x="{x}" y="{TOP + HEIGHT + 20}" class="middle">{size:,} scalers</text>')
    for name, values, colour in (("KEDA", theirs, svg.OTHERS), ("GeneralScaler", ours, svg.OURS)):
        points = sorted(values.items())
        parts.append(svg.polyline([at(*point) for point in points], colour))
        for size, value in points:
            x, y = at(size, value)
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>')
            text = svg.label(value)
            parts.append(f'<text x="{x:.1f}" y="{y - 9:.1f}" class="middle" fill="{colour}">{text}</text>')
        parts.append(svg.legend(x0 + 8, TOP + (14 if name == "KEDA" else 32), name, colour))
    return parts


def main():
    rows = figures(sys.argv[1] if len(sys.argv) > 1 else ".build/bench.jsonl")

    def ours(what):
        return {size: rows[f"scale-{size}/{what}"] for size in SIZES if f"scale-{size}/{what}" in rows}

    total = 2 * (WIDTH + LEFT) + GAP + LEFT
    parts = [
        *panel(0, "Memory (RSS of all processes)", "MiB", ours("memory-rss"), KEDA["memory-rss"]),
        *panel(1, "CPU for each scaler", "ms a minute", ours("active/cpu"), KEDA["active/cpu"]),
    ]
    print(svg.document(total, TOP + HEIGHT + 40, parts))


if __name__ == "__main__":
    main()
