"""The server for assistants, driven by the official SDK of the Model Context Protocol."""

import contextlib
import datetime
import json
import os
import re
import unittest
import warnings

import jsonschema
import mcp
from support_mcp import API, arguments, client, content

import fake_api
import test_console
from cluster import simulated
from support import DEBUG, PATIENCE_SECONDS, ROOT, environment, running, serving

SCALER = {"namespace": "team-0", "name": "app-00000"}


class ConformanceTests(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.api = API()
        self.addCleanup(self.api.close)
        context = arguments(self.api)
        self.words = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)

    def assert_head(self, answer):
        """Every answer has its time and its source, and none has the token."""
        time = datetime.datetime.fromisoformat(answer["time"])
        self.assertLess(abs((datetime.datetime.now(datetime.timezone.utc) - time).total_seconds()), 300)
        self.assertEqual(answer["source"], f"the operator's API at http://127.0.0.1:{self.api.port}")
        self.assertNotIn(fake_api.TOKEN, str(answer))

    async def test_both_kinds_of_versions_are_negotiated(self):
        for mode, version in [("legacy", "2025-11-25"), ("auto", "2026-07-28"), ("2026-07-28", "2026-07-28")]:
            with self.subTest(mode=mode):
                async with client(self.words, mode) as session:
                    self.assertEqual(session.protocol_version, version)
                    if mode != "2026-07-28":
                        self.assertEqual(session.server_info.name, "generalscaler")
                        self.assertIn("All tools only read", session.instructions)
                    if mode == "legacy":
                        with warnings.catch_warnings():
                            # Later versions have no ping.
                            warnings.simplefilter("ignore", mcp.MCPDeprecationWarning)
                            await session.send_ping()
                    listed = await session.list_tools()
                    self.assertEqual([tool.name for tool in listed.tools],
                                     ["list_scalers", "explain_scaler", "list_decisions", "simulate_spec"])
                    answer = content(await session.call_tool("explain_scaler", SCALER))
                    self.assertEqual(answer["scaler"]["name"], "app-00000")

    async def test_every_tool_only_reads_and_has_a_valid_schema_with_descriptions(self):
        async with client(self.words) as session:
            for tool in (await session.list_tools()).tools:
                with self.subTest(tool=tool.name):
                    self.assertTrue(tool.annotations.read_only_hint)
                    self.assertFalse(tool.annotations.destructive_hint)
                    jsonschema.Draft202012Validator.check_schema(tool.input_schema)
                    self.assertFalse(tool.input_schema["additionalProperties"])
                    for name, schema in tool.input_schema["properties"].items():
                        self.assertTrue(schema["description"], name)

    async def test_the_reference_lists_every_tool_and_argument(self):
        sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## )", (ROOT / "docs/reference/assistant-tools.md").read_text(), re.S | re.M))
        async with client(self.words) as session:
            for tool in (await session.list_tools()).tools:
                rows = set(re.findall(r"^\| (`\w+` \|.*) \|$", sections.pop(tool.name), re.M))
                self.assertEqual(rows, {
                    f"`{name}` | {self.default(name, tool, schema)} | {schema['description']}"
                    for name, schema in tool.input_schema["properties"].items()})
        self.assertEqual(set(sections), {"Answers"})

    @staticmethod
    def default(name, tool, schema):
        if name in tool.input_schema["required"]:
            return "required"
        value = schema.get("default", "")
        return f"`{json.dumps(value) if not isinstance(value, str) else value}`" if value != "" else ""

    async def test_the_configuration_of_the_page_starts_the_server(self):
        page = (ROOT / "docs/how-to/assistant.md").read_text()
        entry = json.loads(re.search(r"```json\n(.*?)```", page, re.S)[1])["mcpServers"]["generalscaler"]
        self.assertEqual(entry["command"], "generalscaler")
        async with client(entry["args"]) as session:
            self.assertEqual(len((await session.list_tools()).tools), 4)
            for tool in (await session.list_tools()).tools:
                self.assertIn(f"| `{tool.name}` |", page)

    async def test_scalers_are_listed_with_those_that_need_attention_first(self):
        async with client(self.words) as session:
            answer = content(await session.call_tool("list_scalers", {}))
            self.assert_head(answer)
            self.assertEqual((answer["total"], answer["found"], len(answer["scalers"])), (20, 20, 20))
            self.assertEqual(answer["scalers"][0]["ready"], "False")
            self.assertNotIn("limit", answer["scalers"][-1])
            page = content(await session.call_tool("list_scalers", {"limit": 7, "offset": 7}))
            self.assertEqual(page["scalers"], answer["scalers"][7:14])
            self.assertEqual(page["nextOffset"], 14)
            one = content(await session.call_tool("list_scalers", {"namespace": "team-3", "search": "APP-00003"}))
            self.assertEqual([(row["namespace"], row["name"]) for row in one["scalers"]], [("team-3", "app-00003")])
            self.assertNotIn("nextOffset", one)
            urgent = content(await session.call_tool("list_scalers", {"needsAttention": True}))
            self.assertTrue(0 < urgent["found"] < 20)
            self.assertTrue(all(row.get("limit") for row in urgent["scalers"]))

    async def test_a_scaler_is_explained_with_what_brings_the_next_step(self):
        async with client(self.words) as session:
            answer = content(await session.call_tool("explain_scaler", SCALER))
            self.assert_head(answer)
            self.assertEqual(answer["next"][0], "At 561 or more, requests asks for 6 replicas.")
            self.assertEqual(answer["spec"]["maxReplicas"], 12)
            self.assertEqual(len(answer["recentDecisions"]), 10)
            (metric,) = answer["recentReadings"]
            self.assertEqual((metric["metric"], len(metric["readings"])), ("requests", 10))
            self.assertRegex(metric["readings"][-1]["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
            self.assertEqual(answer["since"], fake_api.text_of(self.api.began))

    async def test_the_decisions_of_a_period_say_how_far_back_they_are_complete(self):
        async with client(self.words) as session:
            answer = content(await session.call_tool("list_decisions", SCALER))
            self.assert_head(answer)
            self.assertTrue(answer["decisions"])
            self.assertTrue(all(answer["from"] <= one["time"] <= answer["to"] for one in answer["decisions"]))
            # The operator leads since two hours.
            self.assertNotIn("incompleteBefore", answer)
            long = content(await session.call_tool("list_decisions", {**SCALER, "from": "2020-01-02T03:04:05.5Z", "limit": 3}))
            self.assertEqual(long["incompleteBefore"], fake_api.text_of(self.api.began))
            self.assertGreater(long["found"], 3)
            self.assertEqual(long["decisions"], answer["decisions"][-3:])
            every = content(await session.call_tool("list_decisions", {"limit": 200}))
            self.assertEqual({one["namespace"] for one in every["decisions"]}, {"team-0", "team-1"})
            team = content(await session.call_tool("list_decisions", {"namespace": "team-1"}))
            self.assertEqual({one["namespace"] for one in team["decisions"]}, {"team-1"})

    async def test_a_changed_spec_is_simulated_beside_the_present_one(self):
        async with client(self.words) as session:
            answer = content(await session.call_tool("simulate_spec", {**SCALER, "changes": {"maxReplicas": 4}}))
            self.assert_head(answer)
            self.assertEqual(answer["readings"], "memory")
            self.assertEqual(answer["changed"]["mostReplicas"], 4)
            self.assertGreater(answer["present"]["replicaHours"], answer["changed"]["replicaHours"])
            self.assertGreater(answer["differenceCount"], 0)
            self.assertGreater(answer["differences"][0]["present"]["replicas"], 4)
            self.assertIn("maxReplicas", answer["differences"][0]["changed"]["reason"])
            self.assertIn("/spec/maxReplicas", answer["patchYAML"])
            self.assertIn("kubectl patch generalscaler app-00000 -n team-0", answer["commands"][0])
            text = ("spec:\n  targetDeployment: app-00000\n  minReplicas: 1\n  maxReplicas: 4\n  metrics:\n"
                    "    - {name: requests, type: prometheus, targetValue: 100, targetType: AverageValue, config: {}}\n")
            whole = content(await session.call_tool("simulate_spec", {**SCALER, "spec": text, "period": "1h"}))
            self.assertEqual(whole["changed"]["mostReplicas"], 4)

    async def test_bad_arguments_are_results_that_name_the_argument_and_the_fix(self):
        cases = [
            ("list_scalers", {"limit": 201}, "limit: must be from 1 to 200, not 201"),
            ("list_scalers", {"limit": 1.5}, "limit: must be a whole number"),
            ("list_scalers", {"nameSpace": "shop"}, "nameSpace: is not a known field; known fields: limit, "),
            ("list_scalers", {"namespace": "../secrets"}, "namespace: must be the name of a Kubernetes object"),
            ("explain_scaler", {"name": "web"}, "namespace: is required"),
            ("explain_scaler", {"namespace": 7, "name": "web"}, "namespace: must be a string, not a number"),
            ("list_decisions", {"name": "web"}, "namespace: is required"),
            ("list_decisions", {"from": "yesterday"}, "from: must be a time such as 2026-01-02T03:04:05Z"),
            ("list_decisions", {"from": "2026-01-02T03:04:05Z", "to": "2026-01-02T03:04:05Z"}, "from must be earlier than to"),
            ("simulate_spec", SCALER, "give either changes, with at least one field, or spec"),
            ("simulate_spec", {**SCALER, "changes": {"maxReplicas": 0}}, "spec.maxReplicas"),
            ("simulate_spec", {**SCALER, "changes": {"metrics.7.targetValue": 5}}, "the spec has no place metrics.7.targetValue"),
            ("simulate_spec", {**SCALER, "changes": {"maxReplica": 5}}, "spec.maxReplica: is not a known field"),
            ("simulate_spec", {**SCALER, "spec": "a: [", "period": "1d"}, "the text is not YAML"),
            ("simulate_spec", {**SCALER, "changes": {"maxReplicas": 4}, "period": "2h"}, "period: must be one of 1h, 6h, 1d, 7d"),
            ("simulate_spec", {**SCALER, "changes": {"maxReplicas": 4}, "readings": "trace"}, "there is no trace of team-0/app-00000"),
        ]
        async with client(self.words) as session:
            for tool, values, error in cases:
                with self.subTest(tool=tool, values=values):
                    result = await session.call_tool(tool, values)
                    self.assertTrue(result.is_error)
                    self.assertIn(error, content(result)["error"])
                    self.assert_head(content(result))

    async def test_an_unknown_tool_is_a_protocol_error_that_names_the_tools(self):
        async with client(self.words) as session:
            with self.assertRaises(mcp.MCPError) as raised:
                await session.call_tool("delete_scaler", {})
            self.assertEqual(raised.exception.code, -32602)
            self.assertIn("unknown tool: delete_scaler. Tools: explain_scaler, ", str(raised.exception))

    async def test_an_unknown_scaler_is_named_with_those_of_its_namespace(self):
        async with client(self.words) as session:
            result = await session.call_tool("explain_scaler", {"namespace": "team-0", "name": "web"})
            self.assertTrue(result.is_error)
            self.assertIn("the operator knows no GeneralScaler team-0/web. In this namespace, it knows 3: app-00000, ",
                          content(result)["error"])
            result = await session.call_tool("simulate_spec", {"namespace": "shop", "name": "web", "changes": {"maxReplicas": 4}})
            self.assertIn("It knows none in this namespace: call list_scalers", content(result)["error"])

    async def test_an_operator_that_cannot_be_reached_is_a_result_with_the_reason(self):
        async with client(self.words) as session:
            self.api.close()
            result = await session.call_tool("list_scalers", {})
            self.assertTrue(result.is_error)
            self.assertIn(f"http://127.0.0.1:{self.api.port}: ", content(result)["error"])
            self.assert_head(content(result))

    async def test_a_kubeconfig_or_a_token_that_does_not_exist_is_a_result_and_is_read_again(self):
        async with client(["mcp", "--kubeconfig", "/nonexistent/kubeconfig"]) as session:
            result = await session.call_tool("list_scalers", {})
            self.assertTrue(result.is_error)
            self.assertIn("/nonexistent/kubeconfig", content(result)["error"])
            self.assertIn("Lease generalscaler-system/generalscaler", content(result)["source"])
        token = self.words[-1] + "-later"
        async with client([*self.words[:-1], token]) as session:
            self.assertTrue((await session.call_tool("list_scalers", {})).is_error)
            with open(token, "w") as file:
                self.addCleanup(os.unlink, token)
                file.write(fake_api.TOKEN)
            self.assertFalse((await session.call_tool("list_scalers", {})).is_error)

    async def test_a_wrong_token_is_a_result_without_the_token(self):
        with open(self.words[-1], "w") as file:
            file.write("f" * 32)
        async with client(self.words) as session:
            result = await session.call_tool("list_scalers", {})
            self.assertIn("the operator refuses the token", content(result)["error"])
            self.assertNotIn("ffff", str(result))

    async def test_an_answer_that_is_too_long_for_an_assistant_is_an_error(self):
        for key in self.api.rows:
            self.api.rows[key]["reason"] = "x" * 10_000
        async with client(self.words) as session:
            result = await session.call_tool("list_scalers", {})
            self.assertIn("the answer is longer than 131072 bytes: ask for less", content(result)["error"])
            self.assertFalse((await session.call_tool("list_scalers", {"limit": 5})).is_error)

    async def test_the_server_reads_the_leader_through_the_api_server_with_the_role_of_the_console(self):
        with simulated() as cluster, contextlib.ExitStack() as stack:
            port, page = stack.enter_context(serving(lambda: "7"))
            secret = "hunter22hunter22"
            proxy = test_console.PodProxyTests()
            proxy.prepare(cluster)
            cluster.create_workload("shop", "queue")
            metric = {"name": "jobs", "type": "http", "targetValue": 5, "targetType": "AverageValue",
                      "config": {"url": f"http://127.0.0.1:{port}/{secret}", "format": "text"}}
            cluster.create_scaler("shop", "queue", targetDeployment="queue", metrics=[metric])
            token, lease = cluster.directory / "token", f"{test_console.NAMESPACE}/generalscaler"
            token.write_text(fake_api.TOKEN)
            operator = stack.enter_context(running(
                DEBUG / "generalscaler", "run", "--kubeconfig", proxy.kubeconfig(cluster, "operator"), "--listen", "127.0.0.1:0",
                "--lease", lease, "--api-listen", "127.0.0.1:0", "--api-token-file", token, env=environment()))
            api = re.search(r"port=(\d+)", operator.line("serving the API"))[1]
            # A simulation needs at least three polls.
            for _ in range(5):
                page.get(timeout=PATIENCE_SECONDS)
            reader = proxy.kubeconfig(cluster, "reader", cluster.token(test_console.NAMESPACE, "reader"))
            scaler, texts = {"namespace": "shop", "name": "queue"}, []
            async with client(["mcp", "--kubeconfig", reader, "--lease", lease, "--api-port", api]) as session:
                for tool, values in [("list_scalers", {}), ("explain_scaler", scaler), ("list_decisions", {}),
                                     ("simulate_spec", {**scaler, "changes": {"metrics.0.targetValue": 1}})]:
                    result = await session.call_tool(tool, values)
                    self.assertFalse(result.is_error, result)
                    texts.append(str(result))
                    self.assertIn(f"the Lease {lease} names", content(result)["source"])
                explained = content(await session.call_tool("explain_scaler", scaler))
                self.assertEqual(explained["status"]["metrics"][0]["value"], 7)
                self.assertEqual(content(result)["changed"]["mostReplicas"], 5)
            for text in texts:
                self.assertNotIn(secret, text)
                self.assertNotIn(fake_api.TOKEN, text)


if __name__ == "__main__":
    unittest.main()
