#!/usr/bin/env python3
"""Makes a plugin with `generalscaler-dev new-plugin` in every language, runs the commands of its README (which build and check
it), and compares its answers with those of the metric that the templates read: the number of files in a directory.

Usage: test-new-plugins.py DIRECTORY-OF-THE-BUILT-PROGRAMS [LANGUAGE ...]
"""

import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
LANGUAGES = ["python", "go", "node", "typescript", "bash", "swift"]
NAME = "generalscaler-plugin-files-there"
TIMEOUT = 600
# Lines of a new plugin that are about the SDK, not about the plugin's own config and value.
BOILERPLATE = {
    "python": ["^#!", "generalscaler_plugin", r"plugin = Plugin\(", "^@plugin", r"^plugin\.run"],
    "go": ["^package", "generalscaler/sdk", r"plugin\.Plugin\[", r"plugin\.Run"],
    "node": ["^#!", r"^import\(", "sdk/index", r"^run\(", r"^}\);"],
    "typescript": ["^#!", r"^import\(", "sdk/index", r"^run\(", r"^}\);"],
}
MAX_BOILERPLATE = 5
SOURCES = {"python": [NAME], "go": ["main.go"], "node": [NAME, "plugin.mjs"], "typescript": [NAME, "plugin.mts"]}
# The folder of the SDK here, and its copy in a project.
COPIES = {"python": ("sdk/python/src/generalscaler_plugin", "generalscaler_plugin"), "go": ("sdk/go", "sdk"), "node": ("sdk/node", "sdk"),
          "typescript": ("sdk/node", "sdk")}
NOT_COPIED = re.compile(r"(^|/)(README\.md|__pycache__|internal|test)(/|$)|_test\.go$")
WRONG = {
    "directory": [7, 2.5, True, [], ["a"], {}, {"not": "expected"}, "", None],
    "hidden": [1, 0.5, "false", "", [], {}],
}

# What `npm install` does without a network: the types of the one function of Node that the template calls.
NODE_TYPES = """
declare module "node:fs/promises" { export function readdir(path: string): Promise<string[]>; }
"""
WITHOUT_NETWORK = {"npm install": "true", "npm run build": "tsc"}

# What a TypeScript author writes: its types are checked, and it needs no package with the types of Node.
TYPESCRIPT = """
import {PluginError, field, run} from "./sdk/index.js";

run({
  type: "files-there",
  description: "A number on the web.",
  version: "1.0.0",
  config: {directory: field.string("The address."), hidden: field.boolean("Unused.", {default: false})},
  async value({directory, hidden}, {signal}) {
    if (hidden) return null;
    const response = await fetch(`http://127.0.0.1:2/${directory}`, {signal});
    if (!response.ok) throw new PluginError("source_unreachable", `the server answered ${response.status}`);
    return Number(await response.text());
  },
});
"""


def fail(message):
    sys.exit(f"test-new-plugins: {message}")


def expect(condition, message):
    if not condition:
        fail(message)


def run(command, folder, environment):
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=TIMEOUT)
    expect(result.returncode == 0, f"{command} in {folder.name}:\n{result.stdout}{result.stderr}")
    return result.stdout


class Plugin:
    """A running plugin, and a host's requests to it."""

    def __init__(self, program, environment):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True)
        self.last_id = 0
        limits = {"maxRequestBytes": 61_440, "maxResponseBytes": 1 << 20}
        hello = self.call("initialize", protocolVersions=[1], host={"name": "test", "version": "1"}, limits=limits)
        expect("result" in hello, f"initialize is answered by {hello}")
        self.identity = hello["result"]

    def send(self, method, **params):
        self.last_id += 1
        request = {"id": self.last_id, "jsonrpc": "2.0", "method": method, "params": params}
        self.process.stdin.write(json.dumps(request, separators=(",", ":")) + "\n")
        self.process.stdin.flush()
        return self.last_id

    def answer(self):
        return json.loads(self.process.stdout.readline())

    def call(self, method, **params):
        request = self.send(method, **params)
        answer = self.answer()
        expect(answer["id"] == request, f"{method} {params} is answered by {answer}")
        return answer

    def value(self, config):
        return self.call("get_metric_value", type="files-there", config=config, targetType="AverageValue", deadlineMs=20_000)

    def end(self):
        self.process.stdin.close()
        expect(self.process.wait(timeout=20) == 0, "a plugin did not exit with 0 at the end of its input")
        self.process.stdout.close()


