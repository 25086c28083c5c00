#!/usr/bin/env python3
"""Checks the JSON Schemas that `generalscaler schema` and `plugin-check schema` print for editors: they are valid, they accept
what works, and they refuse misspelled fields and wrong types.

Usage: check-schema.py DIRECTORY-OF-THE-BUILT-PROGRAMS
"""

import copy
import importlib
import json
import pathlib
import subprocess
import sys
import tempfile

import jsonschema
import yaml

check_crd = importlib.import_module("check-crd")
ROOT = check_crd.ROOT
PLUGINS = ["http", "prometheus", "pubsub", "redis"]
DEFAULTS = {"plugins": {"prometheus": {"defaults": {"address": "http://prometheus:9090", "timeoutSeconds": 7}}}}
SECRET = {"valueFrom": {"secretKeyRef": {"name": "queue", "key": "password"}}}

# Changes to examples/worker/generalscaler.yaml: what the schema accepts and refuses.
ACCEPTED = [
    {"spec.metrics[0].config.password": SECRET},
    {"spec.metrics[0].config.password": {"valueFrom": {"secretKeyRef": {**SECRET["valueFrom"]["secretKeyRef"], "optional": True}}}},
    {"spec.metrics[0].config.address": SECRET},
    {"spec.metrics[0].type": "of-another-cluster", "spec.metrics[0].config": {"anything": [1]}},
    {"spec.metrics[0]": {"type": "prometheus", "targetValue": 0.25, "config": {"query": "up"}}},
    {"metadata": {"name": "worker", "labels": {"a": "b"}}, "status": {}},
]
REFUSED = [
    {"spec.maxReplica": 20}, {"spec.maxReplicas": "20"}, {"spec.maxReplicas": 2**31}, {"spec.metrics": []},
    {"spec.metrics[0].targetValue": 0}, {"spec.metrics[0].targetvalue": 30}, {"kind": "GeneralScalar"},
    {"apiVersion": "autoscaling.example.com/v2"}, {"spec.policy.type": "slow"}, {"spec.safety.cooldownSecond": 60},
    {"spec.metrics[0].config.lists": "jobs"}, {"spec.metrics[0].config.list": 7}, {"spec.metrics[0].config": []},
    {"spec.metrics[0].config.password": {"valueFrom": {"secretKeyRef": {"name": "queue"}}}},
    {"spec.metrics[0].config.password": {"valuefrom": SECRET["valueFrom"]}},
    {"spec.metrics[0].config.password": {"valueFrom": {"secretKeyRef": {"name": "queue", "key": "a/b"}}}},
    {"spec.metrics[0].config.tls": {"ca": "", "verify": "no"}},
    # Another plugin's field, and a metric that needs a config.
    {"spec.metrics[0].type": "prometheus"}, {"spec.metrics[0]": {"type": "prometheus", "targetValue": 1}},
    {"spec.metrics[0]": {"type": "prometheus", "targetValue": 1, "config": {"address": "http://prometheus:9090"}}},
]


def output(*command):
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=120)
    if result.returncode:
        sys.exit(f"check-schema: {command}: {result.stdout}{result.stderr}")
    return json.loads(result.stdout)


def validator(schema):
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def check_table(schema):
    """The schema refuses what the definition's schema does, rules between fields left aside."""
    definition = yaml.safe_load(check_crd.CRD.read_text())["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    expected = jsonschema.Draft4Validator(check_crd.closed(definition))
    table = json.loads(check_crd.SPECS.read_text())
    manifest = {"apiVersion": "autoscaling.example.com/v1", "kind": "GeneralScaler", "metadata": {"name": "a"}}
    refused = 0
    for row in table["accepted"] + table["refused"]:
        spec = check_crd.changed(table["example"], row)
        is_valid = expected.is_valid(spec)
        refused += not is_valid
        if schema.is_valid({**manifest, "spec": spec}) != is_valid:
            yield f"the definition {'accepts' if is_valid else 'refuses'} {row}, the schema does not"
    if refused < len(table["refused"]) // 2:
        yield f"only {refused} rows of the table are refused by the definition's schema"


def check_resource(schema):
    examples = sorted((ROOT / "examples").glob("*/generalscaler.yaml"))
    for file in examples:
        for error in schema.iter_errors(yaml.safe_load(file.read_text())):
            yield f"{file.relative_to(ROOT)}: {error.message}"
    (worker,) = [file for file in examples if file.parent.name == "worker"]
    example = yaml.safe_load(worker.read_text())
    for change in ACCEPTED:
        for error in schema.iter_errors(check_crd.changed(example, {"set": change})):
            yield f"{change} is refused: {error.message}"
    for change in REFUSED:
        if schema.is_valid(check_crd.changed(example, {"set": change})):
            yield f"{change} is accepted"


def check_config(name, schema):
    """The config of a built-in plugin: its example is valid, and no longer with any of its fields misspelled."""
    good = json.loads((ROOT / f"examples/plugin-configs/{name}/good.json").read_text())
    for error in schema.iter_errors(good):
        yield f"{name}: the good example is refused: {error.message}"
    for field, value in good.items():
        misspelt = copy.deepcopy(good)
        misspelt[field + "s"] = misspelt.pop(field)
        if schema.is_valid(misspelt):
            yield f"{name}: {field}s is accepted"
        if isinstance(value, str) and not schema.is_valid({**good, field: SECRET}):
            yield f"{name}: {field} from a Secret is refused"


def check_broken_plugin(programs, directory):
    """A plugin without a schema is an error, not an omitted type."""
    broken = directory / "generalscaler-plugin-broken"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    command = [programs / "generalscaler", "schema", "--plugin-dir", programs, "--plugin-dir", directory]
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=120)
    if result.returncode != 1 or result.stdout or "plugin broken gives no schema" not in result.stderr:
        yield f"with a broken plugin: exit status {result.returncode}, {result.stdout[:200]}{result.stderr}"


def main():
    programs = pathlib.Path(sys.argv[1]).resolve()
    errors = [*check_table(validator(output(programs / "generalscaler", "schema", "--without-plugins")))]
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        (directory / "plugins.yaml").write_text(json.dumps(DEFAULTS))
        command = [programs / "generalscaler", "schema", "--plugin-dir", programs, "--plugins-config", directory / "plugins.yaml"]
        errors += check_resource(validator(output(*command)))
        errors += check_broken_plugin(programs, directory)
    for plugin in PLUGINS:
        schema = output(programs / "plugin-check", "schema", programs / f"generalscaler-plugin-{plugin}")
        errors += check_config(plugin, validator(schema))
    for error in errors:
        print(f"check-schema: {error}", file=sys.stderr)
    if not errors:
        print(f"schemas: {len(ACCEPTED)} changes accepted and {len(REFUSED)} refused, and {len(PLUGINS)} plugins' configs")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
