"""What-if on the console's page: an edited spec, its replay, and the patch that comes of it.

The screenshots of a run are kept in the directory CONSOLE_SCREENSHOTS, if it is set.
"""

import base64
import contextlib
import datetime
import http.server
import json
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parents[1] / "ChartTests")]

import yaml

import chromium
import fake_api
from pages import console, shoot

PASSWORD = "canary-password-4711"
KEY = {"namespace": "team-4", "name": "app-00004"}
SPEC = yaml.safe_dump({"spec": fake_api.SPEC})


def changed(**fields):
    return yaml.safe_dump({"spec": {**fake_api.SPEC, **fields}})


def trace(path, seconds, step=15):
    """A day's rhythm in `seconds`, with a value per step."""
    end = int(time.time())
    with open(path, "w") as file:
        file.write("time,requests,replicas\n")
        for second in range(end - seconds, end, step):
            file.write(f"{second},{300 + 600 * (second // 7200 % 2)},5\n")


class QuestionTests(unittest.TestCase):
    """The console's endpoints, as any program can ask them."""

    def setUp(self):
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)
        self.api = fake_api.FakeAPI(20)
        self.stack.callback(self.api.close)
        directory = pathlib.Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.trace = directory / "day.csv"
        trace(self.trace, 8 * 86_400)
        self.page = self.stack.enter_context(console(self.api, "--trace", f"team-4/app-00004={self.trace}"))
        self.page.log_in()

    def ask(self, path, question, **headers):
        body = question if isinstance(question, (bytes, str)) else json.dumps({**KEY, **question})
        origin = {"Origin": f"http://127.0.0.1:{self.page.port}", "Content-Type": "application/json"}
        status, answered, text = self.page.get(f"/whatif/{path}", "POST", body, **{**origin, **headers})
        return status, answered, text

    def replay(self, **question):
        status, _, text = self.ask("replay", {"yaml": SPEC, "source": "memory", "seconds": 3600, **question})
        return status, json.loads(text)

    def test_only_the_page_itself_can_ask(self):
        question = {"yaml": SPEC}
        self.assertEqual(self.ask("draft", question)[0], 200)
        for headers, status in (
            ({"Origin": "http://evil.example"}, 403), ({"Origin": "null"}, 403), ({"Host": "evil.example"}, 421),
            ({"Sec-Fetch-Site": "cross-site"}, 403), ({"Content-Type": "text/plain"}, 405), ({"Cookie": "a=b"}, 401),
        ):
            self.assertEqual(self.ask("draft", question, **headers)[0], status, headers)
        self.assertEqual(self.page.get("/whatif/draft")[0], 405)
        self.assertEqual(self.page.get("/whatif/draft", "POST", json.dumps({**KEY}), **{"Content-Type": "application/json"})[0], 405)
        self.assertEqual(self.page.get("/v1/scalers", "POST", "{}")[0], 405)

    def test_malformed_and_large_questions_are_refused(self):
        for question in (b"", b"\xef\xbb\xbf", b"[]", b"{}", b'{"namespace": "a/../b", "name": "c"}', b'{"namespace": 1, "name": "c"}', b"[" * 100_000):
            self.assertEqual(self.ask("draft", question)[0], 422, question[:40])
        self.assertEqual(self.ask("draft", {"yaml": "a" * 600_000})[0], 413)
        self.assertEqual(self.ask("draft", {"yaml": "&a [*a, *a, *a]\n"})[0], 422)
        for question in ({"source": "other"}, {"startupSeconds": -1}, {"price": -0.5}, {"recordedReplicas": -3}, {"source": "range"}):
            self.assertEqual(self.replay(**question)[0], 422, question)
        self.assertEqual(self.replay(name="unknown")[0], 422)

    def test_a_draft_is_checked_as_the_webhook_checks_one_and_its_fields_are_changed(self):
        status, _, text = self.ask("draft", {})
        self.assertEqual(status, 200, text)
        draft = json.loads(text)
        self.assertEqual(yaml.safe_load(draft["yaml"]), {"spec": fake_api.SPEC})
        self.assertEqual((draft["problems"], draft["sources"]), ([], ["memory", "trace"]))
        change = {"yaml": draft["yaml"], "set": {"maxReplicas": 0, "safety.cooldownSeconds": None, "forecast.mode": "Report"}}
        draft = json.loads(self.ask("draft", change)[2])
        self.assertNotIn("safety", draft["spec"])
        self.assertEqual(draft["spec"]["forecast"], {"mode": "Report"})
        (problem,) = draft["problems"]
        self.assertEqual(problem["path"], "spec.maxReplicas")
        self.assertIn("maxReplicas: 0", draft["yaml"].splitlines()[problem["line"] - 1])
        draft = json.loads(self.ask("draft", {"yaml": "spec:\n  metrics: 3\n  oops: 1\n"})[2])
        self.assertTrue({"spec.oops", "spec.metrics", "spec.maxReplicas"} <= {one["path"] for one in draft["problems"]})

    def test_a_replay_of_the_memory_compares_both_specs_and_gives_the_patch(self):
        status, answer = self.replay(yaml=changed(maxReplicas=5), price=0.25)
        self.assertEqual(status, 200, answer)
        self.assertEqual(answer["source"], "memory")
        self.assertGreater(answer["present"]["summary"]["mostReplicas"], 5)
        self.assertEqual(answer["changed"]["summary"]["mostReplicas"], 5)
        self.assertLess(answer["changed"]["summary"]["cost"], answer["present"]["summary"]["cost"])
        self.assertGreater(answer["differenceCount"], 0)
        self.assertIn("maxReplicas", answer["differences"][0]["changed"]["reason"])
        self.assertEqual(yaml.safe_load(answer["patchYAML"]), [{"op": "add", "path": "/spec/maxReplicas", "value": 5}])

    @unittest.skipUnless(shutil.which("kubectl"), "kubectl is not installed")
    def test_the_patch_changes_a_manifest_and_keeps_the_configs_of_its_metrics(self):
        metric = {**fake_api.SPEC["metrics"][0], "targetValue": 150}
        answer = self.replay(yaml=changed(metrics=[metric], safety={}))[1]
        manifest = {"apiVersion": "autoscaling.example.com/v1", "kind": "GeneralScaler", "metadata": {"name": "app-00004", "namespace": "team-4"},
                    "spec": {**fake_api.SPEC, "metrics": [{**fake_api.SPEC["metrics"][0], "config": {"query": "up"}}]}}
        with tempfile.TemporaryDirectory() as directory:
            pathlib.Path(directory, "app-00004.yaml").write_text(yaml.safe_dump(manifest))
            pathlib.Path(directory, answer["patchFile"]).write_text(answer["patchYAML"])
            command = answer["commands"][1].removesuffix(" | kubectl apply -f -")
            result = subprocess.run(command, shell=True, cwd=directory, capture_output=True, text=True)
            self.assertEqual(result.returncode, 0, result.stderr)
            spec = yaml.safe_load(result.stdout)["spec"]
        self.assertEqual(spec["metrics"], [{**metric, "config": {"query": "up"}}])
        self.assertNotIn("safety", spec)

    def test_a_trace_is_replayed_for_a_week_and_a_report_of_it_is_a_file(self):
        began = time.monotonic()
        status, answer = self.replay(source="trace", seconds=86_400, yaml=changed(maxReplicas=4))
        print(f"replay of a day: {time.monotonic() - began:.2f} s", file=sys.stderr)
        self.assertEqual(status, 200, answer)
        self.assertEqual(answer["to"] - answer["from"], 86_400)
        status, answer = self.replay(source="trace", seconds=7 * 86_400, yaml=changed(maxReplicas=4))
        self.assertEqual(answer["to"] - answer["from"], 7 * 86_400)
        self.assertEqual(answer["present"]["summary"]["polls"], 7 * 5760 + 1)
        status, headers, text = self.ask("report", {"yaml": SPEC, "source": "trace", "seconds": 3600})
        self.assertEqual(status, 200)
        self.assertTrue(headers["Content-Disposition"].startswith("attachment"))
        self.assertIn("<html", text)

    def test_a_replay_ends_when_its_reader_leaves_and_the_next_one_begins_at_once(self):
        slow = json.dumps({**KEY, "yaml": changed(pollingIntervalSeconds=3), "source": "trace", "seconds": 7 * 86_400}).encode()
        head = (f"POST /whatif/replay HTTP/1.1\r\nHost: 127.0.0.1:{self.page.port}\r\nOrigin: http://127.0.0.1:{self.page.port}\r\n"
                f"Content-Type: application/json\r\nCookie: {self.page.cookie}\r\nContent-Length: {len(slow)}\r\n\r\n").encode()
        began = time.monotonic()
        self.assertEqual(self.ask("replay", slow)[0], 200)
        alone = time.monotonic() - began
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", self.page.port)) as connection:
                connection.sendall(head + slow)
        began = time.monotonic()
        self.assertEqual(self.ask("replay", slow)[0], 200)
        self.assertLess(time.monotonic() - began, 8 * alone)


