#!/usr/bin/env python3
"""Makes the traces of this example. The same seed, the same traces.

Usage: make-trace.py requests > requests.csv      requests and tokens per 5 s, an hour, for `generalscaler-dev demo`
       make-trace.py chat-large > chat-large.csv  what a scaler reads, a day at 5 min, for `generalscaler simulate`
"""

import math
import random
import sys

SEED = 20260302
START = 1772409600  # Monday, 2 March 2026, 00:00 UTC
HOUR = 3600
# By model: the hour of its peak, the requests in progress then and at night, and the cache of a replica that one uses.
MODELS = {
    "chat-large": (14, 96, 6, 0.021),
    "chat-small": (20, 150, 0, 0.045),
    "code-small": (11, 130, 0, 0.055),
}


def day(model):
    generator = random.Random(f"{SEED} {model}")
    peak, high, low, cache = MODELS[model]
    print("time,waiting,running,cache,queued")
    for second in range(0, 24 * HOUR, 300):
        distance = (second / HOUR - peak + 12) % 24 - 12
        height = max(0, math.exp(-((distance / 4) ** 2)) * (1 + generator.gauss(0, 0.06)) - 0.03)
        requests = round(low + (high - low) * height)
        # A few wait for a place in the next batch.
        waiting = min(requests, max(0, round(0.1 * requests * generator.random())))
        running = requests - waiting
        print(f"{START + second},{waiting},{running},{running * cache:.3f},0")


def requests():
    generator = random.Random(SEED)
    print("time,requests,contextTokens,generatedTokens")
    burst = 0.0
    for second in range(0, HOUR, 5):
        # Agents send many requests at once, for a while.
        if generator.random() < 0.01:
            burst = generator.uniform(10, 25)
        burst *= 0.93
        count = max(0, round(8 + 6 * math.sin(second / HOUR * 2 * math.pi - 1.2) + burst + generator.gauss(0, 2)))
        print(f"{START + second},{count},{round(count * generator.uniform(1200, 2600))},{round(count * generator.uniform(15, 45))}")


if __name__ == "__main__":
    requests() if sys.argv[1:] == ["requests"] else day(sys.argv[1])
