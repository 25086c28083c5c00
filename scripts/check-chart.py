#!/usr/bin/env python3
"""Checks charts/generalscaler: Helm's own lint, then every rendering of a matrix of values against the schemas of Kubernetes
and a few rules of this project, then values that must be refused."""

import json
import re
import sys

import kubernetes_validate
import yaml
from helm_python import chart as helm
from helm_python.errors import HelmError

from chart import CHART, NAMESPACE, RELEASE, ROOT, objects, render

# The oldest that the chart names, some between, and the newest there are schemas for.
KUBERNETES = ["1.28.0", "1.31.0", "1.33.0", "1.36.0", "1.37.0"]
# Kinds that Kubernetes has no schema for, and the fields of theirs that have to be there.
FOREIGN = {"ServiceMonitor": ["selector", "endpoints"], "PrometheusRule": ["groups"]}

METRIC_GROUPS = {"custom.metrics.k8s.io", "external.metrics.k8s.io"}

SCRIPT = {"name": "weekday", "configMap": {"name": "scripts", "key": "weekday.sh"}}
COPIED = {"name": "queue", "initContainer": {"image": "example/queue:1", "command": ["cp", "/queue", "/plugin/"]}}
MOUNTED = {"name": "tide", "image": {"reference": "example/tide:1", "directory": "/plugins"}}

FROM_IMAGE = {"name": "tide", "image": "example/tide:1.0.3", "digest": "sha256:" + "7" * 64, "directory": "/opt/tide"}

MATRIX = {
    "defaults": {},
    "namespaces": {"watchNamespaces": ["shop", "blog"]},
    "namespaces with the webhook": {"watchNamespaces": ["shop", "blog"], "webhook": {"withWatchNamespaces": True}},
    "namespaces with the webhook and cert-manager": {
        "watchNamespaces": ["shop"], "webhook": {"withWatchNamespaces": True, "certificateSecret": "webhook-tls"}},
    "other kinds": {"targetKinds": [{"apiGroup": "argoproj.io", "resource": "rollouts"}, {"apiGroup": "", "resource": "replicationcontrollers"}]},
    "plugin defaults": {"plugins": {"config": {"prometheus": {"defaults": {"address": "http://prometheus:9090"}}}}},
    "kinds to count": {"kubernetesPlugin": {"objects": [{"apiGroup": "batch", "resource": "jobs"}]}},
    "kinds to count in namespaces": {
        "watchNamespaces": ["shop"], "kubernetesPlugin": {"objects": [{"apiGroup": "batch", "resource": "jobs"}]}},
    "no Kubernetes metrics": {"kubernetesPlugin": {"enabled": False}},
    "plugin defaults in a Secret": {"plugins": {"existingSecret": "plugins"}},
    "scripts and copied plugins": {"extraPlugins": [SCRIPT, COPIED]},
    "plugins from images": {
        "plugins": {"images": [FROM_IMAGE, {"name": "tram", "image": "example/tram"}]}, "extraPlugins": [COPIED]},
    "plugins from images and plugin defaults in a Secret": {"plugins": {"images": [FROM_IMAGE], "existingSecret": "plugins"}},
    "a webhook with cert-manager": {"webhook": {
        "certificateSecret": "webhook-tls", "failurePolicy": "Fail", "annotations": {"cert-manager.io/inject-ca-from": "a/b"}}},
    "the API": {"api": {"tokenSecret": "generalscaler-api"}, "networkPolicy": {"enabled": True}},
    "no webhook": {"webhook": {"enabled": False}},
    "nothing of this release": {
        "crds": {"install": False}, "rbac": {"create": False}, "serviceAccount": {"create": False, "name": "mine"}},
    "a definition that goes": {"crds": {"keep": False}},
    "monitoring": {"metrics": {
        "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
        "prometheusRule": {"enabled": True, "disabledAlerts": ["GeneralScalerPausedLong"]},
        "dashboard": {"enabled": True, "annotations": {"folder": "Autoscaling"}}}},
    "network": {"networkPolicy": {
        "enabled": True, "restrictEgress": True, "metricsFrom": [{"namespaceSelector": {}}],
        "extraEgress": [{"ports": [{"port": 9090, "protocol": "TCP"}]}]}},
    "network, from everywhere": {"networkPolicy": {"enabled": True}},
    "placement": {
        "priorityClassName": "system-cluster-critical", "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"operator": "Exists"}], "podDisruptionBudget": {"enabled": True, "maxUnavailable": "50%"},
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
            {"matchExpressions": [{"key": "zone", "operator": "Exists"}]}]}}},
        "topologySpreadConstraints": [
            {"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "ScheduleAnyway"},
            {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "DoNotSchedule",
             "labelSelector": {"matchLabels": {"a": "b"}}}]},
    "identity": {
        "serviceAccount": {"annotations": {"iam.gke.io/gcp-service-account": "a@b.iam.gserviceaccount.com"}},
        "podLabels": {"azure.workload.identity/use": "true"}, "podAnnotations": {"a": "b"},
        "commonLabels": {"team": "platform"}},
    "named Secrets": {"secrets": {"access": "named", "named": [
        {"namespace": "shop", "name": "redis-auth"}, {"namespace": "shop", "name": "other"}]}},
    "Secrets of namespaces": {"secrets": {"namespaces": ["shop", "blog"]}},
    "every Secret": {"secrets": {"access": "all"}},
    "no Secrets": {"secrets": {"access": "none"}},
    "no roles for users": {"rbac": {"userRoles": False}},
    "unlabelled Secrets": {"secrets": {"access": "all", "allowUnlabelled": True}, "watchNamespaces": ["shop"]},
    "one replica, slow to change": {
        "replicas": 1, "leaderElection": {"leaseDurationSeconds": 60, "renewDeadlineSeconds": 40, "retryPeriodSeconds": 5}},
    "image": {
        "image": {"digest": "sha256:" + "0" * 64, "pullPolicy": "Always"}, "imagePullSecrets": [{"name": "registry"}]},
    "extras": {
        "paused": True, "logLevel": "debug", "nameOverride": "scaler", "fullnameOverride": "my-scaler",
        "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}],
        "extraVolumes": [{"name": "token", "secret": {"secretName": "token"}}],
        "extraVolumeMounts": [{"name": "token", "mountPath": "/var/run/secrets/token"}]},
}