def check_answers(program, environment, folder):
    """The answers of the metric that every template reads."""
    plugin = Plugin(program, environment)
    (metric,) = plugin.identity["metricTypes"]
    schema = metric["configSchema"]
    expect(metric["defaultTargetType"] == "AverageValue", f"a count's target type is {metric['defaultTargetType']}")
    expect(schema["properties"]["hidden"]["default"] is False, f"the schema has no default: {schema}")
    expect(schema["required"] == ["directory"], f"the schema requires {schema.get('required')}")
    expect(plugin.identity["capabilities"]["maxInFlight"] >= 8, f"{plugin.identity['capabilities']}")

    directory = str(folder)
    for config, value in [
        ({"directory": directory}, 3), ({"directory": directory, "hidden": False}, 3),
        ({"directory": directory, "hidden": True}, 5), ({"directory": directory, "hidden": None}, 3),
        ({"directory": f"{directory}/no files"}, 0),
    ]:
        answer = plugin.value(config)
        expect(answer.get("result", {}).get("value") == value, f"{config}: {answer}, not {value}")
    answer = plugin.value({"directory": f"{directory}/gone"})
    expect(answer.get("error", {}).get("code") == 1003, f"a directory that does not exist: {answer}")

    good = {"directory": directory}
    expect(plugin.call("validate_config", type="files-there", config=good)["result"]["valid"], "a good config is refused")
    for config in [{}, {"directory": directory, "hiddenn": True},
                   *({**good, field: wrong} for field, values in WRONG.items() for wrong in values)]:
        verdict = plugin.call("validate_config", type="files-there", config=config)["result"]
        at_fault = "hiddenn" if "hiddenn" in config else "hidden" if config.get("hidden") is not None else "directory"
        expect(not verdict["valid"] and [error["path"] for error in verdict["errors"]] == [at_fault], f"{config}: {verdict}")
        expect(plugin.value(config)["error"]["code"] == 1001, f"{config} is read")

    ids = {plugin.send("get_metric_value", type="files-there", config=good, targetType="Value", deadlineMs=20_000) for _ in range(8)}
    answers = [plugin.answer() for _ in ids]
    expect({answer["id"] for answer in answers} == ids, f"{answers}")
    expect(all(answer["result"]["value"] == 3 for answer in answers), f"{answers}")
    plugin.end()


def check_files(language, project, elsewhere):
    """Nothing in the project depends on this machine, and the SDK is all there."""
    for file in (file for file in project.rglob("*") if file.is_file()):
        text = file.read_bytes()
        for place in (str(ROOT), str(pathlib.Path.home()), elsewhere):
            expect(place == "/" or place.encode() not in text, f"{language}: {file.relative_to(project)} names {place}")
        expect(b"__TYPE__" not in text and b"__PROJECT__" not in text, f"{language}: {file.name} has a gap")
    if language in BOILERPLATE:
        lines = [line for name in SOURCES[language] for line in (project / name).read_text().splitlines()]
        found = [line for line in lines if any(re.search(pattern, line) for pattern in BOILERPLATE[language])]
        expect(0 < len(found) <= MAX_BOILERPLATE, f"{language}: {len(found)} lines are boilerplate: {found}")
    if language in COPIES:
        source, copy = ROOT / COPIES[language][0], project / COPIES[language][1]
        expected = {str(file.relative_to(source)): file.read_bytes() for file in source.rglob("*")
                    if file.is_file() and not NOT_COPIED.search(str(file.relative_to(source)))}
        actual = {str(file.relative_to(copy)): file.read_bytes() for file in copy.rglob("*") if file.is_file()}
        for name in sorted(expected.keys() ^ actual.keys()):
            fail(f"{language}: {name} is in {COPIES[language][0]} or in a new project, but not in both: edit sdk/SDKFiles.swift")
        for name, text in expected.items():
            expect(actual[name] == text, f"{language}: {name} differs from {COPIES[language][0]}: build generalscaler-dev")


