#!/usr/bin/env python3
"""Checks docs/reference/plugins/index.json, the index of plugins, and makes the page docs/reference/plugins/README.md from it and
sources.tsv.

Usage: scripts/plugin_index.py [--check]

With --check it writes nothing, and fails where the page differs from what it would write.
"""

import json
import subprocess
import sys

import jsonschema

from chart import ROOT

FOLDER = ROOT / "docs/reference/plugins"
INDEX = FOLDER / "index.json"
SOURCES = FOLDER / "sources.tsv"
PAGE = FOLDER / "README.md"
SCHEMA = ROOT / "docs/reference/schemas/plugin-index.json"

HEAD = """# Metric sources and plugins

<!-- Made from sources.tsv and index.json by `make manifests`. -->

The sources of metrics for a GeneralScaler.

- *plugin*: a plugin of the operator's image reads the source itself.
- *recipe*: a tested config of the [http](http.md) plugin.
- *exporter*: Prometheus collects the metric, and the [prometheus](prometheus.md) plugin queries it. The linked exporters exist; this
  project does not test them.
- *adapter*: a metrics adapter of the cluster serves the metric, and the types `kubernetes-external` and `kubernetes-custom` read it.

| source | how | with |
|---|---|---|
"""
PLUGINS = """
## Plugins

| plugin | metric types | reads | version | image | conformance |
|---|---|---|---|---|---|
"""
TAIL = """
*Conformance* is the result of `plugin-check test` for that version, which a test of this repository compares for its own plugins. *full*: no rule is broken, with a config whose source gives
values. *partial*: no rule is broken, and the rules that need a value were skipped. The index makes no other claims: read a
plugin's source before you install it, and pin the image by its digest.

## Install

The operator's image has the plugins whose image is *operator*. For another one, add an entry to
[`plugins.images`](../../how-to/install.md#add-plugins) of the chart's values. A plugin without an image is built from its
source, as [Ship a plugin](../../how-to/ship-a-plugin.md) describes.

## Add a plugin to the index

Add an entry to [index.json](index.json) in a pull request. The [schema](../schemas/plugin-index.json) describes the fields, and
`scripts/plugin_index.py` generates this page. Programs may read the index; the meaning of its fields is stable.
"""


def errors(index, programs=None):
    """What is wrong with the index. `programs` is a directory of the built programs, or None."""
    schema = json.loads(SCHEMA.read_text())
    found = [f"{'.'.join(map(str, error.absolute_path))}: {error.message}"
             for error in jsonschema.Draft202012Validator(schema).iter_errors(index)]
    if found:
        return found
    names = [plugin["name"] for plugin in index["plugins"]]
    # Those of the operator first.
    if index["plugins"] != sorted(index["plugins"], key=lambda plugin: (plugin["image"] != "operator", plugin["name"])):
        found.append("plugins: sort them by name, those of the operator first")
    owners = {}
    for plugin in index["plugins"]:
        name = plugin["name"]
        if names.count(name) > 1:
            found.append(f"{name} is listed twice")
        for kind in plugin["types"]:
            if owners.setdefault(kind, name) != name:
                found.append(f"{name} and {owners[kind]} both offer the metric type {kind}")
        for field in ("source", "documentation"):
            if "://" not in plugin.get(field, "://") and not (ROOT / plugin[field]).exists():
                found.append(f"{name}: {field} is {plugin[field]}, which is neither an address nor in this repository")
        if programs and plugin["source"].startswith(("Plugins/", "examples/plugins/")):
            found += check_handshake(plugin, programs)
    return found


def check_handshake(plugin, programs):
    """This repository's own plugins say the same of themselves. One that is not built there is skipped."""
    name = f"generalscaler-plugin-{plugin['name']}"
    paths = [programs / name, programs / f"{plugin['name']}-plugin", ROOT / plugin["source"] / name]
    path = next((path for path in paths if path.is_file()), None)
    if path is None:
        return
    options = ["--oneshot"] if plugin.get("mode") == "oneshot" else []
    command = [programs / "plugin-check", "call", "--method", "initialize", *options, path]
    text = subprocess.run(command, capture_output=True, text=True).stdout.partition("result: ")[2]
    try:
        hello, _ = json.JSONDecoder().raw_decode(text)
    except ValueError:
        yield f"{plugin['name']}: {path} does not complete the handshake"
        return
    said = {"name": hello["plugin"]["name"], "version": hello["plugin"]["version"],
            "types": sorted(kind["type"] for kind in hello["metricTypes"])}
    for field, value in said.items():
        if value != (sorted(plugin[field]) if field == "types" else plugin[field]):
            yield f"{plugin['name']}: {field} is {plugin[field]}, and the plugin says {value}"


def link(text, target):
    return f"[{text}]({target if '://' in target else '../../../' + target})"


def row(plugin):
    name = link(plugin["name"], plugin.get("documentation", plugin["source"]))
    if plugin.get("documentation", "").startswith("docs/reference/plugins/"):
        name = f"[{plugin['name']}]({plugin['documentation'].rsplit('/', 1)[-1]})"
    image = {"operator": "operator", None: f"build it from its {link('source', plugin['source'])}"}.get(plugin["image"])
    values = "; ".join(f"`{key}: {json.dumps(value) if isinstance(value, list) else value}`"
                       for key, value in plugin.get("values", {}).items())
    if plugin.get("mode") == "oneshot":
        values = "; ".join(filter(None, [values, "`mode: oneshot`"]))
    image = (image or f"`{plugin['image']}`") + (f" ({values})" if values else "")
    types = ", ".join(f"`{kind}`" for kind in plugin["types"])
    return f"| {name} | {types} | {plugin['summary']} | {plugin['version']} | {image} | {plugin['conformance']} |\n"


def source_rows():
    """The rows of the table of sources, from lines of three fields separated by tabs."""
    for line in SOURCES.read_text().splitlines():
        source, how, link = line.split("\t")
        yield f"| {source} | {how} | {link} |\n"


def page(index):
    return HEAD + "".join(source_rows()) + PLUGINS + "".join(map(row, index["plugins"])) + TAIL


def check(programs=None):
    """Everything that is wrong with the index and its page."""
    index = json.loads(INDEX.read_text())
    found = [f"{INDEX.relative_to(ROOT)}: {error}" for error in errors(index, programs)]
    if not found and (not PAGE.exists() or PAGE.read_text() != page(index)):
        found.append(f"{PAGE.relative_to(ROOT)} is not what index.json makes: run scripts/plugin_index.py")
    return found


def main():
    is_check = sys.argv[1:] == ["--check"]
    index = json.loads(INDEX.read_text())
    found = check() if is_check else errors(index)
    for error in found:
        print(error, file=sys.stderr)
    if not is_check and not found and (not PAGE.exists() or PAGE.read_text() != page(index)):
        PAGE.write_text(page(index))
        print(f"wrote {PAGE.relative_to(ROOT)}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
