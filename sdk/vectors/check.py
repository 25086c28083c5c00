#!/usr/bin/env python3
"""Sends every vector of vectors.json to a plugin and compares its answers. All SDKs must give the same answers.

Usage: sdk/vectors/check.py COMMAND [ARGUMENT...]

The command is a plugin for the metric type `vector`: one for each SDK is in its tests. An answer is compared as JSON: `TIME`
stands for any RFC 3339 time within the last minute, `messagePrefix` for a message with this beginning.
"""

import datetime
import json
import pathlib
import queue
import re
import subprocess
import sys
import threading

VECTORS = pathlib.Path(__file__).with_name("vectors.json")
TIMEOUT_SECONDS = 20
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


class Plugin:
    """A plugin process and the lines that it writes."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def send(self, data):
        self.process.stdin.write(data + b"\n")
        self.process.stdin.flush()

    def receive(self):
        line = self.lines.get(timeout=TIMEOUT_SECONDS)
        if line is None:
            raise EOFError("the plugin closed its standard output")
        return json.loads(line)


def matches(expected, found):
    if expected == "TIME":
        if not (isinstance(found, str) and RFC3339.fullmatch(found)):
            return False
        time = datetime.datetime.fromisoformat(found.replace("Z", "+00:00"))
        return abs((datetime.datetime.now(datetime.timezone.utc) - time).total_seconds()) < 60
    if isinstance(expected, dict) and isinstance(found, dict):
        expected, found = dict(expected), dict(found)
        prefix = expected.pop("messagePrefix", None)
        if prefix is not None and not found.pop("message", "").startswith(prefix):
            return False
        return expected.keys() == found.keys() and all(matches(expected[key], found[key]) for key in expected)
    if isinstance(expected, list) and isinstance(found, list):
        return len(expected) == len(found) and all(map(matches, expected, found))
    return expected == found and isinstance(expected, bool) == isinstance(found, bool)


def line(vector):
    if "send" in vector:
        return json.dumps(vector["send"], ensure_ascii=True).encode()
    if "sendRepeat" in vector:
        return vector["sendRepeat"]["text"].encode() * vector["sendRepeat"]["count"]
    return vector["sendText"].encode()


def main():
    plugin, failures = Plugin(sys.argv[1:]), 0
    vectors = json.loads(VECTORS.read_text())
    try:
        for vector in vectors:
            plugin.send(line(vector))
            # What is ignored has no answer: the next vector's answer would be out of step.
            expected = ([vector["expect"]] if vector["expect"] is not None else []) + vector.get("then", [])
            for item in expected:
                found = plugin.receive()
                if not matches(item, found):
                    failures += 1
                    print(f"{vector['name']}:\n  expected {json.dumps(item)}\n  found    {json.dumps(found)}")
        plugin.process.stdin.close()
        status = plugin.process.wait(timeout=TIMEOUT_SECONDS)
        if status != 0:
            failures += 1
            print(f"the plugin exited with {status} after shutdown")
    except (EOFError, queue.Empty, OSError) as error:
        failures += 1
        print(f"{vector['name']}: {error or 'no answer'}")
    finally:
        if plugin.process.poll() is None:
            plugin.process.kill()
            plugin.process.wait()
    print(f"{len(vectors) - failures} of {len(vectors)} vectors match" if failures else f"all {len(vectors)} vectors match")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
