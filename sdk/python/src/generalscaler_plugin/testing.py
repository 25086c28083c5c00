"""A host in the test's own process.

::

    with Host(plugin) as host:
        assert host.value({"directory": "/tmp"}).value == 3
        assert host.validate({}) == [Problem("directory", "is required: ...")]
"""

import json
import os
import queue
import threading
from typing import Any, Dict, List, Optional

from .config import Problem
from .declaration import check_fields
from .errors import KINDS, PluginError
from .plugin import Plugin
from .reading import Reading, parse_time
from .serving import Server

TIMEOUT_SECONDS = 30


class Host:
    """Serves a plugin on threads of this process and calls it as GeneralScaler does.

    Args:
        plugin: The plugin.
    """

    def __init__(self, plugin: Plugin) -> None:
        check_fields(plugin.config_type)
        self.plugin = plugin
        self._answers: Dict[int, "queue.SimpleQueue[Any]"] = {}
        self.notifications: "queue.SimpleQueue[Dict[str, Any]]" = queue.SimpleQueue()
        self._last_id = 0
        self._lock = threading.Lock()

    def __enter__(self) -> "Host":
        requests, self._write = os.pipe()
        self._read, answers = os.pipe()

        def serve() -> None:
            Server(self.plugin, requests, answers).serve()
            os.close(answers)
            os.close(requests)

        self._threads = [threading.Thread(target=serve, daemon=True), threading.Thread(target=self._receive, daemon=True)]
        for thread in self._threads:
            thread.start()
        self.identity = self.call("initialize", {"protocolVersions": [1], "host": {"name": "test", "version": "1"}})
        return self

    def __exit__(self, *_: Any) -> None:
        os.close(self._write)
        for thread in self._threads:
            thread.join(TIMEOUT_SECONDS)
        os.close(self._read)

    def _receive(self) -> None:
        with os.fdopen(os.dup(self._read), "rb") as lines:
            for line in lines:
                message = json.loads(line)
                if "method" in message:
                    self.notifications.put(message)
                else:
                    self._answers[message["id"]].put(message)

    def call(self, method: str, params: Dict[str, Any]) -> Any:
        """Returns the result of any method.

        Raises:
            PluginError: The error that the plugin answered.
        """
        with self._lock:
            self._last_id += 1
            answers = self._answers[self._last_id] = queue.SimpleQueue()
            message = {"jsonrpc": "2.0", "id": self._last_id, "method": method, "params": params}
            os.write(self._write, json.dumps(message).encode() + b"\n")
        answer = answers.get(timeout=TIMEOUT_SECONDS)
        if "result" in answer:
            return answer["result"]
        error = answer["error"]
        kind = next(kind for kind, (code, _) in KINDS.items() if code == error["code"])
        data = error.get("data", {})
        raise PluginError(kind, error["message"], path=data.get("path"), retry_after_ms=data.get("retryAfterMs"))

    def validate(self, config: Dict[str, Any]) -> List[Problem]:
        """Returns the faults of a config; none if it is valid."""
        result = self.call("validate_config", {"type": self.plugin.metric_type, "config": config})
        return [Problem(error["path"], error["message"]) for error in result.get("errors", [])]

    def value(self, config: Dict[str, Any], *, target_type: Optional[str] = None, seconds: float = 5) -> Reading:
        """Returns the reading of a config."""
        return _reading(self.call("get_metric_value", self._params(config, target_type, seconds)))

    def range(self, config: Dict[str, Any], start: str, end: str, step_seconds: int, *, seconds: float = 5) -> List[Any]:
        """Returns the history as pairs of a time and a value."""
        window = {"from": start, "to": end, "stepSeconds": step_seconds}
        result = self.call("get_metric_range", {**self._params(config, None, seconds), **window})
        return [(parse_time(point["at"]), point["value"]) for point in result["points"]]

    def subscribe(self, config: Dict[str, Any], *, seconds: float = 5) -> int:
        """Subscribes and returns the subscription; ``next_reading`` returns what is pushed."""
        self.call("subscribe", self._params(config, None, seconds))
        return self._last_id

    def unsubscribe(self, subscription: int) -> None:
        """Ends a subscription."""
        self.call("unsubscribe", {"subscription": subscription})

    def next_reading(self) -> Reading:
        """Returns the next pushed reading.

        Raises:
            PluginError: ``cannot_subscribe`` if the subscription ended.
        """
        message = self.notifications.get(timeout=TIMEOUT_SECONDS)
        if message["method"] == "subscription_ended":
            raise PluginError("cannot_subscribe", message["params"]["message"])
        return _reading(message["params"])

    def _params(self, config: Dict[str, Any], target_type: Optional[str], seconds: float) -> Dict[str, Any]:
        return {
            "type": self.plugin.metric_type, "config": config, "targetType": target_type or self.plugin.target_type,
            "deadlineMs": int(seconds * 1000),
        }


def _reading(result: Dict[str, Any]) -> Reading:
    return Reading(
        result["value"], result.get("unit"), parse_time(result["observedAt"]), result.get("detail"),
        result.get("assumed", False), result.get("usefulReplicas"), result.get("active"))
