#!/usr/bin/env python3
"""Checks deploy/crd.yaml: what it accepts and refuses, and that it follows the rules of this project.

Objects are played through the same steps as in an API server: defaults, the schema, then the CEL rules
(https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/). Fields that the
schema does not know are refused, as kubectl does.
"""

import copy
import json
import pathlib
import re
import sys

import celpy
import jsonschema
import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
CRD = ROOT / "deploy/crd.yaml"
REFERENCE = ROOT / "docs/reference/resource.md"
BUDGET_CRD = ROOT / "deploy/budget-crd.yaml"
BUDGET_REFERENCE = ROOT / "docs/reference/scaling-budget.md"

# Specs that are accepted, and specs that are refused with the field to name. The tests hold the operator's own checks
# to the same table.
SPECS = ROOT / "Tests/Fixtures/Resource/specs.json"

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
  - {name: queue, noData: the key does not exist, target: 5, targetType: AverageValue}
  - {name: orders, value: 900, target: 100, targetType: AverageValue, recommended: 3, usefulReplicas: 3,
     active: false}
  - {name: drain, value: 42, assumed: true, target: 30, targetType: Value, formula: "backlog / (rate ?? 1)",
     filledFormula: "42 / (no data ?? 1)"}
inputs:
  - {name: backlog, value: 42, observedAt: "2026-01-01T00:00:00Z"}
  - {name: rate, noData: the query has an empty result}
idle: false
scaledToZero: false
lastDecisionTime: "2026-01-01T00:00:00Z"
pendingScale: {from: 2, to: 5, at: "2026-01-01T00:00:00Z", startsCooldown: true}
unconfirmedReplicas: 7
conditions:
  - {type: Ready, status: "True", reason: Reading, message: ok, observedGeneration: 3,
     lastTransitionTime: "2026-01-01T00:00:00Z"}
"""

# Changes to it that are refused, and at which field.
BAD_STATUS = [
    {"set": {"conditions[0].status": "Yes"}, "field": "conditions[0].status"},
    {"remove": ["conditions[0].reason"], "field": "conditions[0].reason"},
    {"remove": ["pendingScale.at"], "field": "pendingScale.at"},
    {"set": {"desiredReplicas": "5"}, "field": "desiredReplicas"},
]


# Changes to the example of the page about ScalingBudgets that are refused, and at which field.
BAD_BUDGETS = [
    {"remove": ["limits"], "field": "limits"},
    {"set": {"limits": []}, "field": "limits"},
    {"set": {"limits[0].perHour": -1}, "field": "limits[0].perHour"},
    {"set": {"sharing[0].weight": 0}, "field": "sharing[0].weight"},
    {"set": {"mode": "Off"}, "field": "mode"},
    {"set": {"reclaim": "Never"}, "field": "reclaim"},
    {"set": {"selector": {"labels": {}}}, "field": "selector.labels"},
    {"remove": ["windows[0].amounts"], "field": "windows[0].amounts"},
    {"set": {"windows[0].amounts.cost": -0.5}, "field": "windows[0].amounts.cost"},
]


def dotted(keys):
    """The path of a field: ["metrics", 0, "type"] is metrics[0].type."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys).lstrip(".")


def parts(path):
    return [int(part) if part.isdigit() else part for part in re.findall(r"[^.\[\]]+", path)]


def changed(document, row):
    """A copy of the document with what the row sets and without what it removes."""
    document = copy.deepcopy(document)
    changes = [*row.get("set", {}).items(), *((path, None) for path in row.get("remove", []))]
    for path, value in changes:
        *parents, last = parts(path)
        node = document
        for key in parents:
            node = node[key]
        if path in row.get("remove", []):
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
    elif isinstance(value, list) and "items" in schema:
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
    """Every CEL rule, with the path of the object that it validates. None is inside an array."""
    for rule in schema.get("x-kubernetes-validations", []):
        yield path, schema, rule
    for name, child in schema.get("properties", {}).items():
        yield from rules(child, path + (name,))


