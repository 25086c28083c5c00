#!/usr/bin/env python3
"""Gives each fuzz target so many inputs, side by side, and shows what came of it.

Usage: scripts/fuzz.py [--runs N] [--jobs N] [TARGET ...]
       scripts/fuzz.py --keep [TARGET ...]

It runs what `make fuzz` builds. Inputs that reach something new are kept in .build/fuzz/corpus, from one run to the next;
--keep adds the best of them to the corpus that is committed. What a target stumbles over is in .build/fuzz/findings.
"""

import argparse
import concurrent.futures
import dataclasses
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(".build/fuzz")
PROGRAM = BUILD / "release/fuzz-parsers"
COMMITTED = pathlib.Path("Tests/Fuzzing/Corpus")

MAXIMUM_BYTES = 4096
# Of a whole process: what a target keeps for itself, and the inputs that libFuzzer keeps, stay far below.
MAXIMUM_MEGABYTES = 1024
# Of one input, on a machine that is busy.
MAXIMUM_SECONDS = 20
# Of the inputs of one target that the fuzzer found, those that are kept: so many, none of more bytes.
KEPT_FILES = 12
KEPT_BYTES = 1024

# On a crash, libFuzzer must get the signal: Swift would only print the place.
ENVIRONMENT = os.environ | {"SWIFT_BACKTRACE": "enable=no"}
PULSE = re.compile(r"^#(\d+)\s")
STATISTIC = re.compile(r"^stat::(\w+):\s+(\d+)")
LAST_LINES = 40
CLEAR_LINE = "\r\033[K" if sys.stderr.isatty() else ""


@dataclasses.dataclass
class Run:
    """One target under the fuzzer."""

    target: str
    inputs: int = 0
    seconds: float = 0
    statistics: dict = dataclasses.field(default_factory=dict)
    status: int | None = None
    output: list = dataclasses.field(default_factory=list)

    @property
    def findings(self):
        return sorted((BUILD / "findings").glob(f"{self.target}-*"))

    def take(self, line):
        if match := PULSE.match(line):
            self.inputs = int(match[1])
        if match := STATISTIC.match(line):
            self.statistics[match[1]] = int(match[2])
            self.inputs = self.statistics.get("number_of_executed_units", self.inputs)
        self.output = [*self.output, line.rstrip()][-LAST_LINES:]

    def row(self):
        rate = self.inputs / self.seconds if self.seconds else 0
        memory, new = (self.statistics.get(name, 0) for name in ("peak_rss_mb", "new_units_added"))
        result = "ok" if self.status == 0 else "FAILED"
        return f"{self.target:<20}{self.inputs:>11,}{rate:>10,.0f}{memory:>10,}{new:>8,}  {result}"


def folders(target):
    """Where new inputs of the target go, and where its committed ones are."""
    new = BUILD / "corpus" / target
    new.mkdir(parents=True, exist_ok=True)
    (BUILD / "findings").mkdir(exist_ok=True)
    return new, COMMITTED / target


def fuzz(run, inputs):
    for finding in run.findings:
        finding.unlink()
    command = [
        PROGRAM, run.target, f"-runs={inputs}", f"-max_len={MAXIMUM_BYTES}", f"-rss_limit_mb={MAXIMUM_MEGABYTES}",
        f"-timeout={MAXIMUM_SECONDS}", "-print_final_stats=1", f"-artifact_prefix={BUILD}/findings/{run.target}-",
        *folders(run.target),
    ]
    start = time.monotonic()
    process = subprocess.Popen(
        command, env=ENVIRONMENT, text=True, errors="replace", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    for line in process.stderr:
        run.take(line)
        run.seconds = time.monotonic() - start
    run.status = process.wait()
    run.seconds = time.monotonic() - start
    return run


def show_progress(runs, is_over):
    """The running target: always on the same line of a terminal, otherwise periodically."""
    is_terminal = sys.stderr.isatty()
    while not is_over.wait(1 if is_terminal else 30):
        active = ", ".join(f"{run.target} {run.inputs:,}" for run in runs if run.seconds and run.status is None)
        done = sum(run.status is not None for run in runs)
        line = f"{done} of {len(runs)} targets done; {active}"
        print(CLEAR_LINE + line[:110] if is_terminal else line, end="" if is_terminal else "\n", file=sys.stderr, flush=True)
    print(CLEAR_LINE, end="", file=sys.stderr)


def run_all(targets, inputs, jobs):
    runs, is_over = [Run(target) for target in targets], threading.Event()
    progress = threading.Thread(target=show_progress, args=(runs, is_over), daemon=True)
    progress.start()
    print(f"{'target':<20}{'inputs':>11}{'per s':>10}{'peak MB':>10}{'new':>8}", flush=True)
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for future in concurrent.futures.as_completed([pool.submit(fuzz, run, inputs) for run in runs]):
            print(CLEAR_LINE + future.result().row(), flush=True)
    is_over.set()
    progress.join()
    failed = [run for run in runs if run.status != 0]
    for run in failed:
        print(f"\n{run.target}:", *run.output, sep="\n  ")
        for finding in run.findings:
            print(f"Repeat it: {PROGRAM} {run.target} {finding}")
    return 1 if failed else 0


def keep(target):
    """Adds to the committed corpus what reaches something new, the longest first: they reach most."""
    new, committed = folders(target)
    with tempfile.TemporaryDirectory() as folder:
        # What is committed is there already, so that of equals it stays.
        for path in committed.iterdir():
            shutil.copy(path, folder)
        known = {path.read_bytes() for path in committed.iterdir()}
        command = [PROGRAM, target, "-merge=1", f"-max_len={MAXIMUM_BYTES}", folder, new]
        subprocess.run(command, env=ENVIRONMENT, check=True, stderr=subprocess.DEVNULL)
        found = [path for path in pathlib.Path(folder).iterdir() if path.read_bytes() not in known]
        short = [path for path in found if path.stat().st_size <= KEPT_BYTES]
        kept = sorted(short, key=lambda path: path.stat().st_size)[-KEPT_FILES:]
        for path in kept:
            shutil.copy(path, committed / path.name[:12])
    print(f"{target}: {len(kept)} of {len(found)} kept", flush=True)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--runs", type=int, default=1_000_000, help="inputs for each target")
    arguments.add_argument("--jobs", type=int, default=os.cpu_count(), help="targets at one time")
    arguments.add_argument("--keep", action="store_true", help="add to the committed corpus instead")
    arguments.add_argument("target", nargs="*")
    options = arguments.parse_args()
    os.chdir(ROOT)
    known = subprocess.run([PROGRAM], check=True, capture_output=True, text=True).stdout.split()
    for target in options.target:
        if target not in known:
            arguments.error(f"there is no target {target}; there are {', '.join(known)}")
    targets = options.target or known
    if options.keep:
        for target in targets:
            keep(target)
        return 0
    return run_all(targets, options.runs, options.jobs)


if __name__ == "__main__":
    sys.exit(main())
