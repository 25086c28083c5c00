"""Every name and label of a rendering is valid in Kubernetes, for every name of the release and every override."""

import re
import unittest

import support  # Finds chart.py.

from chart import NAMESPACE, objects, render

# Everything that the chart can render under a configurable name.
EVERYTHING = {
    "crds": {"install": False},
    "plugins": {"config": {"redis": {"maxInFlight": 7}}},
    "secrets": {"namespaces": ["shop"], "named": [{"namespace": "blog", "name": "a." + "b" * 251}]},
    "metrics": {"serviceMonitor": {"enabled": True}, "prometheusRule": {"enabled": True}, "dashboard": {"enabled": True}},
    "networkPolicy": {"enabled": True, "metricsFrom": [{"namespaceSelector": {}}]},
    "podDisruptionBudget": {"enabled": True},
}
# The longest names of releases that Helm takes, and overrides around every bound.
RELEASES = [*("r" * length for length in range(1, 54)), "generalscaler", "a.b", "7-up", "x-" + "generalscaler" * 3]
OVERRIDES = [{}, *({field: "n" * length} for field in ("nameOverride", "fullnameOverride")
                   for length in (1, 41, 42, 55, 56, 58, 59, 62, 63, 64, 100, 253)),
             {"nameOverride": "My_App.7"}, {"fullnameOverride": "n" * 54 + "-" + "n" * 20}, {"fullnameOverride": "n" * 63 + "-"}]

