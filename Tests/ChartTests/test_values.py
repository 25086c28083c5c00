"""The chart accepts the values that the operator can start with, and refuses the others with the fix."""

import copy
import json
import pathlib
import re
import tempfile
import unittest

import yaml
from helm_python.errors import HelmError

from support import DEBUG, ROOT, environment, running

from chart import CHART, NAMESPACE, objects, render

# Values, and what the refusal has to say.
REFUSED = [
    ({"leaderElection": {"renewDeadlineSeconds": 15}},
     r"renewDeadlineSeconds \(15\) must be less than .*leaseDurationSeconds \(15\).*Lower renewDeadlineSeconds"),
    ({"leaderElection": {"leaseDurationSeconds": 7}}, r"renewDeadlineSeconds \(10\) must be less than"),
    ({"leaderElection": {"retryPeriodSeconds": 8.5}},
     r"renewDeadlineSeconds \(10\) must be more than 1.2 times .*retryPeriodSeconds \(8.5\).*Lower retryPeriodSeconds"),
    ({"leaderElection": {"leaseDurationSeconds": 3601}}, "leaseDurationSeconds"),
    ({"leaderElection": {"leaseDurationSeconds": 15.5}}, "leaseDurationSeconds"),
    ({"leaderElection": {"retryPeriodSeconds": 1e-300}}, "retryPeriodSeconds"),
    ({"targetKinds": [{"apiGroup": "argoproj.io/v1alpha1", "resource": "rollouts"}]},
     r'targetKinds\[0\].apiGroup is "argoproj.io/v1alpha1".*set it to the group alone, "argoproj.io"'),
    ({"targetKinds": [{"apiGroup": "", "resource": "pods"}, {"apiGroup": "v1", "resource": "pods"}]},
     r'targetKinds\[1\].apiGroup is "v1".*Set it to ""'),
    ({"targetKinds": [{"apiGroup": "core", "resource": "pods"}]}, 'Set it to ""'),
    ({"targetKinds": [{"apiGroup": "*", "resource": "rollouts"}]}, "which is not an API group"),
    ({"targetKinds": [{"apiGroup": "Argoproj.io", "resource": "rollouts"}]}, "which is not an API group"),
    ({"targetKinds": [{"apiGroup": "argoproj.io", "resource": "rollouts.argoproj.io"}]},
     'set resource to "rollouts" and apiGroup to "argoproj.io"'),
    ({"targetKinds": [{"apiGroup": "argoproj.io", "resource": "rollouts/scale"}]}, 'set it to "rollouts"'),
    ({"targetKinds": [{"apiGroup": "argoproj.io", "resource": "Rollout"}]}, "plural name in lower case"),
    ({"targetKinds": [{"apiGroup": "argoproj.io", "resource": ""}]}, "plural name in lower case"),
    ({"plugins": {"config": {"redis": {"maxInFlight": 7}}, "existingSecret": "my-plugins"}},
     "plugins.config and plugins.existingSecret are both set.*Secret my-plugins"),
    ({"plugins": {"config": {"promtheus": {"maxInFlight": 7}}}},
     "there is no plugin promtheus.*Plugins are http, kafka, keda, kubernetes, postgresql, prometheus, pubsub, redis.*extraPlugins.*argv"),
    ({"extraPlugins": [{"name": "a", "configMap": {"name": "b", "key": "c"}}] * 2}, r"extraPlugins\[1\].*has the name a too"),
    ({"secrets": {"access": "all", "named": [{"namespace": "shop", "name": "a"}]}},
     'secrets.access is "all".*have no effect: set secrets.access to "named"'),
    ({"secrets": {"access": "none", "namespaces": ["shop"]}}, 'secrets.access is "none"'),
    ({"metrics": {"prometheusRule": {"disabledAlerts": ["GeneralScalerPaused"]}}},
     'no alert "GeneralScalerPaused".*GeneralScalerPausedLong'),
    ({"commonLabels": {"app.kubernetes.io/name": "mine"}}, "commonLabels has the label .*remove it"),
    ({"podLabels": {"app.kubernetes.io/instance": "mine"}}, "podLabels has the label .*remove it"),
    ({"podLabels": {"team": "a" * 64}}, "podLabels"),
    ({"image": {"repository": "registry.example.com/generalscaler:0.1.0"}}, "repository"),
    ({"tmp": {"sizeLimit": "256MiB"}}, "sizeLimit"),
    ({"metrics": {"serviceMonitor": {"interval": "30"}}}, "interval"),
    ({"networkPolicy": {"apiServerPorts": []}}, "apiServerPorts"),
]

