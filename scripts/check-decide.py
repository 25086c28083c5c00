#!/usr/bin/env python3
"""Holds requests to `generalscaler decide`, and its answers, to docs/reference/schemas/decide.json.

Usage: check-decide.py request|answer|refusal < LINES
"""

import json
import pathlib
import sys

from jsonschema import Draft202012Validator

SCHEMA = pathlib.Path(__file__).resolve().parent.parent / "docs/reference/schemas/decide.json"


def main():
    schema = json.loads(SCHEMA.read_text())
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator({"$ref": f"#/$defs/{sys.argv[1]}", "$defs": schema["$defs"]})
    count = 0
    for count, line in enumerate(sys.stdin, 1):
        for error in validator.iter_errors(json.loads(line)):
            print(f"line {count}: {error.json_path}: {error.message}")
    print(f"{count} checked")


if __name__ == "__main__":
    main()
