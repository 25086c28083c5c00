#!/usr/bin/env python3
"""Checks the documents: every link inside the repository leads somewhere, headings included; every page in docs/ can be reached
from docs/README.md; and what commands name is there: make targets, files, and values of the chart. Blocks of
values for the chart are rendered. On the pages that promise security, every suite and every test that is named exists. The
index of plugins is valid, and its page made from it.

Usage: check-docs.py [--programs DIRECTORY]

With --programs, also every option of this project's programs, against what their help says, and every GeneralScaler, by
`generalscaler validate`.
"""

import pathlib
import re
import shlex
import subprocess
import sys

import yaml

import plugin_index
from chart import CHART, ROOT, render
from helm_python.errors import HelmError

LINK = re.compile(r"(?<!!)\[(?:[^\]\[]|\[[^\]]*\])*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
CHART_VALUES = set(yaml.safe_load((CHART / "values.yaml").read_text()))
# Where blocks of YAML with the names of values are values, and not a plugins.yaml.
VALUES_PAGES = {"install.md", "ship-a-plugin.md", "tls.md"}
PROGRAMS = {"generalscaler", "generalscaler-dev", "plugin-check"}
# Each promise on these names the tests that attack it.
PROMISE_PAGES = [ROOT / "docs/explanation/threat-model.md", ROOT / "docs/explanation/sandbox.md"]


def pages():
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    # The files that new-plugin writes refer to the plugin's own directory.
    return [ROOT / name for name in names if name and "Resources/new-plugin" not in name and (ROOT / name).exists()]


def without_code(text):
    return re.sub(r"^```.*?^```", "", text, flags=re.S | re.M)


def anchors(page):
    """The anchors of a page's headings, as GitHub makes them."""
    found = set()
    for heading in re.findall(r"^#+ (.+)$", without_code(page.read_text()), flags=re.M):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        anchor = re.sub(r"[^\w\- ]", "", text.lower()).strip().replace(" ", "-")
        number = 0
        while (anchor if number == 0 else f"{anchor}-{number}") in found:
            number += 1
        found.add(anchor if number == 0 else f"{anchor}-{number}")
    return found


def links(page):
    text = re.sub(r"`[^`\n]*`", "", without_code(page.read_text()))
    for match in LINK.finditer(text):
        yield match[1] or match[2]


def check_links(page):
    for link in links(page):
        if re.match(r"(https?|mailto):", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists():
            yield f"the link {link} leads nowhere"
        elif anchor and target.suffix == ".md" and anchor not in anchors(target):
            yield f"the link {link} leads to no heading"


def check_reachable(all_pages):
    """A page that nothing leads to is not read."""
    reached, left = set(), [ROOT / "docs/README.md"]
    while left:
        page = left.pop()
        if page in reached or not page.is_file():
            continue
        reached.add(page)
        if page.suffix == ".md":
            left += ((page.parent / link.partition("#")[0]).resolve() for link in links(page) if "://" not in link)
    for page in all_pages:
        if ROOT / "docs" in page.parents and page not in reached:
            yield f"{page.relative_to(ROOT)}: no page leads here from docs/README.md"


def commands(page):
    """The commands in a page's code blocks, as lists of words."""
    for block in re.findall(r"^ *```(?:sh|console|bash)?\n(.*?)^ *```", page.read_text(), flags=re.S | re.M):
        for line in re.sub(r"\\\n\s*", " ", block).splitlines():
            for part in re.split(r"(?<=\s)[|;](?=\s)|&&|<<", line):
                try:
                    words = shlex.split(part.strip().removeprefix("$ "), comments=True)
                except ValueError:
                    continue
                if words:
                    yield words


def check_command(words, targets, options):
    program = words[0].rsplit("/", 1)[-1]
    if program == "make":
        for word in words[1:]:
            if "=" not in word and word not in targets:
                yield f"make has no target {word}"
    if program == "kubectl" and "-f" in words:
        for name, value in zip(words, words[1:]):
            if name == "-f" and value.startswith(("deploy/", "examples/")) and not (ROOT / value).exists():
                yield f"there is no {value}"
    if program == "helm" and "charts/generalscaler" in words:
        yield from check_helm(words)
    if program == "docker" and words[1] == "build" and "--file" in words:
        if not (ROOT / words[words.index("--file") + 1]).exists():
            yield f"there is no {words[words.index('--file') + 1]}"
    if program in PROGRAMS and options is not None:
        yield from check_options(program, words[1:], options)


def check_helm(words):
    """Values that are set are values of the chart, and of the right kind."""
    values = {}
    for name, value in zip(words, words[1:]):
        if name == "--set":
            path, _, text = value.partition("=")
            node = values
            *parents, last = path.split(".")
            for part in parents:
                node = node.setdefault(part, {})
            node[last] = {"true": True, "false": False}.get(text, text)
    try:
        render(values)
    except HelmError as error:
        yield f"the chart refuses {' '.join(words)}: {error}"


def check_blocks(page, directory):
    """The page's YAML: values are rendered, and GeneralScalers validated."""
    blocks = re.findall(r"^```yaml\n(.*?)^```", page.read_text(), flags=re.S | re.M)
    for document in (document for block in blocks for document in yaml.safe_load_all(block)):
        if not isinstance(document, dict):
            continue
        metrics = document.get("metrics")
        if isinstance(metrics, list):
            # A part of one: what is around it does not matter.
            spec = {"targetDeployment": "web", "maxReplicas": 2, "metrics": metrics}
            document = {"apiVersion": "autoscaling.example.com/v1", "kind": "GeneralScaler", "metadata": {"name": "part"},
                        "spec": spec}
        elif set(document) <= CHART_VALUES and page.name in VALUES_PAGES:
            try:
                render(document)
            except HelmError as error:
                yield f"the chart refuses the values {sorted(document)}: {error}"
        if document.get("kind") == "GeneralScaler" and directory:
            command = [directory / "generalscaler", "validate", "--without-plugins", "-f", "-"]
            result = subprocess.run(command, input=yaml.safe_dump(document), capture_output=True, text=True)
            if result.returncode:
                yield f"GeneralScaler {document['metadata']['name']}: {result.stdout}{result.stderr}".rstrip()


def check_options(program, words, options):
    command = words[0] if words and (program, words[0]) in options else ""
    known = options[program, command]
    for word in words[1:] if command else words:
        # What stands after a plugin's path is the plugin's.
        if word.startswith("-") and word != "-" and not re.match(r"^-?\d", word):
            if word.partition("=")[0] not in known:
                yield f"{program} {command} has no option {word}"


def test_titles():
    """The titles of tests by the suite or file that they are in."""
    suites = {}
    for file in sorted((ROOT / "Tests").rglob("*Tests.swift")):
        text = file.read_text()
        titles = [a or b for a, b in re.findall(r'@Test\(\s*"((?:[^"\\]|\\.)*)"|func `([^`]+)`', text)]
        for suite in {file.stem, *re.findall(r"^ *(?:struct|final class) (\w+Tests)\b", text, flags=re.M)}:
            suites.setdefault(suite, []).extend(titles)
    for file in (ROOT / "Tests").rglob("test_*.py"):
        names = re.findall(r"def test_(\w+)", file.read_text())
        suites[file.name] = [name.replace("_", " ") for name in names]
    return suites


def check_promises(page, suites):
    """`SomeTests` is a suite, and in "`SomeTests`: this; that" both are the beginning of the title of one of its tests."""
    for part in re.split(r"\n\n|\n- |\|", without_code(page.read_text())):
        for suite, titles in re.findall(r"`(\w+Tests|test_\w+\.py)`(?:: ([^`]*))?", " ".join(part.split())):
            if suite not in suites:
                yield f"there is no suite {suite}"
                continue
            for title in re.split(r"; |\. |[.,;]? *$", titles):
                if title and not any(known.startswith(title) for known in suites[suite]):
                    yield f"{suite} has no test whose title begins with: {title}"


def help_options(directory):
    """(program, command) to the options that its help lists."""
    found = {}
    for program in PROGRAMS:
        def text(*arguments):
            command = [directory / program, "help", *arguments]
            return subprocess.run(command, check=True, capture_output=True, text=True).stdout

        overview = text()
        found[program, ""] = set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", overview))
        for name in re.findall(r"^  ([a-z-]+) {2,}", overview.partition("SUBCOMMANDS:")[2], flags=re.M):
            found[program, name] = set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", text(name)))
    return found


def main():
    options, directory = None, None
    if sys.argv[1:2] == ["--programs"]:
        directory = pathlib.Path(sys.argv[2]).resolve()
        options = help_options(directory)
    targets = set(re.findall(r"^([a-z][a-z0-9-]*):", (ROOT / "Makefile").read_text(), flags=re.M))
    all_pages, count, errors = pages(), 0, []
    errors += check_reachable(all_pages)
    errors += plugin_index.check(directory)
    for page in all_pages:
        name = page.relative_to(ROOT)
        errors += (f"{name}: {error}" for error in check_links(page))
        errors += (f"{name}: {error}" for error in check_blocks(page, directory))
        for words in commands(page):
            count += 1
            errors += (f"{name}: {error}" for error in check_command(words, targets, options))
    suites = test_titles()
    for page in PROMISE_PAGES:
        errors += (f"{page.relative_to(ROOT)}: {error}" for error in check_promises(page, suites))
    for error in errors:
        print(error, file=sys.stderr)
    if not errors:
        print(f"{len(all_pages)} pages: every link leads somewhere, and {count} commands name what is there")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