# What plugins.yaml may have of one plugin.
PLUGIN_FIELDS = [
    {"argv": ["/bin/true", 7, True, 1.5, "x"]}, {"env": {"A": "1", "B": 2, "C": 2.5, "D": True, "E": "", "_f.7-g": "h"}},
    {"defaults": {"address": "http://prometheus:9090", "maximum": 1_000_000, "nested": {"a": [1e-9, None, "<b>&"]}}},
    {"allowedAddresses": []}, {"allowedAddresses": ["https://*.metrics.example.com", "redis.shop:6379", "redis://redis.shop:*"]},
    {"allowedAddresses": ["[fd00::7]:6379", "http://10.1.2.3:65535", "a_b.example.com.", "unix:///run/redis/redis.sock"]},
    {"allowedNetworks": []}, {"allowedNetworks": ["10.0.0.0/8", "203.0.113.255/32", "0.0.0.0/0", "192.0.2.7", "fd00::/7", "::1"]},
    {"maxInFlight": 1}, {"maxInFlight": 1024}, {"mode": "serve"}, {"mode": "oneshot"}, {"sha256": "0123456789abcDEF" * 4},
    {"confined": False}, {"readPaths": ["/var/run/secrets/prometheus", "//a", "/a/"]}, {"readPaths": []},
    {"limits": {"memoryMiB": 16, "addressSpaceMiB": 16_777_216, "openFiles": 1_048_576}}, {"limits": {}}, {},
    {"children": True},
]
# What it may not have.
PLUGIN_MISTAKES = [
    {"adress": "http://prometheus:9090"}, {"default": {}}, {"argv": []}, {"argv": ["bin/true"]}, {"argv": "/bin/true"},
    {"env": ["A=1"]}, {"env": {"A": {"b": 1}}}, {"env": {"A=B": "x"}},
    {"env": {"7_A": "x"}}, {"env": {"": "x"}}, {"env": {"A B": "x"}}, {"defaults": "x"}, {"defaults": ["x"]}, {"allowedAddresses": "redis:6379"},
    {"allowedAddresses": ["http://a/path"]}, {"allowedAddresses": ["a:65536"]}, {"allowedAddresses": ["a:0"]},
    {"allowedAddresses": ["user@a"]}, {"allowedAddresses": ["a b"]}, {"allowedAddresses": [""]},
    {"allowedNetworks": "10.0.0.0/8"}, {"allowedNetworks": ["10.0.0.0/33"]}, {"allowedNetworks": ["10.0.0.256"]},
    {"allowedNetworks": ["redis.shop"]}, {"allowedNetworks": ["fd00::/129"]}, {"allowedNetworks": [""]},
    {"allowedNetworks": ["10.0.0.0/8"] * 257}, {"allowedAddresses": ["unix:///a%20b"]}, {"allowedAddresses": ["a"] * 257}, {"maxInFlight": 0}, {"maxInFlight": 1025},
    {"maxInFlight": "16x"}, {"maxInFlight": 1.5}, {"mode": "server"}, {"sha256": "abc"}, {"sha256": "g" * 64},
    {"confined": "maybe"}, {"readPaths": ["etc"]}, {"readPaths": ["/"]}, {"readPaths": "/etc"}, {"limits": []},
    {"limits": {"memory": 512}}, {"limits": {"memoryMiB": 15}}, {"limits": {"addressSpaceMiB": 1_073_741_825}},
    {"limits": {"openFiles": 1_048_577}}, {"limits": {"openFiles": 15}}, {"children": "some"},
]

