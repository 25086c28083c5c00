#!/usr/bin/env python3
"""Draws what `make soak` saw: python3 scripts/plot-soak.py [.build/soak.jsonl] > .build/soak.svg"""

import itertools
import json
import math
import sys

import svg

WIDTH, HEIGHT, LEFT, TOP, GAP = 860, 200, 60, 70, 60
STRIP = 14
COLOURS = {"operator": svg.OURS, "prometheus": "#d1495b", "redis": "#8f6bb3", "pubsub": "#2e78b7"}
FAULTS, QUIET = "#b8860b", "#e8eef4"


def read(path):
    with open(path) as file:
        rows = [json.loads(line) for line in file]
    return [row for row in rows if "processes" in row], [row for row in rows if "event" in row]


class Time:
    """From seconds to the horizontal place."""

    def __init__(self, first, last):
        self.first, self.last = first, last

    def __call__(self, seconds):
        return LEFT + WIDTH * (seconds - self.first) / (self.last - self.first)

    def minutes(self):
        span = (self.last - self.first) / 60
        step = next(step for step in (1, 5, 10, 30, 60, 240, 1_440) if span / step <= 12)
        return range(0, int(span) + 1, step)


def round_top(value):
    """The least that is not below the value and whose quarters are round."""
    scale = 10 ** math.floor(math.log10(value / 4))
    return next(4 * step * scale for step in (1, 2, 2.5, 5, 10) if 4 * step * scale >= value)


def runs(samples, name, value):
    """(seconds, value) of each process of that name, one list for each."""
    seen = [
        (sample["seconds"], process) for sample in samples for process in sample["processes"] if process["name"] == name
    ]
    for _, group in itertools.groupby(seen, key=lambda pair: pair[1]["id"]):
        yield [(seconds, value(process)) for seconds, process in group]


def panel(y, title, samples, value, time, quiet):
    lines = {name: [*runs(samples, name, value)] for name in COLOURS}
    top = round_top(max(number for line in lines.values() for run in line for _, number in run))

    def at(seconds, number):
        return time(seconds), y + HEIGHT * (1 - number / top)

    for begin, end in quiet:
        width = time(end) - time(begin)
        yield f'<rect x="{time(begin):.1f}" y="{y}" width="{width:.1f}" height="{HEIGHT}" fill="{QUIET}"/>'
    yield from svg.frame(LEFT, y, WIDTH, HEIGHT, title, top)
    for minute in time.minutes():
        x = time(time.first + 60 * minute)
        yield f'<text x="{x:.1f}" y="{y + HEIGHT + 18}" class="middle">{minute} min</text>'
    for name, line in lines.items():
        for run in line:
            yield svg.polyline([at(*point) for point in run], COLOURS[name], width=1.5)


def marks(y, text, seconds, colour, time):
    """A strip of one line for each moment."""
    yield f'<text x="{LEFT - 8}" y="{y + STRIP - 3}" class="end" fill="{colour}">{text}</text>'
    path = " ".join(f"M{time(moment):.1f} {y}v{STRIP}" for moment in seconds)
    yield f'<path d="{path}" stroke="{colour}"/>'


def spells(events, last):
    """(begin, end) of each quiet period."""
    phases = [(row["seconds"], row["what"]) for row in events if row["event"] == "phase"]
    ends = [seconds for seconds, _ in phases[1:]] + [last]
    return [(begin, end) for (begin, what), end in zip(phases, ends) if what == "quiet"]


def main():
    samples, events = read(sys.argv[1] if len(sys.argv) > 1 else ".build/soak.jsonl")
    if len(samples) < 2:
        sys.exit("plot-soak: fewer than two samples: nothing to draw")
    time = Time(samples[0]["seconds"], samples[-1]["seconds"])
    quiet = spells(events, time.last)
    parts = []
    for number, name in enumerate(COLOURS):
        parts.append(svg.legend(LEFT + 150 * number, 24, name if name == "operator" else f"{name} plugin", COLOURS[name]))
    parts.append(f'<rect x="{LEFT + 600}" y="14" width="14" height="12" fill="{QUIET}"/>')
    parts.append(f'<text x="{LEFT + 620}" y="24">quiet period: no faults, nothing changes</text>')

    def memory(process):
        return process["anonymous"]

    def descriptors(process):
        return sum(process["descriptors"].values())

    parts += panel(TOP, "Anonymous memory (the heap) of each process, MiB", samples, memory, time, quiet)
    # The line that growth is compared with.
    top = round_top(max(memory(process) for sample in samples for process in sample["processes"]))
    for row in events:
        if row["event"] == "verdict" and row["slope"] is not None:
            ends = [(s, row["intercept"] + row["slope"] * s / 3600) for s in (row["from"], time.last)]
            points = [(time(s), TOP + HEIGHT * (1 - mebibytes / top)) for s, mebibytes in ends]
            parts.append(svg.polyline(points, "black", width=1.5, dashes="6 4"))
            x, y = points[-1]
            parts.append(f'<text x="{x:.1f}" y="{y + 18:.1f}" class="end">{row["slope"]:+.2f} MiB an hour</text>')
    strip = TOP + HEIGHT + 30
    for name in list(COLOURS)[1:]:
        kills = [row["seconds"] for row in events if row["event"] == "kill" and row["what"].endswith(f"-{name}")]
        parts += marks(strip, "kill", kills, COLOURS[name], time)
        strip += STRIP + 2
    faults = [row["seconds"] for row in events if row["event"] == "fault"]
    parts += marks(strip, "faults", faults, FAULTS, time)
    second = strip + STRIP + GAP
    parts += panel(second, "Open descriptors of each process", samples, descriptors, time, quiet)
    print(svg.document(LEFT + WIDTH + 30, second + HEIGHT + 30, parts))


if __name__ == "__main__":
    main()
