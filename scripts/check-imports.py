#!/usr/bin/env python3
"""Checks that every Swift target imports only what the architecture and Package.swift let it import.

Usage: swift package dump-package | scripts/check-imports.py
       scripts/check-imports.py --table       (prints the rows of architecture.md)
       scripts/check-imports.py --self-test

The build refuses imports that Package.swift does not list. It sees neither system modules, nor what comes in through
another module, nor whether Package.swift itself keeps to scripts/modules.tsv: this does. docs/explanation/architecture.md
shows the same table.
"""

import json
import pathlib
import re
import sys
import typing
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent

C_LIBRARY = "Glibc Musl Darwin"
SYSTEM = f"{C_LIBRARY} Dispatch Foundation FoundationEssentials Synchronization Testing XCTest"
# The modules of `@io` in the table. The whole of Foundation is large and slow to start.
RUNTIME = f"{C_LIBRARY} FoundationEssentials Synchronization"

TABLE = ROOT / "scripts/modules.tsv"
PAGE = ROOT / "docs/explanation/architecture.md"


class Module(typing.NamedTuple):
    folder: str
    # Those that it may import. Pure modules do without the system: no clock, no files, no Foundation.
    imports: list[str]
    contents: str


def read_table(text):
    """The modules of the table, by name."""
    rows = [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
    return {name: Module(folder, [] if names == "-" else names.split(), contents) for name, folder, names, contents in rows}


MODULES = read_table(TABLE.read_text())
ALLOWED = {name: " ".join(module.imports).replace("@io", RUNTIME) for name, module in MODULES.items()}


def page_rows(modules):
    """The table of architecture.md."""
    for name, module in modules.items():
        imports = ", ".join(f"`{name}`" if name in modules else name for name in module.imports if name != "@io")
        system = "system" if "@io" in module.imports else ""
        yield f"| `{name}` | {module.contents} | {'; '.join(filter(None, [imports, system])) or 'nothing'} |"


def page_errors(modules, page):
    """The rows of architecture.md are those of the table."""
    shown = [line for line in page.splitlines() if line.startswith("| `")]
    expected = [*page_rows(modules)]
    for row in expected:
        if row not in shown:
            yield f"docs/explanation/architecture.md lacks this row of scripts/modules.tsv: {row}"
    for row in shown:
        if row not in expected:
            yield f"docs/explanation/architecture.md has a row that scripts/modules.tsv does not have: {row}"


IMPORT = re.compile(
    r"^\s*(?:@\w+(?:\([^)]*\))?\s+)*"
    r"(?:(?:public|package|internal|fileprivate|private)\s+)?"
    r"import\s+(?:(?:struct|class|enum|protocol|typealias|func|let|var)\s+)?`?(\w+)"
)


def imports(source):
    """(line number, module) for each import; text in comments and in multi-line strings does not count."""
    closing = None
    for number, line in enumerate(source.splitlines(), 1):
        if closing is None and (match := IMPORT.match(line)):
            yield number, match.group(1)
        for token in re.findall(r'"""|/\*|\*/|//', line):
            if closing is None and token == "//":
                break
            if closing is None and token != "*/":
                closing = '"""' if token == '"""' else "*/"
            elif token == closing:
                closing = None


def declared(target):
    """The modules that Package.swift lists for the target. Products are named like their modules."""
    return {next(iter(dependency.values()))[0] for dependency in target["dependencies"]}


def errors(package, sources):
    """Everything that breaks a rule. `sources` gives (path, text) for each Swift file of a target."""
    names = set()
    for target in package["targets"]:
        name, files = target["name"], [*sources(target)]
        names.add(name)
        # A test may import every module that Package.swift lists for it.
        is_test = (target.get("path") or "").startswith("Tests/") or target["type"] == "test"
        # A plugin of the build is part of no program.
        if not files or target["type"] in ("system", "plugin"):
            continue
        if not is_test and name not in ALLOWED:
            yield f"Package.swift: target {name} has no row in scripts/modules.tsv"
            continue
        if not is_test and folder_of(target) != MODULES[name].folder:
            yield f"Package.swift: {name} is in {folder_of(target)}, not in {MODULES[name].folder} as scripts/modules.tsv says"
        listed, system = declared(target), set(SYSTEM.split())
        # The module of an executable `a-b` is `a_b`.
        importable = {module.replace("-", "_") for module in listed} | system
        allowed = importable | listed if is_test else set(ALLOWED[name].split())
        for module in sorted(listed - allowed):
            yield f"Package.swift: {name} must not depend on {module}"
        for path, text in files:
            for line, module in imports(text):
                if module in allowed and module in importable:
                    continue
                if module in allowed or is_test:
                    yield f"{path}:{line}: {name} imports {module}, which Package.swift does not list for it"
                else:
                    yield f"{path}:{line}: {name} must not import {module}"
    for name in sorted(ALLOWED.keys() - names):
        yield f"scripts/modules.tsv: {name} is no target"


def folder_of(target):
    return target.get("path") or f"{'Tests' if target['type'] == 'test' else 'Sources'}/{target['name']}"


def files_of(target):
    """(path, text) of the target's Swift files."""
    for path in sorted((ROOT / folder_of(target)).rglob("*.swift")):
        # The steps of a tutorial are text.
        if not any(parent.suffix == ".docc" for parent in path.parents):
            yield str(path.relative_to(ROOT)), path.read_text()


class SelfTest(unittest.TestCase):
    def check(self, source, name="Scaling", dependencies=(), kind="regular"):
        folder = MODULES[name].folder if name in MODULES and kind == "regular" else None
        target = {"name": name, "type": kind, "path": folder, "dependencies": [{"byName": [d, None]} for d in dependencies]}
        package = {"targets": [target] + [{"name": n, "type": "system"} for n in ALLOWED.keys() - {name}]}
        return [*errors(package, lambda t: [("F.swift", source)] if t is target else [])]

    def test_every_form_of_import_is_seen(self):
        for line in [
            "import Foundation", "public import Foundation", "package import Foundation", "  import Foundation",
            "@testable import Foundation", "@_exported public import Foundation", "@_spi(X) import Foundation",
            "import struct Foundation.Date", "import Foundation.NSDate", "internal import class Foundation.NSDate",
        ]:
            self.assertEqual(self.check(f"// Why.\n{line}"), ["F.swift:2: Scaling must not import Foundation"], line)

    def test_text_is_no_import(self):
        for text in ["// import Foundation", "/*\nimport Foundation\n*/", 'let a = """\nimport Foundation\n"""',
                     "let importance = 1", '/// """\nlet a = 1']:
            self.assertEqual(self.check(text), [], text)

    def test_an_import_after_text_is_seen(self):
        for text in ["/* a */\nimport Glibc", 'let a = """\nb\n"""\nimport Glibc', '/// """\nimport Glibc']:
            self.assertEqual(len(self.check(text)), 1, text)

    def test_package_swift_keeps_to_the_table(self):
        for name, dependency in [
            ("Scaling", "WireFormats"), ("Operator", "PluginSDK"), ("PluginHost", "ArgumentParser"),
            ("generalscaler-plugin-redis", "Operator"), ("WireFormats", "Logging"),
        ]:
            self.assertEqual(
                self.check("", name, [dependency]), [f"Package.swift: {name} must not depend on {dependency}"]
            )

    def test_an_import_has_to_be_listed(self):
        source = "import WireFormats"
        self.assertEqual(self.check(source, "Backtest", ["WireFormats"]), [])
        self.assertEqual(len(self.check(source, "Backtest")), 1)
        self.assertEqual(len(self.check(source, "ScalingTests", kind="test")), 1)
        self.assertEqual(self.check("import Foundation", "ScalingTests", kind="test"), [])

    def test_the_module_of_an_executable_has_underscores(self):
        source = "@testable import plugin_check"
        self.assertEqual(self.check(source, "PluginCheckTests", ["plugin-check"], kind="test"), [])

    def test_a_module_is_in_its_folder(self):
        target = {"name": "plugin-check", "type": "executable", "path": None, "dependencies": []}
        package = {"targets": [target] + [{"name": n, "type": "system"} for n in ALLOWED.keys() - {"plugin-check"}]}
        found = [*errors(package, lambda t: [("F.swift", "")] if t is target else [])]
        self.assertEqual(len(found), 1)
        self.assertIn("Sources/Tools/plugin-check", found[0])

    def test_the_page_has_the_rows_of_the_table(self):
        modules = read_table("# a\nA\tSources/A\t-\tno I/O\nB\tSources/B\tA Yams @io\tmore\n")
        page = "| module |\n|---|\n| `A` | no I/O | nothing |\n| `B` | more | `A`, Yams; system |\n"
        self.assertEqual([*page_errors(modules, page)], [])
        self.assertEqual(len([*page_errors(modules, page.replace("Yams", "NIO"))]), 2)
        self.assertEqual(len([*page_errors(modules, page + "| `C` | c | nothing |\n")]), 1)

    def test_targets_and_table_name_each_other(self):
        self.assertEqual(len(self.check("", "NewRoom")), 1)
        self.assertEqual(len([*errors({"targets": []}, files_of)]), len(ALLOWED))


def main():
    if "--self-test" in sys.argv[1:]:
        return unittest.main(argv=sys.argv[:1], verbosity=0)
    if "--table" in sys.argv[1:]:
        return print("\n".join(page_rows(MODULES)))
    section = PAGE.read_text().partition("## Modules\n")[2].partition("\n## ")[0]
    found = [*errors(json.load(sys.stdin), files_of), *page_errors(MODULES, section)]
    for error in found:
        print(error, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
