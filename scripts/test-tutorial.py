#!/usr/bin/env python3
"""Follows docs/tutorials/first-plugin.md and a section of docs/how-to/cpu-and-memory.md: saves their files, runs the commands of
each in one shell, and finds in their output what the page shows.

Usage: test-tutorial.py DIRECTORY-OF-THE-BUILT-PROGRAMS

A block without a language is commands; each exits with 0, or with the number in its comment `# exits with N`. A program with
the comment `# leave it with Ctrl-D` gets the end of its input, one with `# stop it with Ctrl-C` is stopped once its output has
the line that the page shows next. A block `text` is
lines of the output of the commands before it. A block of another language is a file: the text before it ends with "as
`FILE`:", or with "to `FILE`, before `LINE`:".
"""

import os
import pathlib
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Each page, and the heading of the section to follow; None for all of it.
PAGES = [("docs/tutorials/first-plugin.md", None), ("docs/how-to/cpu-and-memory.md", "## Try it without a cluster")]
# Commands that the test replaces: it uses the built programs, a temporary directory and free ports.
SKIPPED = {"make tools", 'export PATH="$PWD/.build/debug:$PATH"', 'export GENERALSCALER="$PWD"'}
# How long a program may take until it shows what it is stopped for.
SHOWN_TENTHS = 600
# What begins the part that needs kubectl, and what follows it.
CLUSTER_PART = re.compile(r"^kubectl |generalscaler-dev cluster|^sleep |^generalscaler run|^generalscaler explain|^export KUBECONFIG|^kill %")


class Shell:
    """One shell for all commands, as a reader has it."""

    def __init__(self, directory, environment):
        self.directory = directory
        self.process = subprocess.Popen(
            ["bash", "--norc"], cwd=directory, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, start_new_session=True)

    def run(self, command):
        """The output of a command, and its exit status."""
        self.process.stdin.write(f"{command}\nstatus=$?; echo; echo status=$status directory=$PWD\n")
        self.process.stdin.flush()
        output = ""
        for line in self.process.stdout:
            if match := re.match(r"status=(\d+) directory=(.*)\n", line):
                self.directory = pathlib.Path(match[2])
                return output, int(match[1])
            output += line
        raise SystemExit(f"test-tutorial: the shell ended in: {command}\n{output}")

    def end(self):
        self.process.stdin.write("kill -KILL $(jobs -p) 2>/dev/null\nexit\n")
        self.process.stdin.close()
        self.process.wait(timeout=20)
        self.process.stdout.close()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def save(directory, before, text):
    """Saves the block as the text before it says."""
    words = " ".join(before.split())
    if match := re.search(r"\bas `([^`]+)`:$", words):
        path = directory / match[1]
        if not path.parent.is_dir():
            return f"{path.parent} does not exist"
        # What is executable stays so.
        path.write_text(text)
    elif match := re.search(r"\bto `([^`]+)`, before `([^`]+)`:$", words):
        path = directory / match[1]
        whole = path.read_text()
        if whole.count(match[2]) != 1:
            return f"{match[2]} is not once in {match[1]}"
        path.write_text(whole.replace(match[2], f"{text}\n\n{match[2]}"))
    else:
        return f"no file is named before the block {text[:60]!r}"
    return None


def interactive(line, shown):
    """The command that does for a test what a person does at the terminal."""
    if line.endswith(" # leave it with Ctrl-D"):
        return f"{line.partition(' # ')[0]} <<<value"
    if line.endswith(" # stop it with Ctrl-C"):
        # An interrupt is ignored by what a script runs in the background.
        return (f"{line.partition(' # ')[0]} >shown.log 2>&1 </dev/null & program=$!; "
                f"for _ in $(seq {SHOWN_TENTHS}); do grep -q {shlex.quote(shown)} shown.log && break; kill -0 $program || break; sleep 0.1; done; "
                "kill -TERM $program; wait $program; status=$?; cat shown.log; rm shown.log; (exit $status)")
    return line


def commands(block, shown, with_cluster):
    for line in block.splitlines():
        command, _, comment = interactive(line, shown).partition(" # exits with ")
        if command not in SKIPPED and (with_cluster or not CLUSTER_PART.search(command)):
            yield command, int(comment or 0)


def follow(page, shell, with_cluster):
    """Follows the page; returns what is wrong with it, and the number of its commands."""
    blocks = list(re.finditer(r"(?P<before>(?:(?!^```)[^\n]*\n)*)^```(?P<language>\w*)\n(?P<text>.*?)^```\n", page, flags=re.S | re.M))
    output, count = "", 0
    for block, following in zip(blocks, [*blocks[1:], None]):
        language, text = block["language"], block["text"]
        shown = following["text"].splitlines()[0] if following and following["language"] == "text" else ""
        if language == "":
            output = ""
            for command, expected in commands(text, shown, with_cluster):
                printed, status = shell.run(command)
                output += printed
                count += 1
                if status != expected:
                    return f"{command}\nexits with {status}, not {expected}:\n{printed}", count
        elif language == "text":
            for line in text.splitlines():
                if line.strip() not in output and output:
                    return f"{line!r} is not in:\n{output}", count
        elif problem := save(shell.directory, block["before"], text):
            return problem, count
    return None, count


def contents(name, heading):
    text = (ROOT / name).read_text()
    if heading is None:
        return text
    _, found, rest = text.partition(f"\n{heading}\n")
    if not found:
        sys.exit(f"test-tutorial: {name} has no section {heading}")
    return re.split(r"^## ", rest, maxsplit=1, flags=re.M)[0]


def test(name, heading, programs, with_cluster):
    (repository,) = (ROOT / ".build/repositories").glob("swift-log-*")
    with tempfile.TemporaryDirectory(prefix="tutorial-") as temporary:
        directory = pathlib.Path(temporary)
        page = contents(name, heading).replace("/tmp/jobs", f"{directory}/jobs").replace("-f deploy/", f"-f {ROOT}/deploy/")
        for port in ["8001", "8002"]:
            page = page.replace(f"127.0.0.1:{port}", f"127.0.0.1:{free_port()}")
        (directory / "own").mkdir()
        environment = dict(
            os.environ, PATH=f"{programs}:{os.environ['PATH']}", GENERALSCALER=str(ROOT), GOPROXY="off", GOCACHE=f"{directory}/go",
            PYTHONDONTWRITEBYTECODE="1", GIT_CONFIG_COUNT="1", GIT_CONFIG_KEY_0=f"url.{repository.as_uri()}.insteadOf",
            GIT_CONFIG_VALUE_0="https://github.com/apple/swift-log")
        shell = Shell(directory / "own", environment)
        try:
            problem, count = follow(page, shell, with_cluster)
        finally:
            shell.end()
        if problem:
            for log in directory.glob("own/*.log"):
                print(f"--- {log.name}\n{log.read_text()[-3000:]}", file=sys.stderr)
            sys.exit(f"test-tutorial: {name}: {problem}")
        note = "" if with_cluster else "; kubectl is not installed, so its part was skipped"
        print(f"{name.rpartition('/')[2]}: {count} commands do what the page says{note}")


def main():
    programs = pathlib.Path(sys.argv[1]).resolve()
    with_cluster = shutil.which("kubectl") is not None
    if not with_cluster and os.environ.get("CI"):
        sys.exit("test-tutorial: kubectl is not installed")
    for name, heading in PAGES:
        test(name, heading, programs, with_cluster)


if __name__ == "__main__":
    main()
