"""Every alert fires when it should and not before, in Prometheus's own rule engine and in a running server."""

import copy
import itertools
import json
import pathlib
import re
import subprocess
import tempfile
import unittest

import yaml

from support import DEBUG, PATIENCE_SECONDS, ROOT, alerts, environment, get, running, serving

from chart import NAMESPACE, RELEASE

# As Prometheus scrapes the release that the tests render.
LEASE = f'lease="{NAMESPACE}/{RELEASE}"'
TARGET = f'namespace="{NAMESPACE}",job="{RELEASE}"'


def scaler(family, name="web"):
    return f'generalscaler_{family}{{namespace="shop",name="{name}"}}'


def limited(cause, name=None):
    return f'generalscaler_scaler_limited{{namespace="shop",name="{name or cause}",cause="{cause}"}}'


def own(family, labels=""):
    """A series of the operator itself."""
    return f"generalscaler_{family}{{{TARGET}{',' if labels else ''}{labels}}}"


def budget(family):
    return own(f"budget_{family}", 'budget="shop",unit="cost"')


def plugin(family):
    return own(f"plugin_{family}", 'plugin="redis"')


def requests(verb, code):
    return own("api_requests_total", f'verb="{verb}",code="{code}"')


def polls(bound):
    return own("poll_duration_seconds_bucket", f'le="{bound}"')


def reviews(verdict):
    return own("webhook_reviews_total", f'verdict="{verdict}"')


STEADY = "1+0x1500"
INACTIVE = "forecast_inactive_since_timestamp_seconds"
EXPIRY = "webhook_certificate_expiry_timestamp_seconds"

# For each alert: series of a sick and of a healthy operator, in promtool's notation with a sample a minute; when it has to
# fire, and a time before at which it must not.
CASES = {
    "GeneralScalerAbsent": ({}, {own("leader", LEASE): "0x1500"}, "5m", "4m"),
    "GeneralScalerNoLeader": (
        {own("leader", f'pod="{pod}"'): "0x60" for pod in "ab"},
        {own("leader", 'pod="a"'): "0x60", own("leader", 'pod="b"'): "1x60"}, "3m", "1m"),
    "GeneralScalerCRDMissing": (
        {own("crd_missing", 'pod="a"'): "1x60", own("crd_missing", 'pod="b"'): "0x60"}, {own("crd_missing"): "0x60"},
        "6m", "4m"),
    "GeneralScalerNotReady": ({scaler("scaler_ready"): "0x60"}, {scaler("scaler_ready"): "1x60"}, "16m", "14m"),
    "GeneralScalerMetricsMissing": ({limited("PartialMetrics"): STEADY}, {limited("Tolerance"): STEADY}, "11m", "9m"),
    "GeneralScalerStuckAtZero": ({limited("StuckAtZero"): STEADY}, {limited("ToZero"): STEADY}, "11m", "9m"),
    "GeneralScalerAtMaximum": ({limited("MaxReplicas"): STEADY}, {limited("MinReplicas"): STEADY}, "61m", "59m"),
    "GeneralScalerBudgetCapped": ({limited("BudgetCap"): STEADY}, {limited("Cooldown"): STEADY}, "61m", "59m"),
    "GeneralScalerBudgetBinding": (
        {own("budget_denied_replicas", 'budget="shop",unit="cost"'): "3x70"},
        {own("budget_denied_replicas", 'budget="shop",unit="cost"'): "0x70"}, "61m", "59m"),
    "GeneralScalerBudgetOverspent": (
        {budget("used"): "12x70", budget("limit"): "10x70"}, {budget("used"): "10x70", budget("limit"): "10x70"}, "61m",
        "59m"),
    "GeneralScalerConflict": ({limited("ReplicasConflict"): STEADY}, {limited("Cooldown"): STEADY}, "11m", "9m"),
    "GeneralScalerForecastInactive": (
        {scaler(INACTIVE): "60x10200"}, {scaler(INACTIVE): "0+60x10200"}, "10082m", "10080m"),
    "GeneralScalerPausedLong": ({limited("Paused"): STEADY}, {limited("DryRun"): STEADY}, "1441m", "1439m"),
    "GeneralScalerReplicasNotReady": (
        {scaler("scaler_current_replicas"): "5x60", scaler("scaler_ready_replicas"): "4x60"},
        {scaler("scaler_current_replicas"): "5x60", scaler("scaler_ready_replicas"): "5x60"}, "31m", "29m"),
    "GeneralScalerPluginDown": ({plugin("up"): "0x60"}, {plugin("up"): "1x60"}, "6m", "4m"),
    "GeneralScalerPluginRestarting": (
        {plugin("restarts_total"): "0 1 2 3 4 5 5x60"}, {plugin("restarts_total"): "0 1 1x60"}, "10m", "1m"),
    "GeneralScalerPluginSlow": (
        {plugin("answers_total"): "0+8x60", plugin("missed_deadlines_total"): "0+2x60"},
        {plugin("answers_total"): "0+95x60", plugin("missed_deadlines_total"): "0+5x60"}, "12m", "9m"),
    "GeneralScalerPluginMisbehaving": (
        {plugin(f"{name}_total"): "0+1x60" for name in ("rejected_lines", "unknown_answers", "duplicate_answers")},
        {plugin(f"{name}_total"): "0+0x60" for name in ("rejected_lines", "unknown_answers", "duplicate_answers")},
        "30m", "1m"),
    "GeneralScalerAPIErrors": (
        {requests("get", 200): "0+80x60", requests("patch", 503): "0+10x60", requests("list", "none"): "0+10x60"},
        {requests("get", 200): "0+80x60", requests("patch", 409): "0+80x60", requests("list", 500): "0+10x60"}, "12m", "9m"),
    "GeneralScalerSlowPolls": (
        {polls("5.0"): "0+90x60", polls("10.0"): "0+100x60", polls("+Inf"): "0+100x60"},
        {polls("5.0"): "0+100x60", polls("10.0"): "0+100x60", polls("+Inf"): "0+100x60"}, "17m", "14m"),
    "GeneralScalerWebhookCertificateExpiring": (
        {own(EXPIRY, 'pod="a"'): "3000000x60", own(EXPIRY, 'pod="b"'): "1000x60"},
        {own(EXPIRY, 'pod="a"'): "3000000x60"}, "61m", "59m"),
    "GeneralScalerWebhookFailing": (
        {own("webhook_certificate_errors_total", 'pod="a"'): "0+1x60", reviews("failed"): "0x60",
         reviews("allowed"): "0+1x60"},
        {own("webhook_certificate_errors_total", 'pod="a"'): "3x60", reviews("failed"): "0+5x60",
         reviews("allowed"): "0+95x60"}, "30m", "9m"),
}


