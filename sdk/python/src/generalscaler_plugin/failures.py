"""Exceptions of the plugin's code: one line for the host, and the traceback for the log."""

import os
import sys
import threading
import time
import traceback
from typing import Any, Dict, Iterable, List

from .errors import PluginError
from .plugin import as_plugin_error
from .redaction import redact

# Tracebacks within PERIOD_SECONDS, and lines of one: a source at which every call fails must not fill the log.
MAX_TRACEBACKS = 4
MAX_LINES = 40
PERIOD_SECONDS = 60
_PACKAGE = os.path.dirname(__file__)


class FailureLog:
    """Writes tracebacks to standard error, without secrets. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._times: List[float] = []

    def answer(self, error: BaseException, secrets: Iterable[str]) -> PluginError:
        """Returns the error that the host sees, and logs an exception that the plugin's author did not expect."""
        known = as_plugin_error(error)
        if known.kind == "internal_error" and known is not error:
            self._log(error, list(secrets))
        return known

    def _log(self, error: BaseException, secrets: List[str]) -> None:
        now = time.monotonic()
        with self._lock:
            self._times = [logged for logged in self._times if now - logged < PERIOD_SECONDS]
            if len(self._times) >= MAX_TRACEBACKS:
                return
            self._times.append(now)
            is_last = len(self._times) == MAX_TRACEBACKS
        lines = redact(_text(error), secrets).splitlines()
        if len(lines) > MAX_LINES:
            lines = [f"({len(lines) - MAX_LINES} lines are omitted)", *lines[-MAX_LINES:]]
        if is_last:
            lines.insert(0, f"no more than {MAX_TRACEBACKS} tracebacks are logged within {PERIOD_SECONDS} s; this is the last")
        # One write, so that the tracebacks of two threads do not mix.
        sys.stderr.write("\n".join(lines) + "\n")
        sys.stderr.flush()


def _text(error: BaseException) -> str:
    """The traceback from the plugin's own code on. Its last line is the error."""
    frame = error.__traceback__
    while frame is not None and os.path.dirname(frame.tb_frame.f_code.co_filename) == _PACKAGE:
        frame = frame.tb_next
    return "".join(traceback.format_exception(type(error), error, frame or error.__traceback__))


def secrets_at(schema: Any, value: Any) -> List[str]:
    """The secrets in a config that need not be valid."""
    if not isinstance(schema, dict):
        return []
    if isinstance(value, str):
        return [value] if schema.get("x-secret") else []
    if isinstance(value, list):
        return [text for element in value for text in secrets_at(schema.get("items"), element)]
    if isinstance(value, dict):
        fields: Dict[str, Any] = schema.get("properties", {})
        others = schema.get("additionalProperties")
        return [text for name, member in value.items() for text in secrets_at(fields.get(name, others), member)]
    return []
