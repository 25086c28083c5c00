"""A simulated cluster with a rendered release in it, and the operator run as its pod would be."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import tempfile
import urllib.error
import urllib.request

import yaml

from support import DEBUG, PATIENCE_SECONDS, ROOT, environment, get, running

from chart import NAMESPACE, objects, render

# Irregular plurals of kinds, and the kinds without a namespace.
PLURALS = {"NetworkPolicy": "networkpolicies"}
CLUSTER_WIDE = {"ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "Namespace", "ValidatingWebhookConfiguration"}
CORE = {"v1": "/api/v1"}

# What the release of these tests adds: a plugin that is a script in a ConfigMap and needs no source.
SCRIPT = ROOT / "examples/plugins/bash/generalscaler-plugin-weekday"
SCRIPT_VALUES = {
    "extraPlugins": [{"name": "weekday", "configMap": {"name": "scripts", "key": "weekday"}}],
    "plugins": {"config": {"weekday": {"mode": "oneshot"}}},
}


class Cluster:
    def __init__(self, url, directory):
        self.url = url
        self.directory = pathlib.Path(directory)

    def request(self, method, path, body=None, kind="application/json", token=None):
        data = json.dumps(body).encode() if body is not None else None
        headers = {"Content-Type": kind} | ({"Authorization": f"Bearer {token}"} if token else {})
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.read().decode()}") from error

    def path(self, version, kind, namespace):
        place = "" if kind in CLUSTER_WIDE else f"/namespaces/{namespace}"
        return CORE.get(version, f"/apis/{version}") + place + "/" + PLURALS.get(kind, f"{kind.lower()}s")

    def create(self, item, namespace=None):
        namespace = item["metadata"].get("namespace", namespace)
        return self.request("POST", self.path(item["apiVersion"], item["kind"], namespace), item)

    def get(self, version, kind, namespace, name):
        return self.request("GET", self.path(version, kind, namespace) + "/" + name)

    def patch(self, version, kind, namespace, name, body):
        path = self.path(version, kind, namespace) + "/" + name
        return self.request("PATCH", path, body, "application/merge-patch+json")

    def wait(self, version, kind, namespace, name, until):
        """The object, once it is as the predicate wants it: each version of it is looked at as it comes."""
        path = self.path(version, kind, namespace)
        seen = self.request("GET", path)
        for item in seen["items"]:
            if item["metadata"]["name"] == name and until(item):
                return item
        query = f"?watch=1&resourceVersion={seen['metadata']['resourceVersion']}&timeoutSeconds={PATIENCE_SECONDS}"
        last = None
        with urllib.request.urlopen(self.url + path + query, timeout=PATIENCE_SECONDS + 10) as events:
            for line in events:
                item = json.loads(line)["object"]
                if item["metadata"].get("name") == name:
                    last = item
                    if until(item):
                        return item
        raise AssertionError(f"{kind} {namespace}/{name} is not as it should become; it is {last}")

    def condition(self, namespace, name, kind, status):
        """The condition of a GeneralScaler, once it has the status."""

        def find(item):
            return [entry for entry in item.get("status", {}).get("conditions", [])
                    if entry["type"] == kind and entry["status"] == status]

        return find(self.wait(SCALER, "GeneralScaler", namespace, name, lambda item: bool(find(item))))[0]

    def replicas(self, namespace, name, count):
        self.wait("apps/v1", "Deployment", namespace, name, lambda item: item["spec"]["replicas"] == count)

    def token(self, namespace, account):
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        answer = self.request("POST", path, {
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}})
        return answer["status"]["token"]

    # What tests scale.

    def create_namespace(self, name):
        self.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    def create_workload(self, namespace, name):
        labels = {"app": name}
        pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": "app"}]}}
        self.create({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": {
            "replicas": 2, "selector": {"matchLabels": labels}, "template": pod}}, namespace)

    def create_scaler(self, namespace, name, **spec):
        """One that asks for more than the 5 replicas that it may have, on any day of the week."""
        metric = {"type": "weekday", "config": {}, "targetValue": 0.1, "targetType": "AverageValue"}
        self.create({"apiVersion": SCALER, "kind": "GeneralScaler", "metadata": {"name": name}, "spec": {
            "maxReplicas": 5, "pollingIntervalSeconds": 1, "metrics": [metric], **spec}}, namespace)


SCALER = "autoscaling.example.com/v1"


@contextlib.contextmanager
def simulated():
    with tempfile.TemporaryDirectory() as directory:
        command = ["cluster", "--listen", "127.0.0.1:0", "--startup-delay", "0"]
        with running(DEBUG / "generalscaler-dev", *command, env=environment()) as simulator:
            url = simulator.line("listening on").rsplit(" ", 1)[1]
            yield Cluster(url, directory)


class Release:
    """The rendered chart, installed; `operator` runs what its pod would run, as who it would be."""

    # Written by the tests of monitoring and the network alone; the simulator does not have them.
    UNKNOWN = {"NetworkPolicy", "PodDisruptionBudget", "PrometheusRule", "ServiceMonitor"}

    def __init__(self, cluster, values):
        self.cluster = cluster
        self.objects = [*objects(render(values))]
        cluster.create_namespace(NAMESPACE)
        for item in self.objects:
            if item["kind"] not in self.UNKNOWN and "helm.sh/hook" not in item["metadata"].get("annotations", {}):
                cluster.create(item)

    def only(self, kind, name=None):
        (item,) = (item for item in self.objects
                   if item["kind"] == kind and name in (None, item["metadata"]["name"]))
        return item

    @contextlib.contextmanager
    def operator(self):
        pod = self.only("Deployment")["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        root = self.cluster.directory / "root"
        for volume in pod["volumes"]:
            mounts = [mount["mountPath"] for mount in container["volumeMounts"] if mount["name"] == volume["name"]]
            self.mount(volume, root / mounts[0].lstrip("/"))
        (root / "opt/generalscaler/bin").parent.mkdir(parents=True, exist_ok=True)
        (root / "opt/generalscaler/bin").symlink_to(DEBUG)
        arguments = [re.sub(r"=/(etc|opt)/", rf"={root}/\1/", argument) for argument in container["args"]]
        arguments = [re.sub(r"^--(webhook-)?listen=.*", r"--\1listen=127.0.0.1:0", argument) for argument in arguments]
        token = self.kubeconfig(pod["serviceAccountName"])
        command = [DEBUG / "generalscaler", *arguments, "--kubeconfig", token]
        with running(*command, env=environment(TMPDIR=str(root / "tmp"))) as operator:
            port = re.search(r"port=(\d+)", operator.line("serving metrics and health"))[1]
            yield f"http://127.0.0.1:{port}"
        shutil.rmtree(root)

    def mount(self, volume, place):
        """Lays a volume out as the kubelet does: files are links into a directory that is a link, so that both can be
        replaced at once."""
        place.mkdir(parents=True)
        if "configMap" not in volume:
            return
        data = place / "..2026_01_01"
        data.mkdir()
        (place / "..data").symlink_to(data.name)
        if items := volume["configMap"].get("items"):
            (item,) = items
            shutil.copy(SCRIPT, data / item["path"])
            os.chmod(data / item["path"], item["mode"])
        elif volume["configMap"]["name"] == "kube-root-ca.crt":
            # Kubernetes writes it into every namespace; the simulator has no certificate.
            (data / "ca.crt").write_text("")
        else:
            content = self.only("ConfigMap", volume["configMap"]["name"])["data"]
            for name, text in content.items():
                (data / name).write_text(text)
        for file in data.iterdir():
            (place / file.name).symlink_to(f"..data/{file.name}")

    def kubeconfig(self, account):
        file = self.cluster.directory / "kubeconfig"
        file.write_text(yaml.safe_dump({
            "apiVersion": "v1", "kind": "Config", "current-context": "pod",
            "clusters": [{"name": "pod", "cluster": {"server": self.cluster.url}}],
            "users": [{"name": "pod", "user": {"token": self.cluster.token(NAMESPACE, account)}}],
            "contexts": [{"name": "pod", "context": {"cluster": "pod", "user": "pod"}}],
        }))
        return file


def refusals(operator):
    """The requests of an operator that its rights did not allow."""
    page = get(f"{operator}/metrics")
    return [line for line in page.splitlines()
            if line.startswith("generalscaler_api_requests_total") and 'code="403"' in line]
