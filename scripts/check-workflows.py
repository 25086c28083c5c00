#!/usr/bin/env python3
"""Checks the workflows beyond their schema: every action of others is pinned to a commit, with its version beside it; what a
job needs and what an expression refers to is there; and shellcheck accepts every script.

Usage: scripts/check-workflows.py [FILE ...]
"""

import pathlib
import re
import subprocess
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
PINNED = re.compile(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}")


def check_pins(text):
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(r"\s*(- )?uses: ", line) and not re.search(r"uses: \./", line) and not PINNED.search(line):
            yield f"line {number}: pin it as `uses: OWNER/NAME@COMMIT # vX.Y.Z`: {line.strip()}"


def outputs(workflow, name):
    """The outputs of a job; None if they are those of a workflow that it calls."""
    job = workflow["jobs"][name]
    return None if "uses" in job else job.get("outputs", {})


def check_references(workflow):
    """`needs` and the expressions that refer to other jobs and steps."""
    for name, job in workflow["jobs"].items():
        needs = job.get("needs", [])
        needs = [needs] if isinstance(needs, str) else needs
        yield from (f"{name} needs {other}, which is no job" for other in needs if other not in workflow["jobs"])
        steps = {step["id"] for step in job.get("steps", []) if "id" in step}
        for expression in EXPRESSION.findall(yaml.safe_dump(job, width=1000000)):
            for other, output in re.findall(r"\bneeds\.([\w-]+)\.outputs\.([\w-]+)", expression):
                if other not in needs:
                    yield f"{name} refers to {other}, which it does not need"
                elif (known := outputs(workflow, other)) is not None and output not in known:
                    yield f"{name} refers to {other}'s output {output}, which it does not have"
            for step in re.findall(r"\bsteps\.([\w-]+)\.", expression):
                if step not in steps:
                    yield f"{name} refers to the step {step}, which it does not have"


def scripts(document):
    """(name, script) of every `run`."""
    jobs = document.get("jobs", {"": document.get("runs", {})})
    for name, job in jobs.items():
        for step in job.get("steps", []):
            if "run" in step:
                yield step.get("name", name), step["run"]


def check_scripts(document):
    for name, script in scripts(document):
        if EXPRESSION.search(script):
            yield f"{name}: an expression in a script is read as code: pass it in env"
            continue
        # The runner sets -e too. Files that a script reads are checked on their own.
        command = ["shellcheck", "--shell=bash", "--format=gcc", "--exclude=SC1091,SC2148", "-"]
        result = subprocess.run(command, input=f"set -e\n{script}", capture_output=True, text=True)
        yield from (f"{name}: {line}" for line in result.stdout.splitlines())


def check(text):
    document = yaml.safe_load(text)
    yield from check_pins(text)
    if "jobs" in document:
        yield from check_references(document)
    yield from check_scripts(document)


def main():
    files = [pathlib.Path(name) for name in sys.argv[1:]] or sorted(
        [*ROOT.glob(".github/workflows/*.yml"), *ROOT.glob(".github/actions/*/action.yml")])
    errors = [f"{file}: {error}" for file in files for error in check(file.read_text())]
    for error in errors:
        print(error, file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
