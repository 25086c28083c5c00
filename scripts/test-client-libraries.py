#!/usr/bin/env python3
"""Uses client libraries as docs/how-to/ship-a-plugin.md says, with its commands and its code: in new plugins in Python, Node and
Go, under the sandbox. A library of the test's own takes the place of each package, so that no network is needed.

Usage: test-client-libraries.py DIRECTORY-OF-THE-BUILT-PROGRAMS
"""

import base64
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/how-to/ship-a-plugin.md"
NAME = "generalscaler-plugin-length"
TIMEOUT = 300
# The value that the test's libraries give.
VALUE = 41.75


def fail(message):
    sys.exit(f"test-client-libraries: {message}")


def expect(condition, message):
    if not condition:
        fail(message)


def run(command, folder, environment):
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=TIMEOUT)
    expect(result.returncode == 0, f"{command} in {folder}:\n{result.stdout}{result.stderr}")
    return result.stdout


def blocks(language):
    """The blocks of the section on libraries for a language."""
    section = re.search(rf"^### Libraries for {language}\n(.*?)^##", PAGE.read_text(), flags=re.S | re.M)[1]
    return dict(re.findall(r"^```(\w*)\n(.*?)^```", section, flags=re.S | re.M))


def new_plugin(language, directory, environment):
    run(["generalscaler-dev", "new-plugin", "--language", language, "length"], directory, environment)
    return directory / NAME


def replace(file, old, new):
    text = file.read_text()
    expect(text.count(old) == 1, f"{old!r} is {text.count(old)} times in {file.name}")
    file.write_text(text.replace(old, new))


def check(project, environment, *options):
    """The plugin gives the library's value, and it is the same in the sandbox."""
    arguments = [*options, "--config", "config.json", f"./{NAME}"]
    expect(f'"value": {VALUE}' in run(["plugin-check", "call", *arguments], project, environment), "another value")
    report = run(["plugin-check", "test", "--require-value", "--only", "P-33,P-48", *arguments], project, environment)
    expect(re.search(r"^  ✔ P-48 ", report, flags=re.M), report)


def wheel(directory):
    """A package with one module, as pip installs it."""
    files = {
        "pika.py": f"LENGTH = {VALUE}\n",
        "pika-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: pika\nVersion: 1.0\n",
        "pika-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    path = directory / "pika-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
            record += f"{name},sha256={digest},{len(text)}\n"
        archive.writestr("pika-1.0.dist-info/RECORD", f"{record}pika-1.0.dist-info/RECORD,,\n")
    return path


def test_python(directory, environment):
    page = blocks("Python")
    package = wheel(directory)
    project = new_plugin("python", directory, environment)
    replace(project / NAME, "import os\n", page["python"])
    value = "sum(config.hidden or not name.startswith(\".\") for name in names)"
    replace(project / NAME, value, "pika.LENGTH")
    # The test's own Python has pip; the one that runs the plugin may have none.
    command = page[""].strip().replace("python3 -m pip", f"{sys.executable} -m pip", 1)
    expect(command.endswith(" pika"), command)
    run(["bash", "-c", f"{command.removesuffix('pika')} --no-index --quiet {package}"], project, environment)
    check(project, environment)
    # The same from a virtual environment that is elsewhere.
    shutil.rmtree(project / "vendor")
    elsewhere = directory / "queue"
    run(["/usr/bin/python3", "-m", "venv", "--without-pip", str(elsewhere)], directory, environment)
    (packages,) = elsewhere.glob("lib/python*/site-packages")
    with zipfile.ZipFile(package) as archive:
        archive.extractall(packages)
    expect("#!/srv/queue/bin/python3" in PAGE.read_text(), "another first line")
    replace(project / NAME, "#!/usr/bin/env python3", f"#!{elsewhere}/bin/python3")
    result = subprocess.run(
        ["plugin-check", "test", "--only", "P-48", "--config", "config.json", f"./{NAME}"], cwd=project, env=environment,
        capture_output=True, text=True, timeout=TIMEOUT)
    expect(result.returncode == 1 and "✘ P-48" in result.stdout, f"a directory that is not readable: {result.stdout}{result.stderr}")
    check(project, environment, "--read-path", str(elsewhere))


def test_node(directory, environment):
    project = new_plugin("node", directory, environment)
    package = directory / "amqplib"
    package.mkdir()
    (package / "package.json").write_text(json.dumps({"name": "amqplib", "version": "1.0.0", "type": "module", "main": "index.js"}))
    (package / "index.js").write_text(f"export const length = {VALUE};\n")
    command = blocks("Node")[""].strip()
    expect(command == "npm install amqplib", command)
    if shutil.which("npm"):
        # npm links to a directory, which the sandbox does not allow; it copies an archive, as from a registry.
        run(["npm", "pack", "--silent"], package, environment)
        archive = package / "amqplib-1.0.0.tgz"
        run(["npm", "install", "--silent", "--offline", "--no-audit", str(archive)], project, environment)
    else:
        shutil.copytree(package, project / "node_modules/amqplib")
    replace(project / "plugin.mjs", 'import {readdir} from "node:fs/promises";\n', 'import {length} from "amqplib";\n')
    replace(project / "plugin.mjs", "const names = await readdir(directory);", "")
    replace(project / "plugin.mjs", 'names.filter((name) => hidden || !name.startsWith(".")).length', "length")
    check(project, environment)


def test_go(directory, environment):
    project = new_plugin("go", directory, environment)
    library = directory / "amqp091-go"
    library.mkdir()
    (library / "go.mod").write_text("module github.com/rabbitmq/amqp091-go\n\ngo 1.19\n")
    (library / "amqp.go").write_text(f"package amqp091\n\nconst Length = {VALUE}\n")
    command = blocks("Go")[""].strip()
    expect(command == "go get github.com/rabbitmq/amqp091-go", command)
    # A replacement takes the place of the module proxy.
    run(["go", "mod", "edit", "-replace", f"github.com/rabbitmq/amqp091-go={library}"], project, environment)
    run(["bash", "-c", command], project, environment)
    replace(project / "main.go", '\t"strings"\n\n', '\n\tamqp091 "github.com/rabbitmq/amqp091-go"\n')
    text = (project / "main.go").read_text()
    start, end = text.index("\tfiles, err :="), text.index("\treturn plugin.Reading{Value: float64(count)}, nil")
    text = text[:start] + text[end:].replace("float64(count)", "amqp091.Length")
    (project / "main.go").write_text(text.replace('\t"os"\n', "").replace("value(_ context.Context, call", "value(_ context.Context, _"))
    run(["go", "build", "-o", NAME, "."], project, environment)
    shutil.rmtree(library)
    check(project, environment)


def main():
    programs = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory(prefix="client-libraries-") as name:
        root = pathlib.Path(name)
        environment = dict(
            os.environ, PATH=f"{programs}:{os.environ['PATH']}", GOPROXY="off", GOFLAGS="-mod=mod", GOCACHE=str(root / "go-cache"),
            GOPATH=str(root / "go"), PYTHONDONTWRITEBYTECODE="1", npm_config_cache=str(root / "npm"))
        for language, test in [("Python", test_python), ("Node", test_node), ("Go", test_go)]:
            directory = root / language
            directory.mkdir()
            test(directory, environment)
            print(f"client libraries, {language}: read under the sandbox", flush=True)


if __name__ == "__main__":
    main()