# An image volume is a field from 1.31 on.
SINCE = {
    "plugins in image volumes": ("1.33.0", {"extraPlugins": [MOUNTED, SCRIPT]}),
    "plugins from images in image volumes": ("1.33.0", {"plugins": {"images": [FROM_IMAGE | {"mount": "imageVolume"}]}}),
}

REFUSED = {
    "an unknown value": ({"replicaCount": 3}, "replicaCount"),
    "an unknown value further down": ({"metrics": {"serviceMonitor": {"enable": True}}}, "enable"),
    "a plugin from nowhere": ({"extraPlugins": [{"name": "a"}]}, "0 of image, initContainer and configMap: set exactly one"),
    "a plugin from two places": ({"extraPlugins": [SCRIPT | COPIED]}, "(queue) has 2 of image"),
    "a log level that is none": ({"logLevel": "loud"}, "logLevel"),
    "a namespace that is none": ({"watchNamespaces": ["A_B"]}, "watchNamespaces"),
    "Secrets in a way that is none": ({"secrets": {"access": "some"}}, "access"),
    "Secrets to count": ({"kubernetesPlugin": {"objects": [{"apiGroup": "", "resource": "secrets"}]}}, "remove it"),
    "no service account": ({"serviceAccount": {"create": False}}, "serviceAccount.name"),
}


def check_lint():
    report = helm.lint(CHART, strict=True)
    for message in report["messages"]:
        # An icon is recommended; there is none.
        if message["severity"] > 1:
            yield f"helm lint: {message['path']}: {message['error']}"
    yield from report["errors"]


def check_rendering(values, versions):
    found = [*objects(files := render(values))]
    names = [(item["kind"], item["metadata"].get("namespace"), item["metadata"]["name"]) for item in found]
    for name in {name for name in names if names.count(name) > 1}:
        yield f"{name} is listed twice"
    if not files["NOTES.txt"].strip():
        yield "the notes are empty"
    for item in found:
        for message in [*check_object(item, versions), *check_house(item)]:
            yield f"{item['kind']}/{item['metadata']['name']}: {message}"


