import asyncio
import base64
import contextlib
import datetime
import enum
import io
import json
import math
import os
import pathlib
import pickle
import subprocess
import sys
import threading
import time
import unittest
import urllib.parse
from typing import Dict, List, Optional

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "src"))

from generalscaler_plugin import (  # noqa: E402
    Config, ConfigError, Plugin, PluginError, Problem, Reading, Request, Secret, field)
from generalscaler_plugin.reading import format_time, parse_time  # noqa: E402
from generalscaler_plugin.redaction import redact  # noqa: E402
from generalscaler_plugin.testing import Host  # noqa: E402

SECRET = "pa$$ wörd/42+x"


class QueueConfig(Config):
    name: str = field("The queue.")
    length: float = field("Its length.", default=2.5, minimum=0)
    token: Optional[Secret] = field("A token.")


def queue_plugin(**options):
    return Plugin("queue", "The length of a queue.", version="1.2.3", **options)


def plugin_with_field(type_, default):
    class OneField(Config):
        user: type_ = field("A user.", default=default)

    plugin = queue_plugin()

    @plugin.value
    def value(config: OneField) -> float:
        return 1

    return plugin


class ConfigTests(unittest.TestCase):
    def test_every_fault_is_reported_with_its_path(self):
        with self.assertRaises(ConfigError) as caught:
            QueueConfig.parse({"length": -0.125, "nmae": "x"})
        self.assertEqual([str(found) for found in caught.exception.problems], [
            "name: is required: The queue.", "length: must be at least 0, not -0.125",
            "nmae: is not a known field; known fields: name, length, token"])

    def test_a_default_list_is_not_shared_between_configs(self):
        class Lists(Config):
            words: List[str] = field("Words.", default=[])
        first = Lists.parse({})
        first.words.append("a")
        self.assertEqual(Lists.parse({}).words, [])

    def test_a_field_without_a_type_is_refused_at_the_start(self):
        if sys.version_info >= (3, 14):
            return
        with self.assertRaises(TypeError):
            class Untyped(Config):
                name = field("The queue.")

    def test_a_default_of_the_wrong_type_is_refused_at_the_start_with_the_field_its_type_and_the_default(self):
        class Mode(enum.Enum):
            ALL = "all"

        class Nested(Config):
            port: int = field("A port.", default=True)

        for type_, default, message in [
            (str, 5, "`user` of type str cannot have the default 5"), (int, 2.5, "of type int cannot have the default 2.5"),
            (float, "1", "of type float"), (float, math.inf, "of type float"), (bool, 0, "of type bool"), (int, None, "default None"),
            (Mode, "all", "of type Mode cannot have the default 'all'"), (Secret, "s3cr3t", "of type Secret"),
            (Optional[int], "1", "cannot have the default '1'"), (List[str], ["a", 1], "of type List[str] cannot have the default ['a', 1]"),
            (Dict[str, int], {"a": None}, "of type Dict[str, int]"), (List[Nested], [], "Nested: config field `port` of type int"),
        ]:
            with self.subTest(type_=type_, default=default), self.assertRaises(TypeError) as caught:
                Host(plugin_with_field(type_, default))
            self.assertIn(message, str(caught.exception))
        for type_, default in [
            (str, "a"), (int, 3), (float, 3), (bool, False), (Mode, Mode.ALL), (Secret, Secret("a")), (Optional[int], None),
            (List[float], [1, 0.5]), (Dict[str, List[int]], {"a": [1]}),
        ]:
            with self.subTest(type_=type_, default=default):
                Host(plugin_with_field(type_, default))

    def test_a_type_that_a_field_cannot_have_is_refused_at_the_start_with_the_field(self):
        for type_, name in [(bytes, "bytes"), (List[bytes], "List[bytes]"), (Dict[int, str], "Dict[int, str]"), (List, "List"), (list, "list")]:
            with self.subTest(type_=type_), self.assertRaises(TypeError) as caught:
                Host(plugin_with_field(type_, None))
            self.assertEqual(str(caught.exception), f"OneField: config field `user` cannot have the type {name}")

    def test_a_secret_does_not_print(self):
        config = QueueConfig.parse({"name": "q", "token": SECRET})
        for text in [str(config.token), repr(config), f"{config.token:>5}", "%s" % config.token]:
            self.assertNotIn(SECRET, text)
        with self.assertRaises(TypeError):
            pickle.dumps(config.token)
        self.assertEqual(config.token.reveal(), SECRET)


