#!/usr/bin/env python3
"""Measures the console with a real operator, on a simulated cluster, in Chromium: the time from a decision to its pixels, the first
paint, and the CPU time that readers cost the operator.

Usage: scripts/measure-console.py [--programs .build/release] [--scalers 1000] [--seconds 60]

The programs are `generalscaler`, `generalscaler-dev`, `generalscaler-launch` and `random-plugin`.
"""

import argparse
import contextlib
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "Tests/ChartTests"), str(ROOT / "Tests/ConsolePageTests")]

import chromium
from cluster import Cluster
from support import environment, running

import yaml

TOKEN = "0123456789abcdef0123456789abcdef"
READERS = 3
# Periods with and without readers take turns, since the machine's speed varies.
ROUNDS = 3
# Rows of the list that are seen are drawn again by each poll of their scaler. A pixel changes in the frame after that.
OBSERVE = """(() => {
    window.delays = [];
    new MutationObserver(records => {
        const lines = new Set(records.map(record => record.target.closest?.('.row')).filter(line => line));
        requestAnimationFrame(() => setTimeout(() => { const now = Date.now();
            for (const line of lines) if (line.row?.time) window.delays.push(now - Date.parse(line.row.time)); }));
    }).observe(document.getElementById('space'), {subtree: true, childList: true});
    setTimeout(() => { window.delays = []; }, 1000);
})()"""


def prepare(cluster, count):
    cluster.create_namespace("bench")
    cluster.create(yaml.safe_load((ROOT / "deploy/crd.yaml").read_text()))
    for number in range(count):
        name = f"app-{number:04}"
        cluster.create_workload("bench", name)
        # Scalers with different configs are polled at different times.
        metric = {"type": "random", "config": {"largest": 100 + number}, "targetValue": 50, "targetType": "Value"}
        cluster.create_scaler("bench", name, targetDeployment=name, pollingIntervalSeconds=15, metrics=[metric])


def processor_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def used(pid, seconds):
    began = processor_seconds(pid)
    time.sleep(seconds)
    return (processor_seconds(pid) - began) / seconds


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def reader(port):
    """A further reader of the event stream, without a browser."""
    header = f"X-GeneralScaler-Token: {TOKEN}"
    url = f"http://127.0.0.1:{port}/v1/events?after=0&decisions=0"
    return subprocess.Popen(["curl", "-sN", "-H", header, url], stdout=subprocess.DEVNULL)


def measure(programs, count, seconds):
    with contextlib.ExitStack() as stack:
        directory = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        simulator = stack.enter_context(running(
            programs / "generalscaler-dev", "cluster", "--listen", "127.0.0.1:0", "--startup-delay", "0", env=environment()))
        cluster = Cluster(simulator.line("listening on").rsplit(" ", 1)[1], directory)
        prepare(cluster, count)
        plugins = directory / "plugins"
        plugins.mkdir()
        shutil.copy(programs / "random-plugin", plugins / "generalscaler-plugin-random")
        (directory / "token").write_text(TOKEN)
        (directory / "kubeconfig").write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "a", "users": [{"name": "a", "user": {}}],
            "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
            "clusters": [{"name": "a", "cluster": {"server": cluster.url}}]}))
        operator = stack.enter_context(running(
            programs / "generalscaler", "run", "--kubeconfig", directory / "kubeconfig", "--listen", "127.0.0.1:0", "--api-listen",
            "127.0.0.1:0", "--api-token-file", directory / "token", "--plugin-dir", plugins, env=environment()))
        port = re.search(r"port=(\d+)", operator.line("serving the API"))[1]
        time.sleep(30)
        alone, watched = [], []
        for _ in range(ROUNDS):
            alone.append(used(operator.process.pid, seconds))
            readers = [reader(port) for _ in range(READERS)]
            for process in readers:
                stack.callback(process.kill)
            watched.append(used(operator.process.pid, seconds))
            for process in readers:
                process.kill()
                process.wait()
        alone, watched = statistics.median(alone), statistics.median(watched)
        print(f"operator: {100 * alone:.2f}% of a core alone, {100 * watched:.2f}% with {READERS} readers: {watched / alone:.3f} times")
        console = stack.enter_context(running(
            programs / "generalscaler", "console", "--url", f"http://127.0.0.1:{port}", "--api-token-file", directory / "token"))
        browser = stack.enter_context(chromium.Chromium())
        browser.size(1440, 900)
        browser.open(console.line("/login?token=").strip())
        browser.wait("document.querySelectorAll('.row').length > 5")
        browser.wait("performance.getEntriesByName('first-contentful-paint').length")
        paint = browser.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        # In an order that decisions do not change: a row that only comes into view is none.
        browser.evaluate("sortBy = 'name'; drawHeads(); choose()")
        browser.evaluate(OBSERVE)
        time.sleep(seconds)
        delays = browser.evaluate("window.delays")
        print(f"{count} scalers; {len(delays)} decisions seen; first paint {paint:.0f} ms")
        print(f"decision to pixel: median {percentile(delays, 0.5)} ms, p99 {percentile(delays, 0.99)} ms, most {max(delays)} ms")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=pathlib.Path, default=ROOT / ".build/release")
    parser.add_argument("--scalers", type=int, default=1_000)
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    measure(options.programs.resolve(), options.scalers, options.seconds)


if __name__ == "__main__":
    main()
