"""A plugin's side of the protocol, without threads and I/O: lines go in, calls to start and lines to send come out."""

import dataclasses
import json
import threading
import time
from typing import Any, Callable, Dict, List, Optional

from .config import ConfigError, number, shape
from .errors import PluginError
from .failures import FailureLog, secrets_at
from .plugin import MAX_REQUEST_BYTES, PROTOCOL_VERSION, Plugin
from .reading import MAX_RANGE_POINTS, Window, parse_time
from .redaction import one_line, redact

MAX_RESPONSE_BYTES = 1 << 20
# The number of calls that the watchdog answered and whose code still runs. Beyond it, new calls get the error busy.
MAX_ABANDONED_CALLS = 64
MAX_SUBSCRIPTIONS = 1_024
# The answer to a late call leaves this share of the time before its deadline, within these bounds in seconds.
WATCHDOG_SHARE, WATCHDOG_MIN_SECONDS, WATCHDOG_MAX_SECONDS = 0.1, 0.005, 0.1
_MAX_INT32 = 2**31 - 1
_EXCERPT = 64


@dataclasses.dataclass(eq=False)
class Call:
    """One call of the host that runs the plugin's code."""

    id: Any
    kind: str
    config: Any
    secrets: List[str]
    target_type: str
    deadline: float
    window: Optional[Window] = None
    cancelled: threading.Event = dataclasses.field(default_factory=threading.Event)

    @property
    def watchdog(self) -> float:
        """The monotonic time at which the SDK answers in place of the plugin's code."""
        left = max(0.0, self.deadline - self.started)
        return self.deadline - min(max(left * WATCHDOG_SHARE, WATCHDOG_MIN_SECONDS), WATCHDOG_MAX_SECONDS)

    started: float = dataclasses.field(default_factory=time.monotonic)