def fields(error):
    """The fields that an error of the schema names: missing or unknown fields, not the object that contains them."""
    path = list(error.absolute_path)
    if error.validator == "required":
        return [path + [name] for name in error.validator_value if name not in error.instance]
    if error.validator == "additionalProperties":
        return [path + [name] for name in error.instance if name not in error.schema["properties"]]
    return [path]


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
        found = [(dotted(path), error.message) for error in self.validator.iter_errors(value) for path in fields(error)]
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


def check_objects(checker, name, example, good, bad):
    for row in good:
        for field, message in checker.refusals(changed(example, row)):
            yield f"{name} refuses {row} at '{field}': {message}"
    for row in bad:
        named = [field for field, _ in checker.refusals(changed(example, row))]
        if row["field"] not in named:
            yield f"{name} should refuse {row}, but refuses {named or 'nothing'}"


def check_schema(spec, status):
    fields = dict(properties(spec))
    for path, schema in fields.items():
        if "description" not in schema:
            yield f"spec.{path} has no description"
        # Not every version of kubectl explain shows a schema's default.
        default = schema.get("default")
        if default is not None and not isinstance(default, dict):
            text = default if isinstance(default, str) else json.dumps(default)
            if not re.search(rf'Default: "?{re.escape(text)}"?\.', schema.get("description", "")):
                yield f"the description of spec.{path} does not end in its default, {text}"
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
            yield f"a rule names the field spec.{target}, which does not exist"
    for path, schema in properties(status):
        if "type" not in schema:
            yield f"status.{path} has no type"


def check_budgets():
    """The same for the definition of ScalingBudgets, with the example of its page."""
    (version,) = yaml.safe_load(BUDGET_CRD.read_text())["spec"]["versions"]
    schemas = version["schema"]["openAPIV3Schema"]["properties"]
    example = yaml.safe_load(BUDGET_REFERENCE.read_text().split("```yaml\n")[1].split("```")[0])["spec"]
    yield from check_schema(schemas["spec"], schemas["status"])
    yield from check_objects(Checker(schemas["spec"]), "spec", example, [{}], BAD_BUDGETS)
    yield from check_reference(schemas["spec"], schemas["status"], BUDGET_REFERENCE)


def check_reference(spec, status, page=REFERENCE):
    """The reference page names every field."""
    text = page.read_text()
    for part, schema in (("spec", spec), ("status", status)):
        for path, _ in properties(schema):
            name = path.rsplit(".", 1)[-1]
            if f"`{name}`" not in text and f"`{path}`" not in text:
                yield f"{page.relative_to(ROOT)} does not mention {part}.{path}"


def main():
    crd = yaml.safe_load(CRD.read_text())
    (version,) = crd["spec"]["versions"]
    schemas = version["schema"]["openAPIV3Schema"]["properties"]
    spec, status = Checker(schemas["spec"]), Checker(schemas["status"])
    table = json.loads(SPECS.read_text())
    errors = [
        *check_schema(schemas["spec"], schemas["status"]),
        *check_objects(spec, "spec", table["example"], table["accepted"], table["refused"]),
        *check_objects(status, "status", yaml.safe_load(GOOD_STATUS), [{}], BAD_STATUS),
        *check_reference(schemas["spec"], schemas["status"]),
    ]
    for error in errors:
        print(f"deploy/crd.yaml: {error}", file=sys.stderr)
    budget_errors = [*check_budgets()]
    for error in budget_errors:
        print(f"deploy/budget-crd.yaml: {error}", file=sys.stderr)
    if not errors:
        accepted, refused = len(table["accepted"]) + 1, len(table["refused"]) + len(BAD_STATUS)
        print(f"deploy/crd.yaml: {accepted} objects accepted, {refused} refused, as expected")
    return 1 if errors or budget_errors else 0


if __name__ == "__main__":
    sys.exit(main())
