"""The server for assistants on raw lines: malformed messages, limits, cancellation and the end of the input."""

import json
import unittest

from support_mcp import API, Lines, arguments, call, request

LINE_BYTES = 1 << 20
CALLS_AT_ONCE = 8
ENVELOPE = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}


class LineTests(unittest.TestCase):
    def setUp(self):
        self.api = API()
        self.addCleanup(self.api.close)
        context = arguments(self.api)
        self.server = Lines(context.__enter__())
        self.addCleanup(context.__exit__, None, None, None)
        self.addCleanup(self.server.close)

    def assert_error(self, answer, code, text, identifier=None):
        self.assertEqual((answer["jsonrpc"], answer["id"], answer["error"]["code"]), ("2.0", identifier, code))
        self.assertIn(text, answer["error"]["message"])

    def test_a_known_version_is_kept_and_another_one_is_answered_with_the_latest(self):
        for asked, version in [("2024-11-05", "2024-11-05"), ("2025-06-18", "2025-06-18"), ("2025-11-25", "2025-11-25"),
                               ("2025-03-26", "2025-11-25"), ("2026-07-28", "2025-11-25"), ("1.0", "2025-11-25"), ("", "2025-11-25")]:
            result = self.server.initialize(asked)["result"]
            self.assertEqual(result["protocolVersion"], version)
            self.assertEqual(result["capabilities"], {"tools": {}})

    def test_a_request_before_initialize_is_refused_and_a_ping_is_not(self):
        self.assert_error(self.server.ask(request(1, "tools/list")), -32600, "initialize must be the first request", 1)
        self.assertEqual(self.server.ask(request("p", "ping")), {"jsonrpc": "2.0", "id": "p", "result": {}})

    def test_a_version_without_handshake_is_checked_in_each_request(self):
        result = self.server.ask(request(1, "tools/list", _meta=ENVELOPE))["result"]
        self.assertEqual((result["resultType"], result["cacheScope"], len(result["tools"])), ("complete", "public", 4))
        self.assertEqual(result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "generalscaler")
        newer = {**ENVELOPE, "io.modelcontextprotocol/protocolVersion": "2031-01-02"}
        answer = self.server.ask(request(2, "server/discover", _meta=newer))
        self.assert_error(answer, -32022, "not supported", 2)
        self.assertEqual(answer["error"]["data"]["requested"], "2031-01-02")
        self.assertIn("2026-07-28", answer["error"]["data"]["supported"])
        self.assert_error(self.server.ask(request(3, "server/discover")), -32602, "params._meta must have", 3)
        self.assert_error(self.server.ask(request(4, "ping", _meta=ENVELOPE)), -32601, "unknown method: ping", 4)

    def test_malformed_lines_are_answered_and_the_next_request_is_served(self):
        self.server.initialize()
        for line, code, text, identifier in [
            (b"{", -32700, "the line is not JSON", None), (b"\xff\xfe\xfd", -32700, "the line is not JSON", None),
            (b"[" * 100_000, -32700, "the line is not JSON", None), (b"[]", -32600, "must be an object, not an array", None),
            (b"7", -32600, "must be an object", None), (b'{"id":1,"method":"ping"}', -32600, 'jsonrpc must be "2.0"', 1),
            (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', -32600, "a string or a whole number", None),
            (b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}', -32600, "a string or a whole number", None),
            (b'{"jsonrpc":"2.0","id":{},"method":"ping"}', -32600, "a string or a whole number", None),
            (b'{"jsonrpc":"2.0","id":9}', -32600, "method is required", 9),
            (b'{"jsonrpc":"2.0","id":9,"method":7}', -32600, "method must be a string", 9),
            (b'{"jsonrpc":"2.0","id":9,"method":"tools/list","params":[]}', -32602, "params must be an object", 9),
            (b'{"jsonrpc":"2.0","id":9,"method":"tools/list","params":{"cursor":"x"}}', -32602, "unknown cursor", 9),
            (b'{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{}}', -32602, "name must be a string", 9),
            (b'{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"list_scalers","arguments":[]}}', -32602,
             "arguments an object", 9),
            (b'{"jsonrpc":"2.0","id":9,"method":"resources/list"}', -32601, "unknown method: resources/list", 9),
            (b'{"jsonrpc":"2.0","id":9,"method":"a\\u001b[31m\\n"}', -32601, "unknown method", 9),
        ]:
            with self.subTest(line=line[:80]):
                answer = self.server.ask(line)
                self.assert_error(answer, code, text, identifier)
                self.assertNotIn("\x1b", answer["error"]["message"])
        # Neither has an answer: notifications that are unknown, answers to nothing, and blank lines.
        for line in (b'{"jsonrpc":"2.0","method":"notifications/unknown"}', b'{"jsonrpc":"2.0","id":3,"result":{}}', b"", b"  \r"):
            self.server.send(line)
        self.assertEqual(len(self.server.ask(request(10, "tools/list"))["result"]["tools"]), 4)

    def test_a_line_that_is_too_long_is_answered_and_the_next_request_is_served(self):
        self.server.initialize()
        longest = request(1, "ping", padding="")
        longest["params"]["padding"] = "x" * (LINE_BYTES - len(json.dumps(longest)))
        self.assertEqual(self.server.ask(longest)["result"], {})
        longest["params"]["padding"] += "x"
        self.assert_error(self.server.ask(longest), -32600, f"the line is longer than {LINE_BYTES} bytes")
        self.assert_error(self.server.ask(b"y" * (40 << 20)), -32600, "the line is longer than")
        self.assertEqual(self.server.ask(request(2, "ping"))["id"], 2)

    def test_a_cancelled_call_has_no_answer_and_others_are_not_affected(self):
        self.server.initialize()
        self.api.arrived.clear()
        self.api.gate.clear()
        self.server.send(call("slow", "list_scalers"))
        self.assertTrue(self.api.arrived.wait(60))
        self.assert_error(self.server.ask(call("slow", "list_scalers")), -32600, "a request with this id is in progress", "slow")
        self.server.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "slow"}})
        self.server.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "unknown"}})
        # Messages are taken in order: with this answer, the call has been cancelled.
        self.assertEqual(self.server.ask(request("p", "ping"))["id"], "p")
        self.server.send(call(7, "list_scalers"))
        self.api.gate.set()
        answer = self.server.receive()
        self.assertEqual((answer["id"], answer["result"]["isError"]), (7, False))
        self.assertEqual(self.server.ask(request(8, "ping"))["id"], 8)

    def test_too_many_calls_at_once_are_refused_and_pings_are_answered_meanwhile(self):
        self.server.initialize()
        self.api.gate.clear()
        for number in range(CALLS_AT_ONCE):
            self.server.send(call(number, "list_scalers"))
        answer = self.server.ask(call("more", "list_scalers"))
        self.assertEqual((answer["id"], answer["result"]["isError"]), ("more", True))
        self.assertIn("8 calls are in progress", answer["result"]["content"][0]["text"])
        self.assertEqual(self.server.ask(request("p", "ping"))["id"], "p")
        self.api.gate.set()
        self.assertEqual({self.server.receive()["id"] for _ in range(CALLS_AT_ONCE)}, set(range(CALLS_AT_ONCE)))

    def test_the_end_of_the_input_ends_the_server_and_cancels_its_calls(self):
        self.server.initialize()
        self.api.gate.clear()
        self.server.send(call(1, "list_scalers"))
        self.assertEqual(self.server.end(), (0, "", ""))
        self.api.gate.set()


if __name__ == "__main__":
    unittest.main()
