#!/usr/bin/env python3
"""The plugin that the SDK's vectors are sent to."""

import enum
import math
import threading
from typing import Dict, List, Optional

from generalscaler_plugin import Config, Plugin, PluginError, Problem, Reading, Request, Secret, field


class Behavior(enum.Enum):
    ANSWER = "answer"
    NONE = "none"
    NAN = "nan"
    FAIL = "fail"
    RATE = "rate"
    LEAK = "leak"
    PRINT = "print"
    WAIT = "wait"
    LIMIT = "limit"
    ACTIVITY = "activity"


class Server(Config):
    port: int = field("Port.", minimum=1, maximum=65_535)
    cert: Optional[str] = field("Certificate.")
    key: Optional[Secret] = field("Key.")

    def validate(self) -> List[Problem]:
        return [] if (self.cert is None) == (self.key is None) else [Problem("key", "goes with cert")]


class VectorConfig(Config):
    behavior: Behavior = field("What a call does.", default=Behavior.ANSWER)
    value: float = field("The value.", default=1, minimum=0)
    unit: Optional[str] = field("The unit.")
    count: int = field("A count.", default=10, minimum=1, maximum=300)
    strict: bool = field("Whether to be strict.", default=False)
    token: Optional[Secret] = field("A token.")
    address: Optional[str] = field("The server.", address=True)
    namespace: Optional[str] = field("The scaler's namespace.", filled_from="scaler.namespace")
    servers: List[Server] = field("Servers.", default=[])
    labels: Dict[str, str] = field("Labels.", default={})


plugin = Plugin("vector", "What its config says.", version="1.0.0", target_type="Value", max_in_flight=4)


@plugin.value
def value(config: VectorConfig) -> Reading:
    if config.behavior is Behavior.NONE:
        raise PluginError("no_data", "the queue does not exist")
    if config.behavior is Behavior.NAN:
        return Reading(math.nan)
    if config.behavior is Behavior.FAIL:
        raise PluginError("not_found", "there is no such thing", path="value")
    if config.behavior is Behavior.RATE:
        raise PluginError("rate_limited", "slow down", retry_after_ms=1_500)
    if config.behavior is Behavior.LEAK:
        leaked = config.unit or (config.token.reveal() if config.token else "")
        raise PluginError("auth_failed", f"the server refuses {leaked}")
    if config.behavior is Behavior.PRINT:
        print("a stray print")
    if config.behavior is Behavior.WAIT:
        threading.Event().wait()
    useful = (-1 if config.strict else config.count) if config.behavior is Behavior.LIMIT else None
    active = config.strict if config.behavior is Behavior.ACTIVITY else None
    return Reading(config.value, unit=config.unit, useful_replicas=useful, active=active)


@plugin.range
def history(config: VectorConfig, request: Request):
    return [] if config.behavior is Behavior.NONE else [(time, config.value) for time in request.window.times()]


@plugin.subscribe
def changes(config: VectorConfig, request: Request):
    if config.behavior is Behavior.FAIL:
        raise PluginError("cannot_subscribe", "the source reports no changes")
    yield Reading(config.value, unit=config.unit)
    request.cancelled.wait()


plugin.run()
