#!/usr/bin/env python3
"""Checks every tracked text file: its length, that it names no path that only one machine has, and that no folder has too many
Swift files.

Usage: scripts/check-files.py [--self-test]
"""

import collections
import pathlib
import re
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent

# A longer file holds more than one thing. Recorded data may be longer.
MAXIMUM_LINES = 600
# A folder with more needs subfolders.
MAXIMUM_SWIFT_FILES = 15
# One object, which cannot be split.
WHOLE = {"crd.yaml"}
# Bytes for parsers to stumble over.
FUZZ_CORPUS = pathlib.PurePath("Tests/Fuzzing/Corpus")
DATA_SUFFIXES = {".csv", ".json", ".jsonl"}
MACHINE_PATH = re.compile(r"(?<![\w.-])/(?:work|root|farm)(?![\w-])")


def errors(path, data):
    """What is wrong with the file at `path` that holds the bytes `data`."""
    if b"\0" in data or FUZZ_CORPUS in pathlib.PurePath(path).parents:
        return
    lines = data.decode("utf-8").splitlines()
    name = pathlib.PurePath(path)
    if len(lines) > MAXIMUM_LINES and name.suffix not in DATA_SUFFIXES and name.name not in WHOLE:
        yield f"{path}: {len(lines)} lines, more than {MAXIMUM_LINES}: split it"
    for number, line in enumerate(lines, 1):
        if match := MACHINE_PATH.search(line):
            yield f"{path}:{number}: names {match.group()}, a path of one machine"


def folder_errors(paths):
    """The folders of `paths` that contain too many Swift files."""
    folders = collections.Counter(
        pathlib.PurePath(path).parent for path in paths if pathlib.PurePath(path).suffix == ".swift"
    )
    for folder, count in sorted(folders.items()):
        if count > MAXIMUM_SWIFT_FILES:
            yield f"{folder}: {count} Swift files, more than {MAXIMUM_SWIFT_FILES}: sort them into subfolders"


class SelfTest(unittest.TestCase):
    def test_length(self):
        self.assertEqual([*errors("a.swift", b"a\n" * MAXIMUM_LINES)], [])
        self.assertEqual(len([*errors("a.swift", b"a\n" * (MAXIMUM_LINES + 1))]), 1)
        self.assertEqual([*errors("a.json", b"a\n" * (MAXIMUM_LINES + 1))], [])
        self.assertEqual([*errors("deploy/crd.yaml", b"a\n" * (MAXIMUM_LINES + 1))], [])
        self.assertEqual(len([*errors("crd.yaml.txt", b"a\n" * (MAXIMUM_LINES + 1))]), 1)

    def test_what_is_no_text(self):
        for path in ["image.png", "Tests/Fuzzing/Corpus/json/broken"]:
            self.assertEqual([*errors(path, b"\0\xff" if path.endswith("png") else b"\xff")], [], path)

    def test_machine_paths(self):
        slash = b"/"
        for text in [b"%cwork/a", b'"%croot"', b"see %cfarm/x", b"file://%cwork"]:
            self.assertEqual(len([*errors("a.md", text % slash)]), 1, text)
        for text in [b"net%cwork", b"%cworkers", b"%cetc", b"a%cwork/b", b"\0%cwork"]:
            self.assertEqual([*errors("a.md", text % slash)], [], text)

    def test_folders(self):
        paths = [f"Sources/A/{number}.swift" for number in range(MAXIMUM_SWIFT_FILES)]
        self.assertEqual([*folder_errors([*paths, "Sources/A/B/1.swift", "Sources/A/1.txt", "Sources/1.swift"])], [])
        self.assertEqual(len([*folder_errors([*paths, "Sources/A/more.swift"])]), 1)


def main():
    if "--self-test" in sys.argv[1:]:
        return unittest.main(argv=sys.argv[:1], verbosity=0)
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    tracked = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout.decode()
    paths = [path for path in tracked.split("\0") if path and (ROOT / path).is_file()]
    found = [error for path in paths for error in errors(path, (ROOT / path).read_bytes())]
    found += folder_errors(paths)
    for error in found:
        print(error, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
