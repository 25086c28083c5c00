#!/usr/bin/env python3
"""Generates files from the chart: the manifests in deploy/, the embedded CustomResourceDefinition, and the page of the
chart's values; and from the folders of Plugins, the chart's list of plugins.

Usage: scripts/make-manifests.py [--check]

With --check it writes nothing and fails where a file differs from what it would write.
"""

import json
import re
import sys

import yaml

from chart import CHART, NAMESPACE, ROOT, render

GENERATED = "# Made from charts/generalscaler by `make manifests`: change it there.\n"

# deploy/operator.yaml is the chart with its defaults, and a Prometheus to begin with.
PROMETHEUS = {"prometheus": {"defaults": {"address": "http://prometheus-server.monitoring.svc:80"}}}

NAMESPACE_OBJECT = f"""---
apiVersion: v1
kind: Namespace
metadata:
  name: {NAMESPACE}
  labels:
    pod-security.kubernetes.io/enforce: restricted
"""

# What only a Helm release needs.
HELM_LABELS = re.compile(r"^ *(helm\.sh/chart|app\.kubernetes\.io/managed-by|app\.kubernetes\.io/version): .*\n", re.M)


def definition(name):
    text = render({"crds": {"keep": False}})[name]
    return GENERATED + text.strip("\n") + "\n"


def manifest():
    files = render({"plugins": {"config": PROMETHEUS}, "crds": {"install": False}})
    order = ["serviceaccount.yaml", "kubernetes-plugin.yaml", "rbac.yaml", "configmaps.yaml", "service.yaml", "deployment.yaml", "webhook.yaml"]
    rest = {name for name, text in files.items() if text.strip()} - {*order, "NOTES.txt", "tests/ready.yaml"}
    if rest:
        raise SystemExit(f"make-manifests.py: {sorted(rest)} are in the default rendering and in no place of its order")
    documents = [document.strip("\n") for name in order for document in re.split(r"^---$", files[name], flags=re.M)]
    text = NAMESPACE_OBJECT + "".join(f"---\n{document}\n" for document in documents if document.strip())
    # Templates leave blank lines in place of omitted parts.
    return GENERATED + re.sub(r"\n\s*\n", "\n", HELM_LABELS.sub("", text))


def plugin_list():
    names = sorted(folder.name for folder in (ROOT / "Plugins").iterdir() if folder.is_dir())
    return "# Made from the folders of Plugins by `make manifests`.\n" + yaml.safe_dump(names)


def values_page():
    schema = json.loads((CHART / "values.schema.json").read_text())
    defaults = yaml.safe_load((CHART / "values.yaml").read_text())
    rows = [row for name, child in schema["properties"].items() if name != "global"
            for row in value_rows(name, child, defaults.get(name), name in defaults)]
    return "\n".join([
        "# Chart values", "",
        "<!-- Made from charts/generalscaler/values.schema.json by `make manifests`. -->", "",
        "Set values with `--set`, or in a file with `-f`. Helm rejects a value that is not in this list.",
        "[Install GeneralScaler with Helm](../how-to/install.md) has examples.", "",
        "| value | default | meaning |", "|---|---|---|", *rows, "",
    ])


def value_rows(path, schema, default, has_default):
    """One row for the value, and one for each value in it."""
    children = schema.get("properties", {})
    items = schema.get("items", {}).get("properties", {})
    shown = f"`{json.dumps(default, ensure_ascii=False)}`" if has_default and not children else ""
    meaning = schema["description"].replace("|", "\\|")
    if "enum" in schema:
        meaning += " One of " + ", ".join(f"`{value}`" for value in schema["enum"]) + "."
    yield f"| `{path}` | {shown} | {meaning} |"
    for name, child in children.items():
        inner = default.get(name) if isinstance(default, dict) else None
        yield from value_rows(f"{path}.{name}", child, inner, isinstance(default, dict) and name in default)
    for name, child in items.items():
        yield from value_rows(f"{path}[].{name}", child, None, False)


def inference():
    """The objects of examples/llm-inference, in the order in which they are created."""
    parts = [(ROOT / "examples/llm-inference" / f"{name}.yaml").read_text() for name in ("deployments", "budget", "scalers")]
    return "# Made from examples/llm-inference by `make manifests`: change it there.\n" + "---\n".join(parts)


def main():
    crd = definition("crd.yaml")
    budgets = definition("budget-crd.yaml")
    files = {
        "deploy/crd.yaml": crd,
        "deploy/budget-crd.yaml": budgets,
        # What `generalscaler-dev demo` installs: the package manager embeds only files of the target's own folder.
        "Sources/Tools/generalscaler-dev/Resources/crd.yaml": crd,
        "Sources/Tools/generalscaler-dev/Resources/budget-crd.yaml": budgets,
        # What `generalscaler-dev demo --inference` deploys.
        "Sources/Tools/generalscaler-dev/Resources/llm-inference.yaml": inference(),
        "Sources/Tools/generalscaler-dev/Resources/llm-requests.csv": (ROOT / "examples/llm-inference/requests.csv").read_text(),
        # What `generalscaler schema` shows.
        "Sources/generalscaler/Resources/crd.yaml": crd,
        "deploy/operator.yaml": manifest(),
        "docs/reference/chart-values.md": values_page(),
        # What the chart's checks know as the operator's own plugins.
        "charts/generalscaler/files/plugins.yaml": plugin_list(),
    }
    check = sys.argv[1:] == ["--check"]
    stale = [path for path, text in files.items() if not (ROOT / path).exists() or (ROOT / path).read_text() != text]
    for path in stale:
        if check:
            print(f"{path} is not what the chart makes: run make manifests", file=sys.stderr)
        else:
            (ROOT / path).write_text(files[path])
            print(f"wrote {path}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