def rules():
    return {rule["alert"]: rule for group in alerts()["groups"] for rule in group["rules"]}


def names(expression):
    """The metrics that an expression reads."""
    return set(re.findall(r"\bgeneralscaler_[a-z_]+", expression))


def expressions():
    """Every expression of the chart: those of the alerts and those of the dashboard."""
    dashboard = json.loads((ROOT / "charts/generalscaler/files/dashboard.json").read_text())
    yield from (rule["expr"] for rule in rules().values())
    yield from (target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", []))
    yield from (variable["definition"] for variable in dashboard["templating"]["list"] if "definition" in variable)


class RuleTests(unittest.TestCase):
    maxDiff = None

    def test_every_alert_has_a_test_case(self):
        self.assertEqual(set(rules()), set(CASES))

    def test_alerts_fire_at_their_time_and_not_before(self):
        tests = []
        for alert, (sick, healthy, late, early) in CASES.items():
            for series, time, fires in ((sick, late, True), (sick, early, False), (healthy, late, False)):
                tests.append(self.scenario(series, time, {alert: [sick]} if fires else {alert: []}))
        self.check(tests)

    def test_the_week_of_an_inactive_forecast_goes_on_while_the_operator_restarts(self):
        name = "GeneralScalerForecastInactive"
        # Without series for half an hour, after three and a half days and again at the end of the week.
        gaps = {scaler(INACTIVE): "60x5000 _x30 60x5030 _x30 60x100"}
        began_again = {scaler(INACTIVE): "60x5000 _x30 301860x5170"}
        self.check([self.scenario(gaps, "10082m", {name: [gaps]}), self.scenario(gaps, "10050m", {name: []}),
                    self.scenario(began_again, "10082m", {name: []})])

    def test_a_healthy_installation_does_not_hide_the_alerts_of_another(self):
        tests = []
        for alert, (sick, healthy, late, _) in CASES.items():
            for place, other in ((f'namespace="{NAMESPACE}"', 'namespace="second-system"'),
                                 (f'job="{RELEASE}"', 'job="second"'), ('namespace="', 'cluster="second",namespace="')):
                beside = {name.replace(place, other).replace(LEASE, 'lease="second/second"'): values
                          for name, values in healthy.items()}
                # A scaler has no labels of its operator.
                if beside.keys() != healthy.keys():
                    tests.append(self.scenario(sick | beside, late, {alert: [sick]}))
        self.check(tests)

    def test_two_failing_installations_cause_two_alerts(self):
        tests = []
        for alert, (sick, _, late, _) in CASES.items():
            if sick:
                second = {name.replace('namespace="', 'cluster="second",namespace="'): values
                          for name, values in sick.items()}
                tests.append(self.scenario(sick | second, late, {alert: [sick, second]}))
        self.check(tests)

    def test_missing_metrics_and_conflicts_cause_one_alert_each(self):
        tests = []
        for causes, alert in ((["NoData"], "GeneralScalerMetricsMissing"), (["NoData", "Fallback"], "GeneralScalerMetricsMissing"),
                              (["PartialMetrics", "Fallback"], "GeneralScalerMetricsMissing"),
                              (["NoData", "StuckAtZero"], "GeneralScalerStuckAtZero"),
                              (["ReplicasConflict"], "GeneralScalerConflict"), (["DuplicateTarget"], "GeneralScalerConflict")):
            series = {limited(cause, "web"): STEADY for cause in causes} | {scaler("scaler_ready"): "0x60"}
            quiet = {name: [] for name in ("GeneralScalerNotReady", "GeneralScalerMetricsMissing", "GeneralScalerStuckAtZero",
                                           "GeneralScalerConflict")}
            tests.append(self.scenario(series, "30m", quiet | {alert: [series]}))
            # Another scaler's are no excuse, and neither are metrics if polls fail for another reason as well.
            errors = f'generalscaler_scaler_errors_total{{namespace="shop",name="web",reason="ScaleFailed"}}'
            other = {limited(causes[0], "api"): STEADY, scaler("scaler_ready"): "0x60"}
            tests.append(self.scenario(other, "30m", {"GeneralScalerNotReady": [{scaler("scaler_ready"): "0x60"}]}))
            tests.append(self.scenario(series | {errors: "0+1x60"}, "30m", {"GeneralScalerNotReady": [series]}))
        self.check(tests)

    def scenario(self, series, time, expected):
        """A test of promtool: series, and for each alert those that it fires for."""
        return {
            "interval": "1m",
            "input_series": [{"series": name, "values": values} for name, values in series.items()],
            "alert_rule_test": [
                {"alertname": alert, "eval_time": time, "exp_alerts": [self.expected(alert, sick) for sick in all_sick]}
                for alert, all_sick in expected.items()],
        }

    def expected(self, alert, series):
        rule = rules()[alert]
        present = dict(re.findall(r'(\w+)="([^"]*)"', next(iter(series), "")))
        by = re.search(r"\bby \(([a-z, ]*)\)", rule["expr"])
        # What absent() selects becomes its labels.
        labels = dict([LEASE.replace('"', "").split("=")]) if not by else {}
        # histogram_quantile() takes le away.
        labels |= {name: present[name] for name in by[1].split(", ") if name in present.keys() - {"le"}} if by else {}

        def filled(text):
            return re.sub(r"{{ \$labels\.(\w+) }}", lambda match: labels.get(match[1], ""), text)

        annotations = {name: filled(text) for name, text in rule["annotations"].items()}
        return {"exp_labels": labels | rule["labels"], "exp_annotations": annotations}

    def check(self, tests):
        """Runs the tests, each with the rules that it is about alone: a day of all of them takes long."""
        with tempfile.TemporaryDirectory() as directory:
            folder = pathlib.Path(directory)
            files = []
            for number, test in enumerate(tests):
                selected = [rules()[check["alertname"]] for check in test["alert_rule_test"]]
                (folder / f"rules-{number}.yaml").write_text(
                    yaml.safe_dump({"groups": [{"name": "selected", "rules": selected}]}))
                files.append(folder / f"tests-{number}.yaml")
                files[-1].write_text(yaml.safe_dump({"rule_files": [f"rules-{number}.yaml"], "tests": [test]}))
            result = subprocess.run(["promtool", "test", "rules", *files], capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)


class ServerTests(unittest.TestCase):
    """The same alerts in a running Prometheus that scrapes a sick operator, every duration cut to seconds."""

    def test_every_alert_fires_in_a_running_server(self):
        sick = {name: values for series, *_ in CASES.values() for name, values in series.items()}
        scrapes = itertools.count(1)

        def page():
            count = next(scrapes)
            return "".join(f"{name} {self.value(values, count)}\n" for name, values in sick.items())

        with tempfile.TemporaryDirectory() as directory, serving(page) as (port, answers):
            folder = pathlib.Path(directory)
            (folder / "rules.yaml").write_text(yaml.safe_dump(self.hastened(alerts())))
            (folder / "prometheus.yaml").write_text(yaml.safe_dump({
                "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
                "rule_files": ["rules.yaml"],
                "scrape_configs": [{"job_name": "generalscaler", "honor_labels": True,
                                    "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}],
            }))
            with running("prometheus", f"--config.file={folder}/prometheus.yaml", f"--storage.tsdb.path={folder}/data",
                         "--web.listen-address=127.0.0.1:0") as prometheus:
                address = prometheus.line('msg="Listening on"').rsplit("address=", 1)[1]
                prometheus.line("Server is ready to receive web requests")
                firing = set()
                for _ in range(90):
                    # One scrape is the time between two looks.
                    answers.get(timeout=PATIENCE_SECONDS)
                    answer = json.loads(get(f"http://{address}/api/v1/alerts"))
                    firing = {alert["labels"]["alertname"] for alert in answer["data"]["alerts"]
                              if alert["state"] == "firing"}
                    if firing == set(CASES):
                        break
        self.assertEqual(firing, set(CASES))

    def value(self, values, count):
        """What a series in promtool's notation has come to: a counter that grows, or a value that stays."""
        if match := re.fullmatch(r"(\d+)\+(\d+)x\d+", values):
            return int(match[1]) + int(match[2]) * count
        if match := re.fullmatch(r"(\d+)x\d+", values):
            return int(match[1])
        # 0 1 2 3 ...: one that starts again and again.
        return count

    def hastened(self, spec):
        spec = copy.deepcopy(spec)
        for group in spec["groups"]:
            for rule in group["rules"]:
                rule["expr"] = re.sub(r"\[\w+\]", "[10s]", rule["expr"])
                if "for" in rule:
                    rule["for"] = "1s"
        return spec


class MetricNameTests(unittest.TestCase):
    def test_alerts_and_dashboard_read_only_metrics_that_the_operator_serves(self):
        with tempfile.TemporaryDirectory() as directory:
            kubeconfig = f"{directory}/kubeconfig"
            cluster = [DEBUG / "generalscaler-dev", "cluster", "--listen", "127.0.0.1:0", "--kubeconfig-out", kubeconfig]
            with running(*cluster, env=environment()) as simulator:
                simulator.line("listening on")
                command = [DEBUG / "generalscaler", "run", "--kubeconfig", kubeconfig, "--listen", "127.0.0.1:0"]
                with running(*command, env=environment()) as operator:
                    port = re.search(r"port=(\d+)", operator.line("serving metrics and health"))[1]
                    page = get(f"http://127.0.0.1:{port}/metrics")
        families = dict(re.findall(r"^# TYPE (\S+) (\S+)$", page, flags=re.M))
        served = set(families)
        for name, kind in families.items():
            if kind == "histogram":
                served |= {f"{name}_{suffix}" for suffix in ("bucket", "sum", "count")}
        self.assertEqual({name for text in expressions() for name in names(text)} - served, set())

    def test_alerts_and_dashboard_name_only_causes_that_decisions_have(self):
        reference = (ROOT / "docs/reference/decisions.md").read_text()
        for text in expressions():
            for causes in re.findall(r'cause=~?"([^"$]+)"', text):
                for cause in causes.split("|"):
                    self.assertIn(f"`{cause}`", reference)

    def test_every_expression_of_the_dashboard_is_valid_in_prometheus(self):
        expression = [re.sub(r'"\$\w+"', '".*"', text) for text in expressions() if not text.startswith("label_values")]
        group = {"name": "all", "rules": [{"record": f"a{index}", "expr": text} for index, text in enumerate(expression)]}
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            yaml.safe_dump({"groups": [group]}, file)
            file.flush()
            result = subprocess.run(["promtool", "check", "rules", file.name], capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)


if __name__ == "__main__":
    unittest.main()
