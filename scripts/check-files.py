#!/usr/bin/env python3
"""Checks every tracked text file: its length, the length of its functions, that it names no path that only one machine has,
and that no folder has too many Swift files.

Usage: scripts/check-files.py [--self-test]
"""

import ast
import collections
import pathlib
import re
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent

# A longer file holds more than one thing. Recorded data may be longer.
MAXIMUM_LINES = 600
# Code; a list of literals in it is data. A manifest such as Package.swift is mostly data.
MAXIMUM_CODE_LINES = 400
CODE_SUFFIXES = {".c", ".h", ".py", ".sh", ".swift"}
MAXIMUM_FUNCTION_LINES = 60
# A folder with more needs subfolders.
MAXIMUM_SWIFT_FILES = 15
# One object, which cannot be split.
WHOLE = {"crd.yaml"}
# Bytes for parsers to stumble over.
FUZZ_CORPUS = pathlib.PurePath("Tests/Fuzzing/Corpus")
DATA_SUFFIXES = {".csv", ".json", ".jsonl"}
SWIFT_TEXT = re.compile(
    r'//[^\n]*|/\*.*?\*/|(?P<hashes>#+)"{3}.*?"{3}(?P=hashes)|#+"[^\n]*?"#+|"{3}.*?"{3}|"(?:\\.|[^"\\\n])*"|`[^`\n]+`', re.S
)
SWIFT_FUNCTION = re.compile(
    r"(?<![\w.])(?:(?:func\s+(?P<name>[^\s(<]+)|(?P<init>init)[?!]?|(?P<subscript>subscript))(?=\s*[(<])|(?P<deinit>deinit)(?=\s*\{)"
    r"|var\s+(?P<property>\w+)\s*:[^={}\n]*(?=\{))"
)
# What stands at depth 0 between a declaration without a body, in a protocol, and the next.
NEXT_DECLARATION = re.compile(r"\b(?:func|init|var|let|subscript|associatedtype|extension|struct|enum|class)\b|\n\s*\n")
PAIRS = {"(": ")", "[": "]", "{": "}"}
MACHINE_PATH = re.compile(r"(?<![\w.-])/(?:work|root|farm)(?![\w-])")


def errors(path, data):
    """What is wrong with the file at `path` that holds the bytes `data`."""
    if b"\0" in data or FUZZ_CORPUS in pathlib.PurePath(path).parents:
        return
    lines = data.decode("utf-8").splitlines()
    name = pathlib.PurePath(path)
    if name.suffix in CODE_SUFFIXES:
        yield from code_errors(path, name.suffix, data.decode("utf-8"), len(lines))
    if len(lines) > MAXIMUM_LINES and name.suffix not in DATA_SUFFIXES and name.name not in WHOLE:
        yield f"{path}: {len(lines)} lines, more than {MAXIMUM_LINES}: split it"
    for number, line in enumerate(lines, 1):
        if match := MACHINE_PATH.search(line):
            yield f"{path}:{number}: names {match.group()}, a path of one machine"


def code_errors(path, suffix, text, count):
    """What is too long in a source file."""
    if suffix == ".swift":
        code = without_text(text)
        count -= data_lines(code)
        functions = swift_functions(code)
    else:
        functions = python_functions(text) if suffix == ".py" else []
    if count > MAXIMUM_CODE_LINES:
        yield f"{path}: {count} lines of code, more than {MAXIMUM_CODE_LINES}: split it"
    for name, line, length in functions:
        if length > MAXIMUM_FUNCTION_LINES:
            yield f"{path}:{line}: {name} has {length} lines, more than {MAXIMUM_FUNCTION_LINES}: split it"


def without_text(code):
    """Swift code with its comments and strings blanked, which may contain brackets."""
    return SWIFT_TEXT.sub(lambda match: re.sub(r"[^\n]", "_", match.group()), code)


