#!/usr/bin/env python3
"""Holds recorded traffic between hosts and plugins to the JSON Schemas in docs/reference/schemas.

Usage: check-traffic.py [--all] < TRAFFIC

Each line of TRAFFIC is {"process": ID, "fromPlugin": BOOL, "line": TEXT}. With --all it is an error, too, when a schema
had no message to check. Methods that begin with x_ are meant to be unknown, and their requests are not checked.
"""

import collections
import json
import pathlib
import sys

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

SCHEMAS = pathlib.Path(__file__).resolve().parent.parent / "docs/reference/schemas"
# Schemas of other documents in the same folder.
NOT_OF_THE_PROTOCOL = ("decide", "plugin-index")
PREFIX = "urn:generalscaler:plugin-protocol:1:"


def validators():
    schemas = {path.stem: json.loads(path.read_text()) for path in sorted(SCHEMAS.glob("*.json"))}
    for name in NOT_OF_THE_PROTOCOL:
        del schemas[name]
    for name, schema in schemas.items():
        assert schema["$id"] == PREFIX + name, f"{name}: $id is {schema['$id']}"
        Draft202012Validator.check_schema(schema)
    registry = Registry().with_resources((s["$id"], Resource.from_contents(s)) for s in schemas.values())
    return {name: Draft202012Validator(schema, registry=registry) for name, schema in schemas.items()}


def parts(messages):
    """(schema's name, value, who sent it) for each message and what is in it."""
    asked = {}
    for message in messages:
        value = json.loads(message["line"])
        key = (message["process"], value.get("id"))
        method = value.get("method")
        if method is not None:
            asked[key] = method
            if method.startswith("x_"):
                continue
        yield "message", value, message
        name = (method or asked[key]).replace("_", "-")
        if method is not None:
            yield f"{name}-params", value["params"], message
        elif "result" in value:
            yield f"{name}-result", value["result"], message
        else:
            yield "error", value["error"], message


def main():
    known = validators()
    judged = collections.Counter()
    wrong = 0
    for name, value, message in parts(map(json.loads, sys.stdin)):
        judged[name] += 1
        for error in known[name].iter_errors(value):
            wrong += 1
            print(f"{name}: {error.json_path}: {error.message[:300]}\n  in {message}", file=sys.stderr)
    for name in known.keys() - judged.keys() if "--all" in sys.argv[1:] else []:
        wrong += 1
        print(f"{name}: no message of this kind was recorded", file=sys.stderr)
    print(json.dumps(judged, sort_keys=True))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
