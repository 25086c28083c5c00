#!/usr/bin/env python3
"""Makes the traces of this example: requests per second to a shop, a week at 15 s; or to one part of it, a day at 5 min.
The same seed, the same trace.

Usage: make-trace.py > week.csv
       make-trace.py checkout > checkout.csv
       make-trace.py search > search.csv
"""

import math
import random
import sys

SEED = 20260302
START = 1772409600  # Monday, 2 March 2026, 00:00 UTC
STEP = 15
HOUR = 3600
DAY = 24 * HOUR

# What makes the week worth looking at, as seconds from its start.
RESET = (DAY + 16 * HOUR + 300, 150)  # Tuesday: all pods restart, and their counters begin at 0
SPIKE = (2 * DAY + 11 * HOUR + 1200, 3600)  # Wednesday: a newsletter goes out
LEAK = (3 * DAY + 6 * HOUR, 22 * HOUR)  # Thursday: a client that retries more and more, until it is restarted
GAP = (5 * DAY + 3 * HOUR, 40 * 60)  # Saturday: Prometheus is down


def inside(event, second):
    """How far through the event, from 0 up to 1; None outside of it."""
    start, length = event
    return (second - start) / length if start <= second < start + length else None


def rhythm(second):
    """The load that the hour and the day of the week bring."""
    hour = second % DAY / HOUR
    daily = 0.5 - 0.5 * math.cos((hour - 3.5) / 24 * 2 * math.pi)
    evening = math.exp(-(((hour - 20.5) / 1.6) ** 2))
    weekend = 0.6 if second // DAY >= 5 else 1
    return weekend * (160 + 760 * daily**1.7 + 260 * evening)


def part(name):
    """A day of one part of the shop. People search some hours before they buy."""
    generator = random.Random(f"{SEED} {name}")
    shift = {"checkout": 0, "search": 7 * HOUR}[name]
    print("time,requests")
    # The two traces were not recorded at the same seconds.
    for second in range(7 if name == "search" else 0, DAY, 300):
        load = rhythm((second + shift) % DAY) * (1 + generator.gauss(0, 0.03))
        print(f"{START + second},{load:.1f}")


def week():
    generator = random.Random(SEED)
    drift = 0.0
    print("time,requests")
    for second in range(0, 7 * DAY + STEP, STEP):
        # Load wanders for minutes, and jitters from sample to sample.
        drift = 0.985 * drift + generator.gauss(0, 0.009)
        load = rhythm(second) * (1 + drift + generator.gauss(0, 0.02))
        if (share := inside(SPIKE, second)) is not None:
            load *= 1 + 1.9 * min(1, share * 15) * math.exp(-2.4 * max(0, share - 0.3))
        if (share := inside(LEAK, second)) is not None:
            load *= 1 + 0.55 * share**1.5
        if (share := inside(RESET, second)) is not None:
            load *= 0.04 + 0.5 * share
        print(f"{START + second}," + ("" if inside(GAP, second) is not None else f"{load:.0f}"))


if __name__ == "__main__":
    part(sys.argv[1]) if sys.argv[1:] else week()
