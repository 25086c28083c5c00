#!/usr/bin/env python3
"""Reads the metric `__TYPE__` for GeneralScaler. Change FIELDS and measure(): the rest implements the plugin protocol."""

import datetime
import json
import math
import random
import sys

# The fields of the config, as JSON Schema. A secret one has "x-secret": True, and its value is never printed.
FIELDS = {"largest": {"type": "number", "description": "The largest value.", "minimum": 1, "default": 100}}
REQUIRED = []


class Failure(Exception):
    """What a call is answered with in place of a value. 1003: the source is unreachable; 1006: it has no value."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def measure(config, deadline_seconds):
    """The value: a finite number, or a Failure, within the deadline."""
    return random.uniform(0, config.get("largest", 100))


def faults(config):
    """Returns all problems of the config, as paths and messages."""
    types = {"number": (int, float), "integer": (int,), "string": (str,), "boolean": (bool,)}
    found = [(key, "is required") for key in REQUIRED if key not in config]
    for key, value in config.items():
        field = FIELDS.get(key)
        if field is None:
            found.append((key, f"is not a known field; known here: {', '.join(FIELDS)}"))
        elif type(value) not in types[field["type"]]:
            found.append((key, f"must be a {field['type']}"))
        elif value < field.get("minimum", value):
            found.append((key, f"must be at least {field['minimum']}"))
    return [{"path": path, "message": message} for path, message in found]


def initialize(params):
    if 1 not in params["protocolVersions"]:
        raise Failure(1000, "this plugin speaks version 1 of the protocol")
    schema = {"type": "object", "properties": FIELDS, "required": REQUIRED, "additionalProperties": False}
    metric = {"type": "__TYPE__", "description": "A random number.", "configSchema": schema}
    return {
        "protocolVersion": 1,
        "plugin": {"name": "__TYPE__", "version": "1.0.0"},
        "metricTypes": [metric | {"defaultTargetType": "Value"}],
    }


def validate_config(params):
    errors = faults(params["config"])
    return {"valid": False, "errors": errors} if errors else {"valid": True}


def get_metric_value(params):
    for fault in faults(params["config"]):
        raise Failure(1001, f"{fault['path']} {fault['message']}")
    value = measure(params["config"], params["deadlineMs"] / 1000)
    if not math.isfinite(value):
        raise Failure(1006, f"the value is {value}")
    return {"value": value, "observedAt": datetime.datetime.now(datetime.timezone.utc).isoformat()}


METHODS = {"initialize": initialize, "validate_config": validate_config, "get_metric_value": get_metric_value}


def answer(request):
    try:
        method = METHODS.get(request["method"])
        if method is None:
            raise Failure(-32601, f"there is no method {request['method']}")
        return {"result": method(request["params"])}
    except Failure as failure:
        return {"error": {"code": failure.code, "message": str(failure)}}
    except Exception as error:
        return {"error": {"code": -32603, "message": f"{type(error).__name__}: {error}"}}


for line in sys.stdin:
    request = json.loads(line)
    if "id" in request:
        print(json.dumps({"jsonrpc": "2.0", "id": request["id"], **answer(request)}), flush=True)