# Values at the ends of what the chart accepts.
EXTREMES = [
    {"leaderElection": {"leaseDurationSeconds": 3600, "renewDeadlineSeconds": 3599.999, "retryPeriodSeconds": 2999}},
    {"leaderElection": {"leaseDurationSeconds": 1, "renewDeadlineSeconds": 0.999, "retryPeriodSeconds": 0.1}},
    {"leaderElection": {"leaseDurationSeconds": 13, "renewDeadlineSeconds": 12.000001, "retryPeriodSeconds": 10}},
    {"watchNamespaces": ["n" * 63, "7"], "logLevel": "info", "webhook": {"withWatchNamespaces": True}},
    {"logLevel": "trace", "paused": True, "secrets": {"access": "all", "allowUnlabelled": True},
     "webhook": {"enabled": False}, "replicas": 1, "fullnameOverride": "n" * 70},
    {"plugins": {"config": {f"p{number}": {"argv": ["/bin/true"]} | fields for number, fields in enumerate(PLUGIN_FIELDS)}}},
]


def start(arguments, until="serving metrics and health", prefix=()):
    """The line that the operator logs when it has started with these arguments, or None, and all its lines. No API server
    answers it, and it has no plugins but those that the arguments name. The prefix is a command that runs it."""
    with tempfile.TemporaryDirectory() as directory:
        kubeconfig = pathlib.Path(directory) / "kubeconfig"
        kubeconfig.write_text(yaml.safe_dump({
            "apiVersion": "v1", "kind": "Config", "current-context": "none",
            "clusters": [{"name": "none", "cluster": {"server": "http://127.0.0.1:1"}}],
            "contexts": [{"name": "none", "context": {"cluster": "none", "user": ""}}]}))
        command = [*prefix, DEBUG / "generalscaler", *arguments, "--plugin-dir", directory, "--kubeconfig", kubeconfig]
        with running(*command, env=environment(TMPDIR=directory)) as operator:
            return operator.line(until, otherwise=None), operator.lines[:-1]


def run_arguments(values, directory):
    """How the rendered pod runs the operator, with its files in a directory."""
    # The operator of these tests has no plugins.
    own = values.get("kubernetesPlugin", {})
    if own is not None:
        values = values | {"kubernetesPlugin": {"enabled": False} | own}
    found = [*objects(render(values))]
    (container,) = (item["spec"]["template"]["spec"]["containers"][0] for item in found if item["kind"] == "Deployment")
    arguments = [re.sub(r"^--(webhook-)?listen=.*", r"--\1listen=127.0.0.1:0", word) for word in container["args"]
                 if not word.startswith("--plugin-dir=")]
    for item in found:
        if item["kind"] == "ConfigMap" and "plugins.yaml" in item.get("data", {}):
            (pathlib.Path(directory) / "plugins.yaml").write_text(item["data"]["plugins.yaml"])
    return [word.replace("/etc/generalscaler/", f"{directory}/") for word in arguments]