class RedactionTests(unittest.TestCase):
    def test_a_secret_is_redacted_in_every_encoding(self):
        for before in ["", "u", "us", "use"]:
            encoded = base64.b64encode(f"{before}{SECRET}!".encode()).decode()
            self.assertIn("***", redact(f"Basic {encoded}", [SECRET]), before)
        self.assertEqual(redact(f"a {SECRET} b", [SECRET]), "a *** b")
        self.assertEqual(redact(urllib.parse.quote(SECRET, safe=""), [SECRET]), "***")

    def test_a_short_secret_stays(self):
        self.assertEqual(redact("abcde is short", ["abcde"]), "abcde is short")


class TimeTests(unittest.TestCase):
    def test_times_with_odd_fractions_round_trip_to_milliseconds(self):
        time = parse_time("2026-03-02T01:02:03.123456789+05:45")
        self.assertEqual(time.astimezone(datetime.timezone.utc).isoformat(), "2026-03-01T19:17:03.123456+00:00")
        self.assertEqual(format_time(time), "2026-03-01T19:17:03.123Z")

    def test_other_texts_are_no_times(self):
        for text in ["2026-03-02", "2026-03-02T01:02:03", "2026-13-02T01:02:03Z", "", None, 5]:
            self.assertIsNone(parse_time(text), text)