class PrometheusStandIn(http.server.BaseHTTPRequestHandler):
    """Answers each query with a load that rises every half hour, to those who have the password."""

    def log_message(self, *_):
        pass

    def answer(self, query):
        login = base64.b64encode(b"reader:" + PASSWORD.encode()).decode()
        isAllowed = self.headers.get("Authorization") == f"Basic {login}"
        start, end = (datetime.datetime.fromisoformat(query.get(name, ["2026-01-01T00:00:00Z"])[0]).timestamp() for name in ("start", "end"))
        step = float(query.get("step", ["1"])[0])
        times = [start + index * step for index in range(int((end - start) / step) + 1)]
        values = [[second, str(300 + 600 * (int(second) // 1800 % 2))] for second in times]
        body = json.dumps({"status": "success", "data": {"resultType": "matrix", "result": [{"metric": {}, "values": values}]}}).encode()
        self.send_response(200 if isAllowed else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query))

    def do_POST(self):
        self.answer(urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()))


class HistoryTests(unittest.TestCase):
    def test_the_history_of_the_source_is_replayed_with_the_config_of_a_file_and_no_secret_is_answered(self):
        with contextlib.ExitStack() as stack:
            source = stack.enter_context(http.server.ThreadingHTTPServer(("127.0.0.1", 0), PrometheusStandIn))
            threading.Thread(target=source.serve_forever).start()
            stack.callback(source.shutdown)
            api = fake_api.FakeAPI(20)
            stack.callback(api.close)
            directory = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
            config = {"address": f"http://127.0.0.1:{source.server_port}", "query": "load", "auth": {"basic": {
                "username": "reader", "password": {"valueFrom": {"secretKeyRef": {"name": "login", "key": "password"}}}}}}
            metric = {**fake_api.SPEC["metrics"][0], "config": config}
            (directory / "scaler.yaml").write_text(yaml.safe_dump({
                "apiVersion": "autoscaling.example.com/v1", "kind": "GeneralScaler", "metadata": {"namespace": "team-4", "name": "app-00004"},
                "spec": {**fake_api.SPEC, "metrics": [metric]}}))
            (directory / "password").write_text(PASSWORD)
            page = stack.enter_context(console(
                api, "--file", directory / "scaler.yaml", "--secret", f"login/password={directory / 'password'}"))
            page.log_in()
            headers = {"Origin": f"http://127.0.0.1:{page.port}", "Content-Type": "application/json"}

            def ask(path, **question):
                return page.get(f"/whatif/{path}", "POST", json.dumps({**KEY, "yaml": SPEC, **question}), **headers)

            draft = json.loads(ask("draft")[2])
            self.assertEqual(draft["sources"], ["memory", "range"])
            status, _, text = ask("replay", yaml=changed(maxReplicas=6), source="range", seconds=21_600)
            self.assertEqual(status, 200, text)
            answer = json.loads(text)
            self.assertEqual((answer["source"], answer["resolutionSeconds"]), ("range", 15))
            self.assertEqual(answer["present"]["summary"]["mostReplicas"], 9)
            self.assertEqual(answer["changed"]["summary"]["mostReplicas"], 6)
            (directory / "password").write_text("wrong-" + PASSWORD)
            status, _, refused = ask("replay", source="range", seconds=3_600)
            self.assertEqual(status, 422)
            self.assertIn("401", refused)
            self.assertNotIn(PASSWORD, text + refused)


@unittest.skipUnless(chromium.program(), "Chromium is not installed")
class EditorTests(unittest.TestCase):
    def setUp(self):
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)
        self.api = fake_api.FakeAPI(20)
        self.stack.callback(self.api.close)
        directory = pathlib.Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        trace(directory / "days.csv", 3 * 86_400, step=60)
        page = self.stack.enter_context(console(self.api, "--trace", f"team-4/app-00004={directory / 'days.csv'}"))
        self.browser = self.stack.enter_context(chromium.Chromium())
        self.browser.size(1440, 900)
        self.browser.open(page.link)
        self.browser.wait("document.querySelectorAll('.row').length > 5")
        self.browser.evaluate("location.hash = '#/team-4/app-00004'")
        self.browser.wait("document.getElementById('what-if') !== null")
        self.browser.evaluate("document.getElementById('what-if').click()")
        self.browser.wait("document.getElementById('yaml')?.value.includes('maxReplicas: 12')")

    def text(self, selector):
        return self.browser.evaluate(f"document.querySelector('{selector}')?.textContent ?? ''")

    def set(self, identifier, value, event="change"):
        self.browser.evaluate(f"""(() => {{ const field = document.getElementById('{identifier}'); field.value = {json.dumps(value)};
            field.dispatchEvent(new Event('{event}')); }})()""")

    def replay(self):
        self.browser.evaluate("document.getElementById('replay').click()")
        self.browser.wait("document.querySelector('#outcome table') !== null")

    def test_fields_and_text_follow_each_other_and_problems_have_their_line(self):
        self.set("field-maxReplicas", "7")
        self.browser.wait("document.getElementById('yaml').value.includes('maxReplicas: 7')")
        self.set("field-safety.maxScaleUpRate", "50%")
        self.browser.wait("document.getElementById('yaml').value.includes('50%')")
        self.set("field-policy.type", "cost")
        self.browser.wait("document.getElementById('problems').textContent.includes('costPerPodPerHour')")
        self.set("field-policy.type", "")
        self.browser.wait("document.getElementById('problems').textContent === ''")
        self.set("yaml", self.browser.evaluate("document.getElementById('yaml').value.replace('minReplicas: 1', 'minReplicas: 9')"), "input")
        self.browser.wait("document.getElementById('field-minReplicas').value === '9'")
        self.browser.wait("/Line \\d+: spec.minReplicas|Line \\d+: spec.maxReplicas/.test(document.getElementById('problems').textContent)")
        self.set("yaml", "spec: [", "input")
        self.browser.wait("document.getElementById('problems').textContent.includes('Line')")
        self.assertEqual([error for error in self.browser.errors if "422" not in error], [])

    def test_a_replay_shows_both_specs_side_by_side_with_both_sentences_and_the_patch(self):
        self.set("field-maxReplicas", "5")
        self.browser.wait("document.getElementById('yaml').value.includes('maxReplicas: 5')")
        self.set("price", "0.2", "input")
        self.replay()
        self.assertIn("Replica-hours", self.text("#outcome table"))
        self.assertIn("instead of", self.text("#outcome details summary"))
        self.browser.evaluate("document.querySelector('#outcome details summary').click()")
        self.assertIn("maxReplicas", self.text("#outcome details[open] dl"))
        self.assertIn("/spec/maxReplicas", self.text("#outcome pre"))
        self.assertIn("office", self.text("#outcome"))
        shoot(self.browser, "what-if")
        self.browser.evaluate("document.querySelector('#outcomes0').focus()")
        self.browser.key("Home")
        self.assertRegex(self.text("#outcomes"), "present .*, changed .*, recorded")
        self.assertEqual(self.browser.errors, [])

    def test_a_trace_replays_a_week_and_shows_the_load_of_the_next_day(self):
        self.assertTrue(self.browser.evaluate("document.querySelector('#length option[value=\"604800\"]').disabled"))
        self.set("source", "trace")
        self.set("length", "604800")
        self.set("field-forecast.mode", "Report")
        self.browser.wait("document.getElementById('yaml').value.includes('Report')")
        self.replay()
        self.browser.wait("document.querySelectorAll('#outcome svg').length === 4")
        self.assertIn("coarser than the polling interval", self.text("#outcome"))
        shoot(self.browser, "what-if-next-day")
        self.assertEqual(self.browser.errors, [])

    def test_leaving_ends_the_question_and_an_update_of_the_scaler_keeps_the_text(self):
        self.set("yaml", "spec: {maxReplicas: 3", "input")
        self.api.change("team-4/app-00004", current=8)
        self.browser.wait("scalers.get('team-4/app-00004').current === 8")
        self.assertEqual(self.browser.evaluate("document.getElementById('yaml').value"), "spec: {maxReplicas: 3")
        self.browser.evaluate("document.activeElement.blur()")
        self.browser.key("Escape")
        self.browser.wait("document.getElementById('what-if') !== null")
        self.assertEqual(self.browser.evaluate("document.getElementById('yaml')"), None)

    def test_texts_of_a_spec_are_never_html(self):
        attack = "<img src=x onerror=document.title='attacked'>"
        self.set("yaml", f"spec: {{\"{attack}\": \"{attack}\", maxReplicas: \"{attack}\", metrics: [{{name: \"{attack}\", type: \"{attack}\"}}]}}", "input")
        self.browser.wait("document.getElementById('problems').textContent.includes('<img')")
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('img').length"), 0)
        self.assertEqual(self.browser.evaluate("document.title"), "GeneralScaler console")


if __name__ == "__main__":
    unittest.main()
