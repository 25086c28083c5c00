#!/usr/bin/env python3
"""Checks the wording of everything a person reads: documents, comments, string literals, help texts and test titles, against
the word list in scripts/prose.tsv. A hit prints the file, the line and what to write instead. There are no exceptions:
reword the sentence.

Usage: scripts/check-prose.py [--self-test] [PATH...]
"""

import io
import pathlib
import re
import subprocess
import sys
import tokenize
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORD_LIST = ROOT / "scripts/prose.tsv"
# Input for parsers, and text that is not ours.
EXCLUDED = ("Tests/Fuzzing/Corpus/", "LICENSE", "scripts/prose.tsv", "scripts/check-prose.py", "Sources/CLinux/include/landlock.h")
WHOLE_TEXT = {".yaml", ".yml", ".json", ".tpl", ".txt", ".html", ".template", ".toml", ".tutorial"}
SWIFT_PIECE = re.compile(
    r'(?P<line>//[^\n]*)|(?P<block>/\*.*?\*/)|(?P<raw>#+"{3}.*?"{3}#+|#"[^\n]*?"#)|(?P<multi>"{3}.*?"{3})|(?P<text>"(?:\\.|[^"\\\n])*")',
    re.S,
)
SHELL_PIECE = re.compile(r"""(?P<comment>(?:^|(?<=\s))#[^\n]*)|(?P<double>"(?:\\.|[^"\\])*")|(?P<single>'[^']*')""", re.M)
# A title is read alone, in a list: it starts in lower case, and with the thing that it is about.
TITLE = re.compile(r'@Test\(\s*"((?:\\.|[^"\\\n])*)"')
# A title has one place.
RAW_TITLE = re.compile(r"\bfunc `([^`\n]+)`")
UNCLEAR_START = re.compile(r"(it|that|this|what|one|nor|so|they|those|these)\b", re.I)
HEADING = re.compile(r"^#+ +(.*)$", re.M)


def rules():
    for line in WORD_LIST.read_text().splitlines():
        if line and not line.startswith("#"):
            pattern, advice = line.split("\t")
            # A line break or a comment marker may stand between two words.
            yield re.compile(pattern.replace(" ", r"(?:\s|//+|[*#])+"), re.I), advice


def blank(match):
    return re.sub(r"[^\n]", " ", match.group())


def prose(path, text):
    """The text with everything blanked that no person reads as prose; line breaks stay where they are."""
    suffix = pathlib.PurePath(path).suffix
    if suffix == ".md":
        text = re.sub(r"^ *```.*?^ *```", blank, text, flags=re.S | re.M)
        return re.sub(r"``[^\n]+?``|`[^`\n]+`|\]\([^)\s]+\)", blank, text)
    if suffix in (".swift", ".c", ".h"):
        return only(SWIFT_PIECE.finditer(text), text)
    if suffix == ".py":
        return only_python(text)
    if suffix == ".sh" or pathlib.PurePath(path).name in ("Makefile", "Dockerfile", "run"):
        return only(SHELL_PIECE.finditer(text), text)
    return text if suffix in WHOLE_TEXT else re.sub(r"[^\n]", " ", text)


def only(matches, text):
    kept = list(re.sub(r"[^\n]", " ", text))
    for match in matches:
        piece = match.group()
        if piece.startswith("//"):
            piece = re.sub(r"`[^`\n]*`", blank, piece)
        elif piece.startswith('"'):
            piece = re.sub(r"\\\([^()\n]*(?:\([^()\n]*\)[^()\n]*)*\)", blank, piece)
        kept[match.start():match.end()] = piece
    return "".join(kept)


def only_python(text):
    lines = [" " * len(line) for line in text.split("\n")]
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in (tokenize.STRING, tokenize.COMMENT, getattr(tokenize, "FSTRING_MIDDLE", -1)):
            continue
        for offset, piece in enumerate(token.string.split("\n")):
            row = token.start[0] - 1 + offset
            column = token.start[1] if offset == 0 else 0
            lines[row] = lines[row][:column] + piece + lines[row][column + len(piece):]
    return "\n".join(lines)


def errors(path, text, patterns):
    readable = prose(path, text)
    for pattern, advice in patterns:
        for match in pattern.finditer(readable):
            yield line_of(readable, match.start()), f'"{" ".join(match.group().split())}": write: {advice}'
    if path.endswith(".swift"):
        for match in TITLE.finditer(text):
            title = match[1]
            if re.match(r"[A-Z][a-z ]", title):
                yield line_of(text, match.start()), f'test title "{title}": start in lower case'
            if UNCLEAR_START.match(title):
                yield line_of(text, match.start()), f'test title "{title}": name the thing first'
        for match in RAW_TITLE.finditer(text):
            yield line_of(text, match.start()), f'test `{match[1]}`: write @Test("{match[1]}") and a short name'
    if path.endswith(".md"):
        for match in HEADING.finditer(readable):
            if UNCLEAR_START.match(match[1]):
                yield line_of(readable, match.start()), f'heading "{match[1]}": use a noun phrase or an imperative'


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


class SelfTest(unittest.TestCase):
    def found(self, path, text):
        return [line for line, _ in sorted(errors(path, text, [*rules()]))]

    def test_each_kind_of_file(self):
        for path, text in [
            ("a.md", "Fine.\nTo be mended.\n"), ("a.swift", "let mend = 1\n// to be mended\n"),
            ("a.swift", 'let a =\n    "it is mended \\(mend(1))"\n'), ("a.py", "mend = 1\n# mended\n"),
            ("a.sh", "mend=1\necho \"mended\"\n"), ("a.yaml", "a: 1\nb: mended\n"), ("a.c", "int mend;\n/* mended */\n"),
        ]:
            self.assertEqual(self.found(path, text), [2], path)

    def test_code_is_no_prose(self):
        for path, text in [
            ("a.md", "`mend`\n```\nmend\n```\n"), ("a.swift", "func mend() {}\n/// Calls `mend()`.\n"),
            ("a.swift", 'let a = "\\(mend)"'), ("a.py", "mend = mended()\n"), ("a.png", "mend"),
        ]:
            self.assertEqual(self.found(path, text), [], path)

    def test_words_across_lines(self):
        self.assertEqual(self.found("a.swift", "/// The namespaces that it looks\n/// after.\n"), [1])

    def test_titles_and_headings(self):
        self.assertEqual(self.found("a.swift", '@Test("Upper case")\n@Test("a value is read")\n@Test("nor that")\n'), [1, 3])
        self.assertEqual(self.found("a.swift", "@Test\nfunc `a value is read`() {}\n"), [2])
        self.assertEqual(self.found("a.md", "# What is left\n\n## Limitations\n"), [1])


def main():
    if sys.argv[1:2] == ["--self-test"]:
        return unittest.main(argv=sys.argv[:1], verbosity=0)
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *sys.argv[1:]]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    patterns, count = [*rules()], 0
    for path in sorted({path for path in listed if path and not path.startswith(EXCLUDED)}):
        try:
            text = (ROOT / path).read_text()
        except (UnicodeDecodeError, FileNotFoundError):
            continue
        for line, error in sorted(errors(path, text, patterns)):
            count += 1
            print(f"{path}:{line}: {error}", file=sys.stderr)
    if count:
        print(f"{count} wordings to replace", file=sys.stderr)
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