class CallTests(unittest.TestCase):
    def test_an_async_value_is_answered(self):
        plugin = queue_plugin()

        @plugin.value
        async def value(config: QueueConfig) -> float:
            await asyncio.sleep(0)
            return config.length

        with Host(plugin) as host:
            self.assertEqual(host.value({"name": "q", "length": 0.375}).value, 0.375)
            self.assertEqual(host.validate({"name": ""}), [Problem("name", "must not be empty")])

    def test_a_call_that_never_returns_is_answered_and_does_not_hold_up_others(self):
        plugin, never = queue_plugin(max_in_flight=2), threading.Event()

        @plugin.value
        def value(config: QueueConfig) -> float:
            if config.name == "stuck":
                never.wait()
            return 1

        with Host(plugin) as host:
            for _ in range(3):
                with self.assertRaises(PluginError) as caught:
                    host.value({"name": "stuck"}, seconds=0.05)
                self.assertEqual(caught.exception.kind, "deadline_exceeded")
                self.assertEqual(host.value({"name": "q"}).value, 1)
            never.set()

    def test_many_concurrent_calls_are_all_answered(self):
        plugin = queue_plugin(max_in_flight=64)

        @plugin.value
        def value(config: QueueConfig) -> float:
            return config.length

        with Host(plugin) as host:
            def call(number):
                for index in range(50):
                    self.assertEqual(host.value({"name": "q", "length": number + index / 64}).value, number + index / 64)

            callers = [threading.Thread(target=call, args=(number,)) for number in range(16)]
            for caller in callers:
                caller.start()
            for caller in callers:
                caller.join(60)
                self.assertFalse(caller.is_alive())

    def test_an_unexpected_exception_is_an_internal_error_without_secrets(self):
        plugin = queue_plugin()

        @plugin.value
        def value(config: QueueConfig) -> float:
            raise KeyError(config.token.reveal())

        log = io.StringIO()
        with Host(plugin) as host, contextlib.redirect_stderr(log), self.assertRaises(PluginError) as caught:
            host.value({"name": "q", "token": "s3cr3t-token"})
        self.assertEqual((caught.exception.kind, caught.exception.message), ("internal_error", "KeyError: '***'"))

    def test_an_unexpected_exception_is_logged_with_its_traceback_and_without_secrets(self):
        plugin = queue_plugin()

        @plugin.value
        def value(config: QueueConfig) -> float:
            number_of_a_text = config.name
            return number_of_a_text + 1 if config.token is None else {}[f"first\n{config.token.reveal()}"]

        log = io.StringIO()
        with Host(plugin) as host, contextlib.redirect_stderr(log):
            for token in [None, "s3cr3t-token"]:
                with self.assertRaises(PluginError) as caught:
                    host.value({"name": "q", "token": token})
                self.assertNotIn("\n", caught.exception.message)
        first, second = log.getvalue().split("Traceback (most recent call last):\n")[1:]
        self.assertIn("in value\n    return number_of_a_text + 1", first)
        self.assertNotIn("serving.py", first)
        self.assertEqual(first.splitlines()[-1], 'TypeError: can only concatenate str (not "int") to str')
        self.assertIn("***", second)
        self.assertNotIn("s3cr3t", second)

    def test_a_source_at_which_every_call_fails_does_not_fill_the_log(self):
        plugin = queue_plugin()

        @plugin.value
        def value(config: QueueConfig) -> float:
            raise RuntimeError("x\n" * 100)

        log = io.StringIO()
        with Host(plugin) as host, contextlib.redirect_stderr(log):
            for _ in range(9):
                with self.assertRaises(PluginError):
                    host.value({"name": "q"})
        self.assertEqual(log.getvalue().count("lines are omitted"), 4)
        self.assertEqual(log.getvalue().count("this is the last"), 1)
        self.assertLess(len(log.getvalue().splitlines()), 200)

    def test_a_check_that_fails_says_why_without_secrets(self):
        plugin = queue_plugin()

        @plugin.value
        def value(config: QueueConfig) -> float:
            return 1

        @plugin.validate
        def check(config: QueueConfig):
            if config.name == "bad":
                return [Problem("token", f"{config.token.reveal()} is too old")]
            raise RuntimeError(config.token.reveal())

        log = io.StringIO()
        with Host(plugin) as host, contextlib.redirect_stderr(log):
            for call in (host.value, host.validate):
                with self.assertRaises(PluginError) as caught:
                    call({"name": "q", "token": "s3cr3t-token"})
                self.assertEqual((caught.exception.kind, caught.exception.message), ("internal_error", "RuntimeError: ***"))
            self.assertEqual(host.validate({"name": "bad", "token": "s3cr3t-token"}), [Problem("token", "*** is too old")])
        self.assertEqual(log.getvalue().count("in check"), 2)
        self.assertNotIn("s3cr3t", log.getvalue())

    def test_a_refused_connection_is_an_unreachable_source(self):
        plugin = queue_plugin()

        @plugin.value
        def value(config: QueueConfig) -> float:
            raise ConnectionRefusedError("there:80 refused")

        with Host(plugin) as host, self.assertRaises(PluginError) as caught:
            host.value({"name": "q"})
        self.assertEqual(caught.exception.kind, "source_unreachable")

    def test_none_is_no_data_and_not_zero(self):
        plugin = queue_plugin()

        @plugin.value
        def value(config: QueueConfig) -> Optional[float]:
            return None

        with Host(plugin) as host, self.assertRaises(PluginError) as caught:
            host.value({"name": "q"})
        self.assertEqual(caught.exception.kind, "no_data")

    def test_a_history_leaves_out_what_is_missing(self):
        plugin = queue_plugin()

        @plugin.value
        def value(config: QueueConfig) -> float:
            return 1

        @plugin.range
        def history(config: QueueConfig, request: Request):
            return [(time, None if index == 1 else index) for index, time in enumerate(request.window.times())]

        with Host(plugin) as host:
            points = host.range({"name": "q"}, "2026-03-02T00:00:00.125Z", "2026-03-02T00:00:21Z", 7)
        self.assertEqual([point for _, point in points], [0, 2])