class ValueTests(unittest.TestCase):
    def test_invalid_values_are_refused_with_the_fix(self):
        for values, message in REFUSED:
            with self.subTest(values=values):
                with self.assertRaisesRegex(HelmError, "(?s)" + message):
                    render(values)

    def test_a_value_that_is_set_to_null_is_refused_or_has_no_effect_on_the_arguments(self):
        """An empty value in a file of values is null, which takes the default away."""
        defaults = yaml.safe_load((CHART / "values.yaml").read_text())
        with tempfile.TemporaryDirectory() as directory:
            expected = run_arguments({}, directory)
            for path in paths(defaults):
                values = {}
                node = values
                for name in path[:-1]:
                    node = node.setdefault(name, {})
                node[path[-1]] = None
                with self.subTest(path=".".join(path)):
                    try:
                        arguments = run_arguments(values, directory)
                    except HelmError as error:
                        self.assertIn(f"missing property '{path[-1]}'", str(error))
                    else:
                        self.assertEqual(arguments, expected)

    def test_the_schema_of_the_values_rejects_unknown_fields(self):
        """What has named fields has no others."""
        def walk(path, schema):
            if "properties" in schema:
                self.assertIs(schema.get("additionalProperties"), False, path)
            for name, child in schema.get("properties", {}).items() if isinstance(schema, dict) else []:
                walk(f"{path}.{name}", child)
            if isinstance(schema.get("items"), dict):
                walk(f"{path}[]", schema["items"])

        schema = json.loads((CHART / "values.schema.json").read_text())
        walk("", schema)
        for name, definition in schema["definitions"].items():
            walk(name, definition)

    def test_the_fields_of_a_plugin_are_those_of_the_reference(self):
        page = (ROOT / "docs/reference/plugins-config.md").read_text()
        rows = set(re.findall(r"^\| `([A-Za-z0-9.]+)` \|", page, flags=re.M))
        fields = json.loads((CHART / "values.schema.json").read_text())["definitions"]["plugin"]["properties"]
        known = {name for name in fields if name != "limits"}
        known |= {f"limits.{name}" for name in fields["limits"]["properties"]}
        self.assertEqual(known, rows)
        self.assertEqual({name for entry in PLUGIN_FIELDS for name in entry}, set(fields))


class StartTests(unittest.TestCase):
    def test_an_operator_without_plugins_keeps_running(self):
        line, lines = start(["run", "--listen=127.0.0.1:0"], until="list failed")
        self.assertIsNotNone(line, lines)

    def test_the_operator_starts_with_extreme_values_that_the_chart_accepts(self):
        for values in EXTREMES:
            with self.subTest(values=values), tempfile.TemporaryDirectory() as directory:
                line, lines = start(run_arguments(values, directory))
                self.assertIsNotNone(line, lines)

    def test_plugin_settings_that_the_chart_refuses_are_refused_by_the_operator_too(self):
        for mistake in PLUGIN_MISTAKES:
            entry = {"argv": ["/bin/true"]} | mistake
            with self.subTest(mistake=mistake):
                with self.assertRaisesRegex(HelmError, "/plugins/config/redis"):
                    render({"plugins": {"config": {"redis": copy.deepcopy(entry)}}})
                with tempfile.TemporaryDirectory() as directory:
                    file = pathlib.Path(directory) / "plugins.yaml"
                    file.write_text(yaml.safe_dump({"plugins": {"redis": entry}}))
                    line, lines = start(["run", "--listen=127.0.0.1:0", f"--plugins-config={file}"])
                    self.assertIsNone(line)
                    self.assertIn("plugins.redis", "\n".join(lines))

    def test_lease_times_that_the_chart_refuses_are_refused_by_the_operator_too(self):
        for duration, deadline, period in ((15, 15, 2), (7, 10, 2), (15, 10, 8.5), (15, 12, 10), (3601, 10, 2), (15.5, 10, 2)):
            with self.subTest(times=(duration, deadline, period)):
                with self.assertRaises(HelmError):
                    render({"leaderElection": {"leaseDurationSeconds": duration, "renewDeadlineSeconds": deadline,
                                               "retryPeriodSeconds": period}})
                line, _ = start(["run", "--listen=127.0.0.1:0", f"--lease={NAMESPACE}/a", f"--lease-duration={duration}",
                                 f"--renew-deadline={deadline}", f"--retry-period={period}"])
                self.assertIsNone(line)


def paths(values, prefix=()):
    for name, value in values.items():
        yield (*prefix, name)
        if isinstance(value, dict):
            yield from paths(value, (*prefix, name))


if __name__ == "__main__":
    unittest.main()