def check_object(item, versions):
    if item["kind"] in FOREIGN:
        for field in FOREIGN[item["kind"]]:
            if not item["spec"].get(field):
                yield f"spec.{field} is missing"
        return
    for version in versions:
        try:
            kubernetes_validate.validate(item, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            yield f"Kubernetes {version}: {'.'.join(map(str, error.path))}: {error.message}"


def check_house(item):
    """What the schemas do not say."""
    kind = item["kind"]
    if kind in ("ClusterRole", "Role"):
        for rule in item["rules"]:
            for field in ("apiGroups", "resources", "verbs"):
                # Their resources are metrics, and no one knows their names in advance.
                if field == "resources" and set(rule["apiGroups"]) <= METRIC_GROUPS and set(rule["verbs"]) <= {"get", "list"}:
                    continue
                if "*" in rule[field] or any(entry.startswith("*/") for entry in rule[field]):
                    yield f"a rule grants every one of {field}"
            names = rule.get("resourceNames", [])
            is_own = kind == "Role" and names and all(name.endswith("-webhook") for name in names)
            if "secrets" in rule["resources"] and rule["verbs"] != ["get"] and not is_own:
                yield "a rule grants more of Secrets than to get one"
    if kind in ("Deployment", "Pod"):
        pod = item["spec"]["template"]["spec"] if kind == "Deployment" else item["spec"]
        volumes = {volume["name"] for volume in pod.get("volumes", [])}
        if not pod["securityContext"]["runAsNonRoot"]:
            yield "may run as root"
        for container in [*pod["containers"], *pod.get("initContainers", [])]:
            security = container["securityContext"]
            if (not security["readOnlyRootFilesystem"] or security["allowPrivilegeEscalation"]
                    or security["capabilities"]["drop"] != ["ALL"]):
                yield f"container {container['name']} is not confined"
            for mount in container.get("volumeMounts", []):
                if mount["name"] not in volumes:
                    yield f"container {container['name']} mounts {mount['name']}, which is no volume of the pod"
    if kind == "Deployment":
        selector = item["spec"]["selector"]["matchLabels"].items()
        if not selector <= item["spec"]["template"]["metadata"]["labels"].items():
            yield "does not select its own pods"


def check_refusals():
    for name, (values, word) in REFUSED.items():
        try:
            render(values)
        except HelmError as error:
            if word not in str(error):
                yield f"{name}: the refusal does not say {word}: {error}"
        else:
            yield f"{name} is not refused"


def check_values():
    """values.yaml and the schema have the same values, each with a description."""
    schema = json.loads((CHART / "values.schema.json").read_text())

    def walk(path, schema, default):
        for name, child in schema.get("properties", {}).items():
            inner = f"{path}{name}"
            if "description" not in child:
                yield f"values.schema.json: {inner} has no description"
            if name != "global" and isinstance(default, dict) and name not in default:
                yield f"values.yaml does not have {inner}"
            if child.get("properties"):
                yield from walk(f"{inner}.", child, default.get(name, {}))
        for name, child in schema.get("items", {}).get("properties", {}).items():
            if "description" not in child:
                yield f"values.schema.json: {path}{name} has no description"

    yield from walk("", schema, yaml.safe_load((CHART / "values.yaml").read_text()))


def check_monitoring():
    alerts = yaml.safe_load((CHART / "files/alerts.yaml").read_text())
    rendered = [item for item in objects(render(MATRIX["monitoring"])) if item["kind"] == "PrometheusRule"][0]
    expected = {rule["alert"]: rule for group in alerts["groups"] for rule in group["rules"]}
    del expected["GeneralScalerPausedLong"]
    for group in rendered["spec"]["groups"]:
        for rule in group["rules"]:
            original = expected.pop(rule["alert"])
            rule["expr"] = rule["expr"].replace(f'{{lease="{NAMESPACE}/{RELEASE}"}}', "")
            page = ROOT / "docs/runbooks" / rule["annotations"].pop("runbook_url").rsplit("/", 1)[-1]
            if not page.exists():
                yield f"{rule['alert']} has no page {page.relative_to(ROOT)}"
            if rule != original:
                yield f"{rule['alert']} is rendered as something else: {rule}"
    for name in expected:
        yield f"{name} is not rendered"
    pages = {page.stem for page in (ROOT / "docs/runbooks").glob("GeneralScaler*.md")}
    for name in pages - {rule["alert"] for group in alerts["groups"] for rule in group["rules"]}:
        yield f"docs/runbooks/{name}.md is about no alert"
    dashboard = [item for item in objects(render(MATRIX["monitoring"])) if item["metadata"]["name"].endswith("-dashboard")]
    if json.loads(dashboard[0]["data"]["generalscaler.json"]) != json.loads((CHART / "files/dashboard.json").read_text()):
        yield "the dashboard is rendered as something else"


def check_version():
    """The chart, the operator and the image that the chart names have one version."""
    text = (ROOT / "Sources/PluginProtocol/ProjectVersion.swift").read_text()
    version = re.search(r'static let current = "(.*?)"', text)[1]
    metadata = yaml.safe_load((CHART / "Chart.yaml").read_text())
    for field in ("version", "appVersion"):
        if str(metadata[field]) != version:
            yield f"Chart.yaml: {field} is {metadata[field]}, and the operator's version is {version}"


def main():
    rows = {name: (values, KUBERNETES) for name, values in MATRIX.items()}
    for name, (oldest, values) in SINCE.items():
        rows[name] = values, [version for version in KUBERNETES if version.split(".")[1] >= oldest.split(".")[1]]
    errors = [*check_lint(), *check_refusals(), *check_values(), *check_monitoring(), *check_version()]
    for name, (values, versions) in rows.items():
        errors += (f"with {name}: {error}" for error in check_rendering(values, versions))
    for error in errors:
        print(f"charts/generalscaler: {error}", file=sys.stderr)
    if not errors:
        print(f"charts/generalscaler: {len(rows)} renderings are valid, {len(REFUSED)} sets of values refused, as expected")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