class PushTests(unittest.TestCase):
    def plugin(self, readings):
        plugin = queue_plugin()

        @plugin.value
        def value(config: QueueConfig) -> float:
            return 1

        plugin.subscribe(readings)
        return plugin

    def test_readings_of_a_generator_are_pushed_until_it_ends(self):
        def changes(config: QueueConfig):
            yield Reading(0.5, unit="jobs")
            raise PluginError("source_unreachable", "the queue went away")

        with Host(self.plugin(changes)) as host:
            host.subscribe({"name": "q"})
            self.assertEqual(host.next_reading().value, 0.5)
            with self.assertRaises(PluginError) as caught:
                host.next_reading()
        self.assertEqual(caught.exception.message, "the queue went away")

    def test_readings_of_an_async_generator_are_pushed(self):
        async def changes(config: QueueConfig):
            value = 0
            while True:
                yield value
                value += 1
                await asyncio.sleep(0.001)

        with Host(self.plugin(changes)) as host:
            subscription = host.subscribe({"name": "q"})
            values = [host.next_reading().value for _ in range(4)]
            host.unsubscribe(subscription)
        self.assertEqual(values, sorted(set(values)))
        # The values in between were replaced by newer ones.
        self.assertGreater(values[-1], 3)


PROCESS = """
import subprocess
from generalscaler_plugin import Config, Plugin, field

class Fields(Config):
    command: str = field("A command.")
    user: str = field("A user.", default=DEFAULT)

plugin = Plugin("t", "d", version="1")

@plugin.value
def value(config: Fields) -> float:
    subprocess.run(["sh", "-c", config.command])
    return 1

plugin.run()
"""


def has_ended(id):
    """Whether a process has exited. One that is not waited for keeps its entry, with the state Z."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return ") Z " in pathlib.Path(f"/proc/{id}/stat").read_text()
    return True


class ProcessTests(unittest.TestCase):
    def start(self, default):
        environment = dict(os.environ, PYTHONPATH=str(pathlib.Path(__file__).resolve().parents[1] / "src"))
        process = subprocess.Popen(
            [sys.executable, "-c", PROCESS.replace("DEFAULT", default)], env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(process.communicate)
        return process

    def test_a_default_of_the_wrong_type_ends_the_program_with_the_reason_as_its_last_line(self):
        process = self.start("5")
        errors = process.communicate()[1]
        self.assertEqual(process.returncode, 1)
        self.assertEqual(errors.splitlines()[-1], "TypeError: Fields: config field `user` of type str cannot have the default 5")

    @unittest.skipUnless(sys.platform == "linux", "only Linux has /proc")
    def test_what_a_plugin_started_has_ended_when_it_exits(self):
        for end in ["input", "shutdown"]:
            process = self.start("'a'")
            config = {"command": "sleep 61 & echo $! >&2; wait; exit 0"}
            params = {"type": "t", "config": config, "targetType": "Value", "deadlineMs": 60_000}
            for id, (method, sent) in enumerate([("initialize", {"protocolVersions": [1]}), ("get_metric_value", params)]):
                process.stdin.write(json.dumps({"jsonrpc": "2.0", "id": id, "method": method, "params": sent}) + "\n")
                process.stdin.flush()
            child = int(process.stderr.readline())
            if end == "shutdown":
                process.stdin.write('{"jsonrpc": "2.0", "id": 2, "method": "shutdown"}\n')
                process.stdin.flush()
            else:
                process.stdin.close()
                process.stdin = None
            self.assertEqual(process.wait(20), 0)
            # A killed process ends once it runs again.
            self.assertTrue(any(has_ended(child) or time.sleep(0.001) for _ in range(20_000)))


if __name__ == "__main__":
    unittest.main()
