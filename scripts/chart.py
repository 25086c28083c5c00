"""What the scripts that work on charts/generalscaler share. Rendering is done by Helm's own engine, without a cluster."""

import pathlib

import yaml
from helm_python.chart import Chart

ROOT = pathlib.Path(__file__).resolve().parent.parent
CHART = ROOT / "charts/generalscaler"
NAMESPACE = "generalscaler-system"
RELEASE = "generalscaler"


def render(values=None, **options):
    """The rendered templates, notes included: file name to text."""
    with Chart.load(CHART) as chart:
        files = chart.render(values=values or {}, **{"name": RELEASE, "namespace": NAMESPACE, **options})
    return {name.removeprefix("generalscaler/templates/"): text for name, text in files.items()}


def objects(files):
    """Every object in rendered templates."""
    for name, text in files.items():
        if name != "NOTES.txt":
            yield from (document for document in yaml.safe_load_all(text) if document)
