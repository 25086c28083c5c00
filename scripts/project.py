#!/usr/bin/env python3
"""Writes the names of scripts/project.env into the files that need them.

Usage: scripts/project.py [--check]

With --check it writes nothing, and fails where a file has another name than project.env, or where a name is in a file that
this script does not know: it would stay behind when the name changes.
"""

import pathlib
import re
import subprocess
import sys
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent
NAMES_FILE = "scripts/project.env"
KEYS = {"REPOSITORY_URL", "IMAGE", "CHART_REPOSITORY", "RUNBOOKS_URL", "GO_MODULE"}

# The place of a name: the file, and the pattern of the text around it. ACTION is the repository as `uses` names it.
ACTION_USE = r"uses: (\S+)/\.github/actions/plugin-check@"
GO_IMPORT = r'^\tplugin "(\S+)"$'
PLACES = [
    ("charts/generalscaler/Chart.yaml", r"^home: (\S+)$", "REPOSITORY_URL"),
    ("charts/generalscaler/Chart.yaml", r"^sources: \[(\S+)\]$", "REPOSITORY_URL"),
    ("charts/generalscaler/values.yaml", r"^  repository: (\S+)$", "IMAGE"),
    ("charts/generalscaler/values.yaml", r"^    runbookBaseURL: (\S+)$", "RUNBOOKS_URL"),
    ("docs/how-to/ship-a-plugin.md", ACTION_USE, "ACTION"),
    ("docs/tutorials/first-plugin.md", GO_IMPORT, "GO_MODULE"),
    ("examples/plugins/.github/workflows/check.yml", ACTION_USE, "ACTION"),
    ("sdk/go/README.md", GO_IMPORT, "GO_MODULE"),
    ("sdk/go/README.md", r"`go doc -all (\S+)`", "GO_MODULE"),
    ("sdk/go/go.mod", r"^module (\S+)$", "GO_MODULE"),
    ("sdk/go/internal/vectorplugin/main.go", GO_IMPORT, "GO_MODULE"),
    ("sdk/go/plugin_test.go", GO_IMPORT, "GO_MODULE"),
    ("sdk/go/plugin_test.go", r'^\t"(\S+)/plugintest"$', "GO_MODULE"),
    ("sdk/go/plugintest/host.go", GO_IMPORT, "GO_MODULE"),
    ("Sources/Tools/generalscaler-dev/Resources/new-plugin/go-mod.template", r"^require (\S+) v", "GO_MODULE"),
    ("Sources/Tools/generalscaler-dev/Resources/new-plugin/go-mod.template", r"^replace (\S+) =>", "GO_MODULE"),
    ("Sources/Tools/generalscaler-dev/Resources/new-plugin/go.template", GO_IMPORT, "GO_MODULE"),
]
# What scripts/make-manifests.py makes from the chart.
GENERATED = {"deploy/operator.yaml", "docs/reference/chart-values.md"}


def read_names(text):
    """The names of project.env, and those that follow from them."""
    names = dict(line.split("=", 1) for line in text.splitlines() if line.strip() and not line.startswith("#"))
    if names.keys() != KEYS:
        raise SystemExit(f"{NAMES_FILE}: has {sorted(names)}, not {sorted(KEYS)}")
    for key, value in names.items():
        # A shell reads the file too.
        if not re.fullmatch(r"[A-Za-z0-9./:_-]*[A-Za-z0-9]", value) or ("://" in value) != key.endswith("_URL"):
            form = "an absolute URL" if key.endswith("_URL") else "a name without a scheme"
            raise SystemExit(f"{NAMES_FILE}: {key} must be {form}, without a slash at the end or blanks, and is '{value}'")
    return {**names, "ACTION": urllib.parse.urlsplit(names["REPOSITORY_URL"]).path.strip("/")}


def with_names(path, text, names):
    """The text with the names in every place that the file has."""
    for file, pattern, key in PLACES:
        if file == path:
            text, count = re.subn(pattern, lambda match: named(match, names[key]), text, flags=re.M)
            if not count:
                raise SystemExit(f"{path}: has no match of {pattern}, which scripts/project.py expects there")
    return text


def named(match, name):
    whole, start = match[0], match.start()
    return whole[:match.start(1) - start] + name + whole[match.end(1) - start:]


def strays(files, names):
    """Names in files that would not follow. `files` has the text of each file, without what is in a known place."""
    known = {re.sub(r"^[a-z]+://", "", name) for name in names.values()}
    pattern = re.compile(r"(?<![\w.-])(?:" + "|".join(re.escape(name) for name in sorted(known, key=len, reverse=True)) + r")(?![\w.-]*\w)")
    for path, text in files.items():
        for number, line in enumerate(text.splitlines(), 1):
            if match := pattern.search(line):
                yield (f"{path}:{number}: has the name {match[0]}, which {NAMES_FILE} defines: read it from there, or add the "
                       "place to scripts/project.py")


def tracked():
    """The text of every tracked file."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout.decode()
    for path in listed.split("\0"):
        if path and (ROOT / path).is_file() and path not in GENERATED and path != NAMES_FILE:
            data = (ROOT / path).read_bytes()
            if b"\0" not in data:
                yield path, data.decode("utf-8", errors="replace")


def main():
    names = read_names((ROOT / NAMES_FILE).read_text())
    files = {path: (ROOT / path).read_text() for path in dict.fromkeys(path for path, _, _ in PLACES)}
    stale = {path: text for path, old in files.items() if (text := with_names(path, old, names)) != old}
    if sys.argv[1:] != ["--check"]:
        for path, text in stale.items():
            (ROOT / path).write_text(text)
            print(f"wrote {path}")
        return 0
    blank = dict.fromkeys(names, "")
    without = {path: with_names(path, text, blank) if path in files else text for path, text in tracked()}
    errors = [f"{path}: has other names than {NAMES_FILE}: run make manifests" for path in stale] + [*strays(without, names)]
    for error in errors:
        print(error, file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
