"""Errors that a plugin answers in place of a value."""

from typing import Any, Dict, Optional

# kind: (JSON-RPC code, whether the same call can succeed later without a change of its config)
KINDS = {
    "unsupported_version": (1000, False),
    "config_invalid": (1001, False),
    "auth_failed": (1002, False),
    "source_unreachable": (1003, True),
    "not_found": (1004, False),
    "rate_limited": (1005, True),
    "no_data": (1006, True),
    "deadline_exceeded": (1007, True),
    "busy": (1008, True),
    "cancelled": (1009, False),
    "cannot_subscribe": (1010, False),
    "parse_error": (-32700, False),
    "invalid_request": (-32600, False),
    "method_not_found": (-32601, False),
    "invalid_params": (-32602, False),
    "internal_error": (-32603, True),
}


class PluginError(Exception):
    """An error of the plugin protocol.

    Args:
        kind: One of the names in ``KINDS``, such as ``source_unreachable``.
        message: What happened, where, and what to do next. Must not contain a secret; the SDK redacts the config's secrets.
        path: The config field at fault, such as ``tls.ca``.
        retry_after_ms: Milliseconds to wait before the next try, if the source said so.
    """

    def __init__(
        self, kind: str, message: str, *, path: Optional[str] = None, retry_after_ms: Optional[int] = None
    ) -> None:
        if kind not in KINDS:
            raise ValueError(f"unknown error kind {kind!r}; known kinds: {', '.join(KINDS)}")
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.path = path
        self.retry_after_ms = retry_after_ms

    def to_json(self) -> Dict[str, Any]:
        """The ``error`` member of a response."""
        code, retryable = KINDS[self.kind]
        data: Dict[str, Any] = {"kind": self.kind, "retryable": retryable}
        if self.retry_after_ms is not None:
            data["retryAfterMs"] = self.retry_after_ms
        if self.path is not None:
            data["path"] = self.path
        return {"code": code, "message": self.message, "data": data}