LABEL = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?")
SUBDOMAIN = re.compile(r"(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
SERVICE = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")


def label_values(item):
    """Every value of a label or of a selector's in an object."""
    if isinstance(item, list):
        for child in item:
            yield from label_values(child)
    elif isinstance(item, dict):
        for name, child in item.items():
            if name in ("labels", "matchLabels") or (name == "selector" and item.get("ports")):
                yield from child.values()
            yield from label_values(child)


def rendered(release, override):
    return [*objects(render({**EVERYTHING, **override}, name=release))]


class NameTests(unittest.TestCase):
    def test_names_and_labels_are_valid_in_kubernetes(self):
        cases = [(release, {}) for release in RELEASES]
        cases += [(release, override) for release in ("r", "r" * 42, "r" * 53) for override in OVERRIDES]
        for release, override in cases:
            with self.subTest(release=release, override=override):
                found = rendered(release, override)
                for item in found:
                    name = item["metadata"]["name"]
                    self.assertTrue((SERVICE if item["kind"] == "Service" else SUBDOMAIN).fullmatch(name), name)
                    for value in label_values(item):
                        self.assertIsInstance(value, str)
                        self.assertTrue(LABEL.fullmatch(value), f"{item['kind']} {name}: {value}")
                names = [(item["kind"], item["metadata"].get("namespace"), item["metadata"]["name"]) for item in found]
                self.assertEqual(len(names), len(set(names)))
                self.check_references(found)

    def check_references(self, found):
        """What one object calls another is what that is called."""
        def named(kind):
            return {item["metadata"]["name"]: item for item in found if item["kind"] == kind}

        (deployment,) = named("Deployment").values()
        pod = deployment["spec"]["template"]
        for service in named("Service").values():
            self.assertLessEqual(service["spec"]["selector"].items(), pod["metadata"]["labels"].items())
        (test,) = named("Pod").values()
        self.assertNotEqual(
            test["metadata"]["labels"]["app.kubernetes.io/name"], pod["metadata"]["labels"]["app.kubernetes.io/name"])
        for binding in [*named("RoleBinding").values(), *named("ClusterRoleBinding").values()]:
            self.assertIn(binding["roleRef"]["name"], named(binding["roleRef"]["kind"]))
            self.assertIn(binding["subjects"][0]["name"], named("ServiceAccount"))
        arguments = dict(word[2:].split("=", 1) for word in pod["spec"]["containers"][0]["args"] if "=" in word)
        webhook = arguments["webhook-service"].removeprefix(f"{NAMESPACE}/")
        self.assertIn(webhook, named("Service"))
        # The operator keeps its certificate in a Secret of the same name.
        self.assertIn(webhook, named("Secret"))
        (configuration,) = named("ValidatingWebhookConfiguration").values()
        kinds = [hook["rules"][0]["resources"] for hook in configuration["webhooks"]]
        self.assertEqual(kinds, [["generalscalers"], ["scalingbudgets"]])
        for hook in configuration["webhooks"]:
            self.assertEqual(hook["clientConfig"]["service"]["name"], webhook)
        self.assertEqual(arguments["webhook-configuration"], configuration["metadata"]["name"])
        self.assertIn(arguments["pause-config-map"].removeprefix(f"{NAMESPACE}/"), named("ConfigMap"))
        for volume in pod["spec"]["volumes"]:
            # Kubernetes writes the ConfigMap with its certificate authority into every namespace.
            if "configMap" in volume and volume["configMap"]["name"] != "kube-root-ca.crt":
                self.assertIn(volume["configMap"]["name"], named("ConfigMap"))

    def test_names_of_short_releases_are_not_shortened(self):
        for release, override, name in (
            ("generalscaler", {}, "generalscaler"), ("prod", {}, "prod-generalscaler"),
            ("r" * 41, {}, "r" * 41 + "-generalscaler"), ("r" * 49, {}, "r" * 49 + "-generalscaler"),
            ("my-generalscaler-2", {}, "my-generalscaler-2"), ("prod", {"nameOverride": "scaler"}, "prod-scaler"),
            ("prod", {"fullnameOverride": "gs"}, "gs"), ("prod", {"fullnameOverride": "n" * 63}, "n" * 63),
            ("prod", {"fullnameOverride": "gs-"}, "gs"),
        ):
            with self.subTest(release=release, override=override):
                names = {item["kind"]: item["metadata"]["name"] for item in rendered(release, override)}
                self.assertEqual(names["Deployment"], name)
                self.assertEqual(names["ConfigMap"], f"{name}-dashboard")
                self.assertEqual(names["Pod"], f"{name}-test-ready")
                if len(name) <= 55:
                    self.assertEqual(names["Secret"], f"{name}-webhook")

    def test_different_releases_have_different_names_after_shortening(self):
        long = "n" * 70
        for pair in (
            (("r" * 53, {"nameOverride": "generalscaler-a"}), ("r" * 53, {"nameOverride": "generalscaler-b"})),
            (("r", {"fullnameOverride": long + "a"}), ("r", {"fullnameOverride": long + "b"})),
            (("r", {"nameOverride": long + "a"}), ("r", {"nameOverride": long + "b"})),
            (("r", {"fullnameOverride": "n" * 62 + "a"}), ("r", {"fullnameOverride": "n" * 62 + "b"})),
            (("a.b", {}), ("a-b", {})), (("7", {}), ("r-7", {})),
        ):
            with self.subTest(pair=pair):
                first, second = ({(item["kind"], item["metadata"]["name"]) for item in rendered(*case)
                                  if item["kind"] in ("Service", "Deployment", "ClusterRole", "Secret")} for case in pair)
                self.assertEqual(first & second, set())

    def test_secrets_whose_long_names_differ_at_the_end_have_separate_roles(self):
        names = ["s" * 252 + end for end in "ab"]
        values = {"secrets": {"named": [{"namespace": "shop", "name": name} for name in names]}}
        roles = {item["rules"][0]["resourceNames"][0]: item["metadata"]["name"] for item in objects(render(values))
                 if item["kind"] == "Role" and item["metadata"]["namespace"] == "shop"}
        self.assertEqual(set(roles), set(names))
        self.assertEqual(len(set(roles.values())), 2)


if __name__ == "__main__":
    unittest.main()
