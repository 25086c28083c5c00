#!/usr/bin/env python3
"""Checks deploy/crd.yaml: what it accepts and refuses, and that it keeps to the rules of the house.

Objects are played through the same steps as in an API server: defaults, the schema, then the CEL rules
(https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/). Fields that the
schema does not know are refused, as kubectl does.
"""

import copy
import pathlib
import re
import sys

import celpy
import jsonschema
import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
CRD = ROOT / "deploy/crd.yaml"
# What `generalscaler demo` installs: a copy, since the package manager embeds only files of the target's own folder.
EMBEDDED_CRD = ROOT / "Sources/generalscaler/Resources/crd.yaml"
REFERENCE = ROOT / "docs/reference/resource.md"

EXAMPLE = """
targetDeployment: http-app
minReplicas: 2
maxReplicas: 10
metrics:
  - type: prometheus
    config: {query: "rate(http_requests_total[5m])"}
    targetValue: 100
policy: {type: slo}
safety: {cooldownSeconds: 300, maxScaleUpRate: 3, maxScaleDownRate: 1}
"""

REMOVE = object()

# Changes to the example that are accepted. A key is a path; a value replaces what is there.
GOOD = [
    {},
    {"minReplicas": REMOVE, "policy": REMOVE, "safety": REMOVE},
    {"minReplicas": 0, "maxReplicas": 1},
    {"minReplicas": 10},
    {"targetDeployment": REMOVE, "targetRef": {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db"}},
    {"targetDeployment": REMOVE, "targetRef": {"apiVersion": "v1", "kind": "ReplicationController", "name": "a.b"}},
    {"paused": True, "mode": "DryRun", "pollingIntervalSeconds": 3600},
    {"metrics.0.config": {"deep": [{"of": [1, "x", None]}]}},
    {"metrics": [{"type": "a", "targetValue": 0.5}, {"type": "a", "targetValue": 1}]},
    {"metrics": [{"type": "a", "name": "x", "targetValue": 1}, {"type": "a", "name": "y", "targetValue": 1}]},
    {"metrics.0.activationValue": -1.5, "metrics.0.targetType": "AverageValue"},
    {"safety": {"maxScaleUpRate": "1000000%", "maxScaleDownRate": "100%"}},
    {"safety": {"maxScaleUpRate": 0, "maxScaleDownRate": "0%", "scaleUpStabilizationSeconds": 3600}},
    {"fallback": {"failureThreshold": 5}},
    {"fallback": {"behavior": "StaticIfHigher", "replicas": 4}},
    {"policy": {"type": "cost", "config": {"costPerPodPerHour": 0.5, "maxCostPerHour": 0.5}}},
    {"policy": {"type": "cost", "config": {"costPerPodPerHour": 1, "maxCostPerHour": 10, "tolerance": 0.2}}},
    {"policy": {"config": {"scaleUpTolerance": 0, "scaleDownTolerance": 0.99}}},
    {
        "metrics": [
            {"type": "prometheus", "targetValue": 100},
            {"type": "prometheus", "name": "errors-5m", "targetValue": 1},
            {"type": "prometheus", "name": "errors-1h", "targetValue": 1},
        ],
        "policy": {"config": {"objective": {"metric": "errors-5m", "longMetric": "errors-1h", "percent": 99.9}}},
    },
]

OBJECTIVE = {"metric": "a", "longMetric": "b", "percent": 99}

# Changes to the example that are refused, and at which field.
BAD = [
    ({"targetDeployment": REMOVE}, "targetDeployment"),
    ({"targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "a"}}, "targetDeployment"),
    ({"targetDeployment": REMOVE, "targetRef": {"kind": "Deployment", "name": "a"}}, "targetRef"),
    ({"targetDeployment": "Http_App"}, "targetDeployment"),
    ({"targetDeployment": "a" * 254}, "targetDeployment"),
    ({"maxReplicas": REMOVE}, ""),
    ({"maxReplicas": 0, "minReplicas": 0}, "maxReplicas"),
    ({"maxReplicas": 1}, "maxReplicas"),
    ({"maxReplicas": 2**31}, "maxReplicas"),
    ({"maxReplicas": 2.5}, "maxReplicas"),
    ({"minReplicas": -1}, "minReplicas"),
    ({"minReplicas": 11}, "maxReplicas"),
    ({"pollingIntervalSeconds": 0}, "pollingIntervalSeconds"),
    ({"pollingIntervalSeconds": 3601}, "pollingIntervalSeconds"),
    ({"paused": "yes"}, "paused"),
    ({"mode": "Passive"}, "mode"),
    ({"metrics": REMOVE}, ""),
    ({"metrics": []}, "metrics"),
    ({"metrics": [{"type": "a", "targetValue": 1}] * 21}, "metrics"),
    ({"metrics": [{"type": "a", "name": "x", "targetValue": 1}] * 2}, "metrics"),
    ({"metrics.0.type": REMOVE}, "metrics.0"),
    ({"metrics.0.type": "../sh"}, "metrics.0.type"),
    ({"metrics.0.targetValue": REMOVE}, "metrics.0"),
    ({"metrics.0.targetValue": 0}, "metrics.0.targetValue"),
    ({"metrics.0.targetValue": -1}, "metrics.0.targetValue"),
    ({"metrics.0.targetValue": "100"}, "metrics.0.targetValue"),
    ({"metrics.0.targetType": "Utilization"}, "metrics.0.targetType"),
    ({"metrics.0.config": "up"}, "metrics.0.config"),
    ({"metrics.0.timeoutSeconds": 0}, "metrics.0.timeoutSeconds"),
    ({"metrics.0.maxAgeSeconds": 0}, "metrics.0.maxAgeSeconds"),
    ({"metrics.0.query": "up"}, "metrics.0"),
    ({"policy.type": "sloo"}, "policy.type"),
    ({"policy": {"type": "cost"}}, "policy.config"),
    ({"policy": {"type": "cost", "config": {"costPerPodPerHour": 1}}}, "policy.config"),
    ({"policy": {"type": "cost", "config": {"maxCostPerHour": 1}}}, "policy.config"),
    (
        {"policy": {"type": "cost", "config": {"costPerPodPerHour": 0, "maxCostPerHour": 1}}},
        "policy.config.costPerPodPerHour",
    ),
    (
        {"policy": {"type": "cost", "config": {"costPerPodPerHour": 1, "maxCostPerHour": 0.99}}},
        "policy.config.maxCostPerHour",
    ),
    ({"policy.config": {"tolerance": -0.1}}, "policy.config.tolerance"),
    ({"policy.config": {"tolerance": 1}}, "policy.config.tolerance"),
    ({"policy.config": {"costPerPodPerHour": 1}}, "policy.config"),
    ({"policy.config": {"tolerence": 0.1}}, "policy.config"),
    ({"policy.config": {"objective": {**OBJECTIVE, "percent": 100}}}, "policy.config.objective.percent"),
    ({"policy.config": {"objective": {"metric": "a"}}}, "policy.config.objective"),
    ({"metrics.0.name": "a", "policy.config": {"objective": OBJECTIVE}}, "policy.config.objective.longMetric"),
    ({"metrics.0.name": "b", "policy.config": {"objective": OBJECTIVE}}, "policy.config.objective.metric"),
    ({"safety.cooldownSeconds": -1}, "safety.cooldownSeconds"),
    ({"safety.maxScaleUpRate": -1}, "safety.maxScaleUpRate"),
    ({"safety.maxScaleUpRate": "3"}, "safety.maxScaleUpRate"),
    ({"safety.maxScaleUpRate": "-5%"}, "safety.maxScaleUpRate"),
    ({"safety.maxScaleUpRate": "1000001%"}, "safety.maxScaleUpRate"),
    ({"safety.maxScaleUpRate": 0.5}, "safety.maxScaleUpRate"),
    ({"safety.maxScaleDownRate": "101%"}, "safety.maxScaleDownRate"),
    ({"safety.scaleDownStabilizationSeconds": 3601}, "safety.scaleDownStabilizationSeconds"),
    ({"safety.cooldown": 5}, "safety"),
    ({"fallback": {"behavior": "Static"}}, "fallback.replicas"),
    ({"fallback": {"behavior": "StaticIfLower", "failureThreshold": 3}}, "fallback.replicas"),
    ({"fallback": {"behavior": "Static", "replicas": -1}}, "fallback.replicas"),
    ({"fallback": {"failureThreshold": 0}}, "fallback.failureThreshold"),
]

GOOD_STATUS = """
observedGeneration: 3
targetName: Deployment/http-app
currentReplicas: 2
readyReplicas: 2
recommendedReplicas: 7
desiredReplicas: 5
reason: "Scale from 2 to 5: maxScaleUpRate allows no more at once."
limitedBy: [ScaleUpRate]
metrics:
  - {name: prometheus, value: 350, target: 100, targetType: Value, ratio: 3.5, recommended: 7,
     observedAt: "2026-01-01T00:00:00Z"}
  - {name: queue, noData: the key is not there, target: 5, targetType: AverageValue}
idle: false
scaledToZero: false
lastDecisionTime: "2026-01-01T00:00:00Z"
pendingScale: {from: 2, to: 5, at: "2026-01-01T00:00:00Z"}
conditions:
  - {type: Ready, status: "True", reason: Reading, message: ok, observedGeneration: 3,
     lastTransitionTime: "2026-01-01T00:00:00Z"}
"""

BAD_STATUS = [
    ({"conditions.0.status": "Yes"}, "conditions.0.status"),
    ({"conditions.0.reason": REMOVE}, "conditions.0"),
    ({"pendingScale.at": REMOVE}, "pendingScale"),
    ({"desiredReplicas": "5"}, "desiredReplicas"),
]


def changed(text, changes):
    """The YAML document with the values at the given paths replaced or removed."""
    document = yaml.safe_load(text)
    for path, value in changes.items():
        *parents, last = path.split(".")
        node = document
        for key in parents:
            node = node[int(key)] if isinstance(node, list) else node[key]
        if value is REMOVE:
            del node[last]
        else:
            node[last] = copy.deepcopy(value)
    return document


def with_defaults(schema, value):
    """The value with the schema's defaults filled in, as an API server does before it looks at anything else."""
    if isinstance(value, dict):
        for name, child in schema.get("properties", {}).items():
            if name not in value and "default" in child:
                value[name] = copy.deepcopy(child["default"])
            if name in value:
                value[name] = with_defaults(child, value[name])
    elif isinstance(value, list):
        value = [with_defaults(schema["items"], element) for element in value]
    return value


def closed(schema):
    """The schema as JSON Schema (draft 4), which refuses unknown fields and numbers too large for their format."""
    result = {key: value for key, value in schema.items() if not key.startswith("x-")}
    if schema.get("format") == "int32":
        result.setdefault("minimum", -(2**31))
        result.setdefault("maximum", 2**31 - 1)
    if "properties" in schema:
        result["properties"] = {name: closed(child) for name, child in schema["properties"].items()}
        result["additionalProperties"] = False
    if "items" in schema:
        result["items"] = closed(schema["items"])
    return result


def cel_value(schema, value):
    """The value in the types that the schema gives it: 100 in a number field is a double."""
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        known = {name: cel_value(properties[name], child) for name, child in value.items() if name in properties}
        return celpy.celtypes.MapType({celpy.celtypes.StringType(name): child for name, child in known.items()})
    if isinstance(value, list):
        return celpy.celtypes.ListType([cel_value(schema["items"], element) for element in value])
    if schema.get("type") == "number":
        return celpy.celtypes.DoubleType(value)
    return celpy.json_to_cel(value)


def rules(schema, path=()):
    """Every CEL rule, with the path of the object that it speaks of. None is inside an array."""
    for rule in schema.get("x-kubernetes-validations", []):
        yield path, schema, rule
    for name, child in schema.get("properties", {}).items():
        yield from rules(child, path + (name,))


class Checker:
    def __init__(self, schema):
        self.schema = schema
        self.validator = jsonschema.Draft4Validator(closed(schema))
        environment = celpy.Environment()
        self.rules = [
            (path, part, rule, environment.program(environment.compile(rule["rule"])))
            for path, part, rule in rules(schema)
        ]

    def refusals(self, value):
        """(field, message) for everything that an API server would hold against the value."""
        value = with_defaults(self.schema, value)
        found = [(".".join(map(str, e.absolute_path)), e.message) for e in self.validator.iter_errors(value)]
        return found or [*self.broken_rules(value)]

    def broken_rules(self, value):
        for path, part, rule, program in self.rules:
            node = value
            for name in path:
                node = node.get(name) if node is not None else None
            if node is not None and not program.evaluate({"self": cel_value(part, node)}):
                yield ".".join(path) + rule["fieldPath"] if path else rule["fieldPath"][1:], rule["message"]


def properties(schema, path=""):
    """Every field below the schema: its dotted path and its schema."""
    for name, child in schema.get("properties", {}).items():
        yield f"{path}{name}", child
        yield from properties(child, f"{path}{name}.")
        yield from properties(child.get("items", {}), f"{path}{name}[].")


def check_objects(checker, name, good, bad):
    for label, value in good:
        for field, message in checker.refusals(value):
            yield f"{name} refuses {label} at '{field}': {message}"
    for label, value, expected in bad:
        fields = [field for field, _ in checker.refusals(value)]
        if expected not in fields:
            yield f"{name} should refuse {label} at '{expected}', but refuses {fields or 'nothing'}"


def check_schema(spec, status):
    fields = dict(properties(spec))
    for path, schema in fields.items():
        if "description" not in schema:
            yield f"spec.{path} has no description"
        if schema.get("type") == "string" and "enum" not in schema and "maxLength" not in schema:
            yield f"spec.{path} has no maxLength, which CEL needs to bound the cost of a rule"
        if schema.get("type") == "array" and "maxItems" not in schema:
            yield f"spec.{path} has no maxItems, which CEL needs to bound the cost of a rule"
        # An API server checks a default against the rules without filling in what the default leaves out.
        if isinstance(schema.get("default"), dict):
            text = " ".join(rule["rule"] for rule in schema.get("x-kubernetes-validations", []))
            for name in set(re.findall(r"self\.(\w+)", text)) - schema["default"].keys():
                if "default" in schema["properties"][name]:
                    yield f"the default of spec.{path} lacks {name}, which a rule reads"
    for path, _, rule in rules(spec):
        target = ".".join(path) + rule["fieldPath"] if path else rule["fieldPath"][1:]
        if target not in fields:
            yield f"a rule names the field spec.{target}, which is not there"
    for path, schema in properties(status):
        if "type" not in schema:
            yield f"status.{path} has no type"


def check_reference(spec, status):
    """The reference page names every field."""
    text = REFERENCE.read_text()
    for part, schema in (("spec", spec), ("status", status)):
        for path, _ in properties(schema):
            name = path.rsplit(".", 1)[-1]
            if f"`{name}`" not in text and f"`{path}`" not in text:
                yield f"{REFERENCE.relative_to(ROOT)} does not mention {part}.{path}"


def check_copy():
    if EMBEDDED_CRD.read_bytes() != CRD.read_bytes():
        copy = EMBEDDED_CRD.relative_to(ROOT)
        yield f"{copy} differs: run cp {CRD.relative_to(ROOT)} {copy}"


def main():
    crd = yaml.safe_load(CRD.read_text())
    (version,) = crd["spec"]["versions"]
    parts = version["schema"]["openAPIV3Schema"]["properties"]
    spec, status = Checker(parts["spec"]), Checker(parts["status"])
    errors = [
        *check_schema(parts["spec"], parts["status"]),
        *check_objects(
            spec,
            "spec",
            [(changes, changed(EXAMPLE, changes)) for changes in GOOD],
            [(changes, changed(EXAMPLE, changes), field) for changes, field in BAD],
        ),
        *check_objects(
            status,
            "status",
            [("the example", changed(GOOD_STATUS, {}))],
            [(changes, changed(GOOD_STATUS, changes), field) for changes, field in BAD_STATUS],
        ),
        *check_reference(parts["spec"], parts["status"]),
        *check_copy(),
    ]
    for error in errors:
        print(f"deploy/crd.yaml: {error}", file=sys.stderr)
    if not errors:
        print(f"deploy/crd.yaml: {len(GOOD) + 1} objects accepted, {len(BAD) + len(BAD_STATUS)} refused, as expected")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