def end_of(code, start):
    """The offset of the bracket that closes the one at `start`."""
    expected = []
    for offset in range(start, len(code)):
        if code[offset] in PAIRS:
            expected.append(PAIRS[code[offset]])
        elif expected and code[offset] == expected[-1]:
            expected.pop()
            if not expected:
                return offset
    return len(code)


def data_lines(code):
    """The lines within list literals that contain no closure."""
    lines, end = 0, 0
    for match in re.finditer(r"\[(?=\n)", code):
        if match.start() >= end:
            close = end_of(code, match.start())
            if "{" not in code[match.start():close]:
                end = close
                lines += max(0, code.count("\n", match.start(), close) - 1)
    return lines


def swift_functions(code):
    """The name, first line and number of lines of each function, initializer and computed property."""
    for match in SWIFT_FUNCTION.finditer(code):
        offset = match.end()
        while offset < len(code) and code[offset] not in "{}" and not NEXT_DECLARATION.match(code, offset):
            offset = end_of(code, offset) + 1 if code[offset] in "([" else offset + 1
        if offset < len(code) and code[offset] == "{":
            lines = code.count("\n", match.start(), end_of(code, offset)) + 1
            yield next(filter(None, match.groups())), code.count("\n", 0, match.start()) + 1, lines


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.lineno, node.end_lineno - node.lineno + 1


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
        for name, most in [("a.md", MAXIMUM_LINES), ("a.swift", MAXIMUM_CODE_LINES), ("a.py", MAXIMUM_CODE_LINES)]:
            self.assertEqual([*errors(name, b"a\n" * most)], [], name)
            self.assertEqual(len([*errors(name, b"a\n" * (most + 1))]), 1, name)
        self.assertEqual([*errors("a.json", b"a\n" * (MAXIMUM_LINES + 1))], [])
        self.assertEqual([*errors("deploy/crd.yaml", b"a\n" * (MAXIMUM_LINES + 1))], [])
        self.assertEqual(len([*errors("crd.yaml.txt", b"a\n" * (MAXIMUM_LINES + 1))]), 1)

    def test_lists_are_data(self):
        entries = '    "a",\n' * MAXIMUM_CODE_LINES
        self.assertEqual([*errors("a.swift", f"let a = [\n{entries}]\n".encode())], [])
        self.assertEqual(len([*errors("a.swift", f"let a = [\n{{ b }},{entries}]\n".encode())]), 1)
        self.assertEqual(len([*errors("a.swift", f"a(\n{entries})\n".encode())]), 1)

    def test_functions(self):
        body = "    a()\n" * (MAXIMUM_FUNCTION_LINES - 2)
        for head in [
            "func a() {", "func a(b: () -> Int = { 1 }) -> [Int] {", "init?(a: [Int] = [1]) throws(E) {", "deinit {",
            "subscript(a: Int) -> Int {", "var a: [Int] {", "func `a { b`() {", "static func == (a: A, b: A) -> Bool {",
            "func a<B>() async where B: C {",
        ]:
            self.assertEqual([*errors("a.swift", f"{head}\n{body}}}\n".encode())], [], head)
            found = [*errors("a.swift", f"\n{head}\n{body}a()\n}}\n".encode())]
            self.assertEqual([error.split()[0] for error in found], ["a.swift:2:"], head)
        longer = "a()\n" * MAXIMUM_FUNCTION_LINES
        for text in [
            f"protocol A {{\n func a()\n func b()\n}}\nenum B {{\n{longer}}}\n", f'func a() {{ "}}" }}\n{longer}',
            f"func a() {{ // {{\n}}\n{longer}", f"self.init(a)\nenum A {{\n{longer}}}\n",
        ]:
            self.assertEqual([*errors("a.swift", text.encode())], [], text[:40])
        self.assertEqual([*errors("a.py", f"def a():\n{body}    b()\n".encode())], [])
        self.assertEqual(len([*errors("a.py", f"def a():\n{body}    b()\n    c()\n".encode())]), 1)

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