class Session:
    """The state of the conversation with one host. Every method is safe to call from any thread.

    Args:
        plugin: The plugin.
        send: Writes one message to the host.
        start: Runs a call and reports to ``finish`` or ``fail``.
        failures: Logs exceptions of the plugin's code.
    """

    def __init__(
        self, plugin: Plugin, send: Callable[[Any], None], start: Callable[[Call], None], failures: FailureLog
    ) -> None:
        self._plugin, self._send_line, self._start, self._failures = plugin, send, start, failures
        self._lock = threading.RLock()
        self._initialized = False
        self._max_response_bytes = MAX_RESPONSE_BYTES
        self._pending: Dict[Any, Call] = {}
        self._abandoned: Dict[Call, None] = {}
        self._subscriptions: Dict[int, Call] = {}
        self.is_shut_down = False

    # What the host sends

    def receive(self, line: bytes) -> None:
        """Handles one line of the host."""
        if not line.strip(b" \t\r"):
            return
        try:
            message = json.loads(line.decode("utf-8"), parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            return self._reply_error(None, PluginError("parse_error", f"the line is not JSON: {error}"))
        message = message if isinstance(message, dict) else {}
        id, method = message.get("id"), message.get("method")
        if message.get("jsonrpc") != "2.0" or not isinstance(method, str):
            return self._reply_error(id, PluginError("invalid_request", 'a request has jsonrpc "2.0" and a method'))
        params = message.get("params", {})
        if "id" not in message:
            return self._notified(method, params)
        try:
            self._requested(id, method, params)
        except PluginError as error:
            self._reply_error(id, error)

    def receive_overlong(self) -> None:
        """Handles a line that is longer than the plugin's limit."""
        message = f"the line is longer than {MAX_REQUEST_BYTES} bytes"
        self._reply_error(None, PluginError("invalid_request", message))

    def _notified(self, method: str, params: Any) -> None:
        if method != "cancel" or not isinstance(params, dict):
            return
        with self._lock:
            call = self._pending.get(_key(params.get("id")))
        if call is not None:
            self._abandon(call, PluginError("cancelled", "the host cancelled the call"))

    def _requested(self, id: Any, method: str, params: Any) -> None:
        if isinstance(id, bool) or not isinstance(id, (int, float, str)):
            raise PluginError("invalid_request", f"id must be a number or a string, not {shape(id)}")
        self._check_unused(id)
        if not self._initialized:
            if method != "initialize":
                raise PluginError("invalid_request", f"{method[:_EXCERPT]} came before initialize")
            return self._initialize(id, params)
        functions = self._plugin.functions
        if method == "initialize":
            raise PluginError("invalid_request", "initialize came twice")
        if method == "validate_config":
            return self._validate(id, params)
        if method == "get_metric_value":
            return self._begin(id, "value", params)
        if method == "get_metric_range" and "range" in functions:
            return self._begin(id, "range", params)
        if method == "subscribe" and "subscribe" in functions:
            return self._begin(id, "subscribe", params)
        if method == "unsubscribe" and "subscribe" in functions:
            return self._unsubscribe(id, params)
        if method == "shutdown":
            return self._shut_down(id)
        raise PluginError("method_not_found", f"the plugin has no method {method[:_EXCERPT]}")

    def _initialize(self, id: Any, params: Any) -> None:
        versions = _member(params, "protocolVersions", list, "an array")
        if PROTOCOL_VERSION not in versions:
            asked = ", ".join(map(str, versions))
            raise PluginError(
                "unsupported_version",
                f"the plugin speaks protocol version {PROTOCOL_VERSION}, the host {asked}: update the older one")
        limit = params.get("limits", {}).get("maxResponseBytes") if isinstance(params.get("limits"), dict) else None
        if isinstance(limit, int) and limit > 0:
            self._max_response_bytes = min(self._max_response_bytes, limit)
        self._initialized = True
        self._reply(id, self._plugin.identity())

    def _validate(self, id: Any, params: Any) -> None:
        self._check_type(params)
        config = _member(params, "config", dict, "an object")
        try:
            self._plugin.parse_config(config)
        except ConfigError as error:
            secrets = self._secrets_in(config)
            problems = [{"path": found.path, "message": redact(found.message, secrets)} for found in error.problems]
            return self._reply(id, {"valid": False, "errors": problems})
        except Exception as error:  # pylint: disable=broad-except
            raise self._failure(error, config) from error
        self._reply(id, {"valid": True})

    def _failure(self, error: Exception, config: Any) -> PluginError:
        """The error that the host sees for an exception of the code that checks a config."""
        secrets = self._secrets_in(config)
        known = self._failures.answer(error, secrets)
        return PluginError(
            known.kind, one_line(redact(known.message, secrets)), path=known.path, retry_after_ms=known.retry_after_ms)

    def _secrets_in(self, config: Any) -> List[str]:
        return secrets_at(self._plugin.config_type.schema(), config)

    def _begin(self, id: Any, kind: str, params: Any) -> None:
        self._check_type(params)
        config = _member(params, "config", dict, "an object")
        target_type = _member(params, "targetType", str, "a string")
        if target_type not in ("Value", "AverageValue"):
            text = target_type[:_EXCERPT]
            raise _invalid("targetType", f'must be one of Value, AverageValue, not "{text}"')
        window = _window(params) if kind == "range" else None
        deadline_ms = _whole(params, "deadlineMs")
        if kind == "subscribe" and not isinstance(id, int):
            raise PluginError("invalid_request", "the id of subscribe must be a whole number, because readings refer to it")
        try:
            parsed = self._plugin.parse_config(config)
        except Exception as error:  # pylint: disable=broad-except
            raise self._failure(error, config) from error
        call = Call(
            id, kind, parsed, _secrets(parsed), target_type, time.monotonic() + deadline_ms / 1000, window)
        with self._lock:
            self._admit(call)
            self._pending[_key(id)] = call
        self._start(call)

    def _admit(self, call: Call) -> None:
        limit = self._plugin.max_in_flight
        if len(self._pending) >= limit:
            raise PluginError("busy", f"{limit} calls are in flight, which is the plugin's maxInFlight")
        if len(self._abandoned) >= MAX_ABANDONED_CALLS:
            count = len(self._abandoned)
            raise PluginError("busy", f"{count} calls still run although they were cancelled: restart the plugin")
        if call.kind == "subscribe" and len(self._subscriptions) >= MAX_SUBSCRIPTIONS:
            raise PluginError("cannot_subscribe", f"there are {MAX_SUBSCRIPTIONS} subscriptions, which is the maximum")

    def _unsubscribe(self, id: Any, params: Any) -> None:
        subscription = _whole(params, "subscription", least=0, most=2**63 - 1)
        with self._lock:
            call = self._subscriptions.pop(subscription, None)
            if call is not None:
                call.cancelled.set()
            self._reply(id, {})

    def _shut_down(self, id: Any) -> None:
        with self._lock:
            for call in list(self._pending.values()):
                self._abandon(call, PluginError("cancelled", "the plugin was shut down"))
            self._reply(id, {})
            self.is_shut_down = True

    def _check_unused(self, id: Any) -> None:
        with self._lock:
            if _key(id) in self._pending:
                raise PluginError("invalid_request", f"a call with id {json.dumps(id)} is in flight")

    def _check_type(self, params: Any) -> None:
        type_ = _member(params, "type", str, "a string")
        if type_ != self._plugin.metric_type:
            known = self._plugin.metric_type
            raise PluginError("invalid_params", f'the plugin has no metric type "{type_[:_EXCERPT]}", only "{known}"')

    # What the calls report

    def finish(self, call: Call, result: Dict[str, Any]) -> bool:
        """Handles the result of a call's code. Returns False if the call was already answered."""
        with self._lock:
            self._abandoned.pop(call, None)
            if self._pending.pop(_key(call.id), None) is not call:
                return False
            if call.kind == "subscribe":
                self._subscriptions[call.id] = call
            self._reply(call.id, result, call)
            return True

    def fail(self, call: Call, error: PluginError) -> None:
        """Handles an error of a call's code."""
        with self._lock:
            self._abandoned.pop(call, None)
            if self._pending.pop(_key(call.id), None) is call:
                self._reply_error(call.id, error, call)

    def push(self, call: Call, reading: Dict[str, Any]) -> bool:
        """Sends a reading of a subscription. Returns False if the subscription has ended."""
        with self._lock:
            if self._subscriptions.get(call.id) is not call:
                return False
            params = {"subscription": call.id, **_redacted(reading, call)}
            self._send({"jsonrpc": "2.0", "method": "reading", "params": params})
            return True

    def end_subscription(self, call: Call, error: PluginError) -> None:
        """Handles the end of a subscription's code."""
        with self._lock:
            if self._subscriptions.get(call.id) is not call:
                return
            del self._subscriptions[call.id]
            params = {"subscription": call.id, "message": one_line(redact(error.message, call.secrets))}
            self._send({"jsonrpc": "2.0", "method": "subscription_ended", "params": params})

    def is_subscribed(self, call: Call) -> bool:
        """Whether the host is still subscribed."""
        with self._lock:
            return self._subscriptions.get(call.id) is call

    # Time

    def next_deadline(self) -> Optional[float]:
        """The monotonic time at which to call ``expire`` next."""
        with self._lock:
            return min((call.watchdog for call in self._pending.values()), default=None)

    def expire(self) -> None:
        """Answers the calls that have reached their deadline."""
        now = time.monotonic()
        with self._lock:
            for call in [call for call in self._pending.values() if call.watchdog <= now]:
                self._abandon(call, PluginError("deadline_exceeded", "no answer by the deadline"))

    @property
    def is_idle(self) -> bool:
        """Whether every call is answered."""
        with self._lock:
            return not self._pending

    def _abandon(self, call: Call, error: PluginError) -> None:
        with self._lock:
            if self._pending.pop(_key(call.id), None) is not call:
                return
            self._abandoned[call] = None
            call.cancelled.set()
            self._reply_error(call.id, error, call)

    # Lines

    def _reply(self, id: Any, result: Any, call: Optional[Call] = None) -> None:
        result = _redacted(result, call) if call else result
        self._send({"jsonrpc": "2.0", "id": id, "result": result})

    def _reply_error(self, id: Any, error: PluginError, call: Optional[Call] = None) -> None:
        body = error.to_json()
        if call:
            body["message"] = one_line(redact(body["message"], call.secrets))
        self._send({"jsonrpc": "2.0", "id": id, "error": body})

    def _send(self, message: Dict[str, Any]) -> None:
        line = json.dumps(message, ensure_ascii=True, separators=(",", ":"), allow_nan=False).encode()
        if len(line) > self._max_response_bytes:
            if "id" not in message:
                return
            text = f"the answer has {len(line)} bytes; the maximum is {self._max_response_bytes}"
            error = PluginError("internal_error", text).to_json()
            line = json.dumps({"jsonrpc": "2.0", "id": message["id"], "error": error}, separators=(",", ":")).encode()
        self._send_line(line + b"\n")


def _secrets(config: Any) -> List[str]:
    from .config import secrets

    return secrets(config)


def _redacted(result: Dict[str, Any], call: Call) -> Dict[str, Any]:
    texts: Dict[str, Any] = {name: redact(result[name], call.secrets) for name in ("detail", "unit") if name in result}
    return {**result, **texts}


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")


def _key(id: Any) -> Any:
    # 1 and "1" are two ids, 1 and 1.0 are one.
    return id if isinstance(id, (int, float)) else ("text", id)


def _invalid(path: str, message: str) -> PluginError:
    return PluginError("invalid_params", f"{path}: {message}" if path else message, path=path or None)


def _member(params: Any, name: str, type_: type, expected: str) -> Any:
    if not isinstance(params, dict):
        raise _invalid("", f"must be an object, not {shape(params)}")
    value = params.get(name)
    if value is None:
        raise _invalid(name, "is required")
    if not isinstance(value, type_):
        raise _invalid(name, f"must be {expected}, not {shape(value)}")
    return value


def _whole(params: Any, name: str, least: int = 1, most: int = _MAX_INT32) -> int:
    value = _member(params, name, object, "")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _invalid(name, f"must be a whole number, not {shape(value)}")
    if isinstance(value, float) and not value.is_integer():
        raise _invalid(name, f"must be a whole number, not {number(value)}")
    if value < least:
        raise _invalid(name, f"must be at least {least}, not {int(value)}")
    if value > most:
        raise _invalid(name, f"must be from {least} to {most}, not {int(value)}")
    return int(value)


def _window(params: Any) -> Window:
    import datetime

    times = {}
    for name in ("from", "to"):
        times[name] = parse_time(_member(params, name, str, "a string"))
        if times[name] is None:
            raise _invalid(name, "must be an RFC 3339 time, such as 2026-01-02T03:04:05Z")
    step = _whole(params, "stepSeconds")
    start, end = times["from"], times["to"]
    assert start is not None and end is not None
    if not 0 <= (end - start).total_seconds() // step < MAX_RANGE_POINTS:
        raise _invalid("to", f"must be at or after from, and at most {MAX_RANGE_POINTS} steps long")
    return Window(start, end, datetime.timedelta(seconds=step))