def readme_commands(project):
    for block in re.findall(r"^```\n(.*?)^```", (project / "README.md").read_text(), flags=re.S | re.M):
        yield from block.splitlines()


def use_local_packages(project, environment):
    """Takes the one package that the Swift SDK needs from this package's checkout."""
    (repository,) = (ROOT / ".build/repositories").glob("swift-log-*")
    command = ["swift", "package", "config", "set-mirror", "--original", "https://github.com/apple/swift-log", "--mirror", repository.as_uri()]
    run(command, project, environment)


def check_language(language, directory, files, environment):
    start = time.monotonic()
    arguments = ["--sdk-path", str(ROOT)] if language == "swift" else []
    run(["generalscaler-dev", "new-plugin", "--language", language, *arguments, "files-there"], directory, environment)
    project = directory / NAME
    check_files(language, project, str(directory))
    if language == "swift":
        use_local_packages(project, environment)
    output = ""
    if language == "typescript":
        types = project / "node_modules/@types/node"
        types.mkdir(parents=True)
        (types / "index.d.ts").write_text(NODE_TYPES)
    for command in readme_commands(project):
        output += run(["bash", "-c", WITHOUT_NETWORK.get(command, command)], project, environment)
    expect("\nConformant: " in output, f"{language}: {output}")
    expect(re.search(r"^  ✔ P-28 ", output, flags=re.M), f"{language}: {output}")
    expect(re.search(r'"value": [1-9]', output), f"{language}: {output}")
    program = project / (f".build/debug/{NAME}" if language == "swift" else NAME)
    check_answers(program, environment, files)
    if language == "typescript":
        check_typescript(project, environment)
    print(f"new-plugin --language {language}: conformant, in {time.monotonic() - start:.1f} s", flush=True)


def check_typescript(project, environment):
    (project / "plugin.mjs").unlink()
    (project / "plugin.mts").write_text(TYPESCRIPT.replace("hidden)", "hidden.length)"))
    result = subprocess.run(["tsc"], cwd=project, env=environment, capture_output=True, text=True, timeout=TIMEOUT)
    expect("TS2339" in result.stdout, f"a boolean that is used as a text: {result.stdout}")
    expect(not (project / "plugin.mjs").exists(), "tsc writes a program whose types are wrong")
    (project / "plugin.mts").write_text(TYPESCRIPT)
    run(["tsc"], project, environment)
    check = ["plugin-check", "test", "--config", "config.json", "--bad-config", "bad-config.json", f"./{NAME}"]
    # Nothing listens at the address, so that no value is read.
    report = run(check, project, environment)
    expect("\nIncomplete: " in report and "\nNo value was read: " in report, report)


def main():
    programs = pathlib.Path(sys.argv[1]).resolve()
    with contextlib.ExitStack() as stack:
        root = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="new-plugins-")))
        files = root / "files"
        (files / "no files").mkdir(parents=True)
        for name in ["first", "sécond\u2028", ".hidden", ".hidden2"]:
            (files / name).touch()
        environment = dict(
            os.environ, PATH=f"{programs}:{os.environ['PATH']}", GOPROXY="off", GOFLAGS="-mod=mod", GOCACHE=str(root / "go-cache"),
            GOPATH=str(root / "go"), PYTHONDONTWRITEBYTECODE="1")
        for language in sys.argv[2:] or LANGUAGES:
            directory = root / language
            directory.mkdir()
            check_language(language, directory, files, environment)


if __name__ == "__main__":
    main()
