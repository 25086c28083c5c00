"""The operator does its work as the rendered pod: with its arguments, its volumes and exactly its rights."""

import subprocess
import unittest

import yaml

from cluster import SCALER, SCRIPT_VALUES, Release, refusals, simulated
from support import PATIENCE_SECONDS, ROOT, environment, get

from chart import NAMESPACE

# A custom kind of workload, with replicas at a different path.
ROLLOUT = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "rollouts.argoproj.io"},
    "spec": {
        "group": "argoproj.io", "scope": "Namespaced",
        "names": {"kind": "Rollout", "listKind": "RolloutList", "plural": "rollouts", "singular": "rollout"},
        "versions": [{
            "name": "v1alpha1", "served": True, "storage": True,
            "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
            "subresources": {"scale": {
                "specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}},
        }],
    },
}


class ReleaseTests(unittest.TestCase):
    def test_the_default_rights_suffice_in_every_namespace(self):
        with simulated() as cluster:
            release = Release(cluster, SCRIPT_VALUES)
            for namespace in ("blog", "shop"):
                cluster.create_namespace(namespace)
                cluster.create_workload(namespace, "web")
                cluster.create_scaler(namespace, "web", targetDeployment="web")
            with release.operator() as operator:
                for namespace in ("blog", "shop"):
                    cluster.replicas(namespace, "web", 5)
                    cluster.condition(namespace, "web", "Ready", "True")
                # The webhook's certificate is in its Secret, and the API server's configuration has it.
                cluster.wait("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", None, "generalscaler",
                             lambda item: "caBundle" in item["webhooks"][0]["clientConfig"])
                secret = cluster.get("v1", "Secret", NAMESPACE, "generalscaler-webhook")
                self.assertEqual(sorted(secret["data"]), ["ca.crt", "path", "tls.crt", "tls.key"])
                self.assertEqual(refusals(operator), [])
                events = cluster.request("GET", "/apis/events.k8s.io/v1/namespaces/shop/events")["items"]
                self.assertIn("Scaled", [event["reason"] for event in events])

    def test_rights_in_one_namespace_suffice_there_and_apply_to_no_other(self):
        with simulated() as cluster:
            for namespace in ("blog", "shop"):
                cluster.create_namespace(namespace)
            release = Release(cluster, {**SCRIPT_VALUES, "watchNamespaces": ["shop"]})
            for namespace in ("blog", "shop"):
                cluster.create_workload(namespace, "web")
                cluster.create_scaler(namespace, "web", targetDeployment="web")
            self.assertNotIn("ClusterRole", [item["kind"] for item in release.objects])
            with release.operator() as operator:
                cluster.replicas("shop", "web", 5)
                cluster.condition("shop", "web", "Ready", "True")
                self.assertEqual(refusals(operator), [])
            self.assertNotIn("status", cluster.get(SCALER, "GeneralScaler", "blog", "web"))

    def test_a_webhook_for_some_namespaces_needs_one_cluster_right(self):
        with simulated() as cluster:
            for namespace in ("blog", "shop"):
                cluster.create_namespace(namespace)
            release = Release(cluster, {
                **SCRIPT_VALUES, "watchNamespaces": ["shop"], "webhook": {"withWatchNamespaces": True}})
            self.assertEqual(release.only("ClusterRole")["rules"], [{
                "apiGroups": ["admissionregistration.k8s.io"], "resources": ["validatingwebhookconfigurations"],
                "resourceNames": ["generalscaler"], "verbs": ["get", "update"]}])
            with release.operator() as operator:
                cluster.wait("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", None, "generalscaler",
                             lambda item: "caBundle" in item["webhooks"][0]["clientConfig"])
                self.assertEqual(refusals(operator), [])
            # The Service leads nowhere in a simulated cluster: with Fail, no reviewed object can be stored.
            path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/generalscaler"
            webhooks = cluster.request("GET", path)["webhooks"]
            # An operator of single namespaces has no budgets.
            self.assertEqual(len(webhooks), 1)
            webhooks[0]["failurePolicy"] = "Fail"
            cluster.request("PATCH", path, {"webhooks": webhooks}, "application/merge-patch+json")
            cluster.create_scaler("blog", "web", targetDeployment="web")
            with self.assertRaisesRegex(AssertionError, "failed calling webhook"):
                cluster.create_scaler("shop", "web", targetDeployment="web")

    def test_another_target_kind_needs_its_rule_and_the_status_says_so(self):
        for target_kinds in ([], [{"apiGroup": "argoproj.io", "resource": "rollouts"}]):
            with self.subTest(target_kinds=target_kinds), simulated() as cluster:
                release = Release(cluster, {**SCRIPT_VALUES, "targetKinds": target_kinds})
                cluster.create(ROLLOUT)
                cluster.create_namespace("shop")
                cluster.create({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "web"},
                                "spec": {"replicas": 2}}, "shop")
                cluster.create_scaler("shop", "web", targetRef={
                    "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "web"})
                cluster.create_workload("shop", "other")
                cluster.create_scaler("shop", "other", targetDeployment="other")
                with release.operator():
                    # A faulty scaler does not keep the others from being managed.
                    cluster.replicas("shop", "other", 5)
                    if target_kinds:
                        cluster.wait("argoproj.io/v1alpha1", "Rollout", "shop", "web",
                                     lambda item: item["spec"]["replicas"] == 5)
                    else:
                        condition = cluster.condition("shop", "web", "AbleToScale", "False")
                        self.assertEqual(condition["reason"], "TargetForbidden")
                        self.assertIn('apiGroups ["argoproj.io"]', condition["message"])

    def test_secrets_can_be_read_only_in_namespaces_that_the_values_list(self):
        with simulated() as cluster:
            for namespace in ("blog", "shop"):
                cluster.create_namespace(namespace)
            release = Release(cluster, {**SCRIPT_VALUES, "secrets": {"namespaces": ["shop"]}})
            self.assertNotIn("secrets", [resource for rule in release.only("ClusterRole", "generalscaler")["rules"]
                                         for resource in rule["resources"]])
            value = {"valueFrom": {"secretKeyRef": {"name": "auth", "key": "password"}}}
            for namespace in ("blog", "shop"):
                cluster.create({"apiVersion": "v1", "kind": "Secret", "stringData": {"password": "hunter22"}, "metadata": {
                    "name": "auth", "labels": {"autoscaling.example.com/readable": "true"}}}, namespace)
                cluster.create_workload(namespace, "web")
                cluster.create_scaler(namespace, "web", targetDeployment="web", metrics=[
                    {"type": "weekday", "config": {"password": value}, "targetValue": 1}])
            with release.operator():
                forbidden = cluster.condition("blog", "web", "Ready", "False")
                self.assertEqual(forbidden["reason"], "SecretForbidden")
                self.assertIn("namespace blog (with Helm, add it to secrets.namespaces)", forbidden["message"])
                # The value reached the plugin, which takes no config.
                read = cluster.condition("shop", "web", "Ready", "False")
                self.assertEqual(read["reason"], "InvalidMetricConfig")

    def test_roles_for_users_let_them_view_or_change_the_scalers_of_a_namespace(self):
        with simulated() as cluster:
            release = Release(cluster, SCRIPT_VALUES)
            for namespace in ("blog", "shop"):
                cluster.create_namespace(namespace)
                cluster.create_workload(namespace, "web")
                cluster.create_scaler(namespace, "web", targetDeployment="web")
            tokens = {}
            for role, labels in (("view", {"view", "edit", "admin"}), ("edit", {"edit", "admin"})):
                name = f"generalscaler-{role}"
                found = {label.rsplit("-", 1)[1] for label in release.only("ClusterRole", name)["metadata"]["labels"]
                         if label.startswith("rbac.authorization.k8s.io/aggregate-to-")}
                self.assertEqual(found, labels)
                cluster.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": role}}, "shop")
                cluster.create({
                    "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": role},
                    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
                    "subjects": [{"kind": "ServiceAccount", "name": role, "namespace": "shop"}]}, "shop")
                tokens[role] = cluster.token("shop", role)
            path = cluster.path(SCALER, "GeneralScaler", "shop") + "/web"
            change = {"spec": {"maxReplicas": 7}}
            merge = "application/merge-patch+json"
            self.assertEqual(cluster.request("GET", path, token=tokens["view"])["spec"]["maxReplicas"], 5)
            cluster.request("PATCH", path, change, merge, token=tokens["edit"])
            for method, place, body, role in (
                ("PATCH", path, change, "view"), ("DELETE", path, None, "view"),
                # What the operator writes, and the scalers of another namespace.
                ("PATCH", f"{path}/status", {"status": {"reason": "mine"}}, "edit"),
                ("GET", path.replace("shop", "blog"), None, "view"), ("PATCH", path.replace("shop", "blog"), change, "edit"),
            ):
                with self.assertRaisesRegex(AssertionError, "forbidden"):
                    cluster.request(method, place, body, merge, token=tokens[role])
            cluster.request("DELETE", path, token=tokens["edit"])

    def test_the_pause_in_the_chart_and_a_manual_pause_hold_every_scaler(self):
        with simulated() as cluster:
            release = Release(cluster, {**SCRIPT_VALUES, "paused": True})
            cluster.create_namespace("shop")
            cluster.create_workload("shop", "web")
            cluster.create_scaler("shop", "web", targetDeployment="web")
            with release.operator():
                cluster.condition("shop", "web", "ScalingActive", "False")
                self.assertEqual(cluster.get("apps/v1", "Deployment", "shop", "web")["spec"]["replicas"], 2)
                cluster.patch("v1", "ConfigMap", NAMESPACE, "generalscaler", {"data": {"paused": "false"}})
                cluster.replicas("shop", "web", 5)

    def test_the_test_of_the_release_passes_if_the_operator_is_ready(self):
        with simulated() as cluster:
            release = Release(cluster, SCRIPT_VALUES)
            (container,) = release.only("Pod")["spec"]["containers"]
            cluster.create_namespace("shop")
            cluster.create_workload("shop", "web")
            cluster.create_scaler("shop", "web", targetDeployment="web")
            with release.operator() as operator:
                host, port = operator.removeprefix("http://").split(":")
                # Ready it is once it has read the scalers and has a certificate.
                cluster.condition("shop", "web", "Ready", "True")
                cluster.wait("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", None, "generalscaler",
                             lambda item: "caBundle" in item["webhooks"][0]["clientConfig"])
                self.assertEqual(get(f"{operator}/readyz"), "ok\n")
                result = subprocess.run(
                    container["command"], env=environment(HOST=host, PORT=port), capture_output=True, text=True,
                    timeout=PATIENCE_SECONDS)
                self.assertEqual(result.returncode, 0, result.stderr)
            # There is no listener any more.
            result = subprocess.run(
                container["command"], env=environment(HOST=host, PORT=port), capture_output=True, timeout=PATIENCE_SECONDS)
            self.assertNotEqual(result.returncode, 0)

    def test_the_manifests_in_deploy_are_accepted_by_a_cluster(self):
        with simulated() as cluster:
            for file in ("crd.yaml", "operator.yaml"):
                for item in yaml.safe_load_all((ROOT / "deploy" / file).read_text()):
                    cluster.create(item)


if __name__ == "__main__":
    unittest.main()
