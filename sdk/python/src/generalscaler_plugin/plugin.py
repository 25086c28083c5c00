"""The decorators with which a plugin is declared."""

import inspect
import typing
from typing import Any, Callable, Dict, Optional, Type

from .config import Config, ConfigError, Problem
from .errors import PluginError

PROTOCOL_VERSION = 1
MAX_REQUEST_BYTES = 60 << 10
SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Plugin:
    """A metric plugin.

    ::

        plugin = Plugin("queue-depth", "The number of files in a directory.", version="1.0.0")

        @plugin.value
        def depth(config: QueueConfig) -> float:
            return len(os.listdir(config.directory))

        plugin.run()

    Functions take the config, whose class is found from the annotation of the first parameter, and, if they have a
    second parameter, a ``Request``. They can be ordinary functions, which run on threads, or ``async`` functions, which
    run on one event loop.

    Args:
        metric_type: The metric type; the executable is named ``generalscaler-plugin-METRIC_TYPE``.
        description: The meaning of the value, in one sentence.
        version: The plugin's version.
        target_type: ``AverageValue`` for a total that the replicas share, ``Value`` for a value per replica.
        max_in_flight: Concurrent calls.
        max_age_seconds: The age up to which a reading of a slow source counts as fresh; the host's default if omitted.
    """

    def __init__(
        self, metric_type: str, description: str, *, version: str, target_type: str = "AverageValue",
        max_in_flight: int = 16, max_age_seconds: Optional[float] = None,
    ) -> None:
        if target_type not in ("Value", "AverageValue"):
            raise ValueError(f"target_type is Value or AverageValue, not {target_type!r}")
        if max_in_flight < 1:
            raise ValueError(f"max_in_flight must be at least 1, not {max_in_flight}")
        self.metric_type, self.description, self.version = metric_type, description, version
        self.target_type, self.max_in_flight, self.max_age_seconds = target_type, max_in_flight, max_age_seconds
        self.config_type: Type[Config] = Config
        self.functions: Dict[str, Callable[..., Any]] = {}

    def value(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Declares the function that returns the value: a number, a ``Reading``, or None for no data."""
        self.config_type = _config_type(function)
        return self._add("value", function)

    def validate(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Declares a further check of a config whose fields are valid. It returns ``Problem`` values, without I/O."""
        return self._add("validate", function)

    def range(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Declares the function that returns history: ``(config, request)`` to pairs of a time and a number.
        ``request.window`` has the times."""
        return self._add("range", function)

    def subscribe(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Declares the generator, ordinary or async, that yields a value whenever it changes, the first immediately.
        Raise ``PluginError("cannot_subscribe", ...)`` before the first value if the source never reports changes."""
        return self._add("subscribe", function)

    def run(self) -> None:
        """Serves the host on standard input and output until the input ends. Prints go to standard error."""
        from .serving import serve_process

        serve_process(self)

    def _add(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        if name in self.functions:
            raise TypeError(f"the plugin has two functions for {name}")
        self.functions[name] = function
        return function

    def identity(self) -> Dict[str, Any]:
        """The result of ``initialize``."""
        metric: Dict[str, Any] = {
            "type": self.metric_type, "description": self.description,
            "configSchema": {"$schema": SCHEMA_DIALECT, **self.config_type.schema()},
            "defaultTargetType": self.target_type,
        }
        if self.max_age_seconds is not None:
            metric["maxAgeMs"] = int(self.max_age_seconds * 1000)
        return {
            "protocolVersion": PROTOCOL_VERSION,
            "plugin": {"name": self.metric_type, "version": self.version},
            "metricTypes": [metric],
            "capabilities": {
                "maxInFlight": self.max_in_flight, "cancel": True, "batch": False, "range": "range" in self.functions,
                "subscribe": "subscribe" in self.functions, "maxRequestBytes": MAX_REQUEST_BYTES,
            },
        }

    def parse_config(self, value: Any) -> Config:
        """Reads and checks a config.

        Raises:
            ConfigError: With every fault.
        """
        config = self.config_type.parse(value)
        check = self.functions.get("validate")
        problems = list(check(config) or []) if check else []
        if problems:
            raise ConfigError([found if isinstance(found, Problem) else Problem("", str(found)) for found in problems])
        return config


def _config_type(function: Callable[..., Any]) -> Type[Config]:
    parameters = list(inspect.signature(function).parameters)
    if not parameters:
        raise TypeError(f"{function.__name__} needs a parameter for the config: def {function.__name__}(config: MyConfig)")
    found = typing.get_type_hints(function).get(parameters[0])
    if not (isinstance(found, type) and issubclass(found, Config)):
        raise TypeError(f"annotate the config of {function.__name__}: def {function.__name__}({parameters[0]}: MyConfig)")
    return found


def takes_request(function: Callable[..., Any]) -> bool:
    """Whether the function has a second parameter, for the ``Request``."""
    return len(inspect.signature(function).parameters) > 1


def as_plugin_error(error: BaseException) -> PluginError:
    """The error that the host sees for an exception of the plugin's code."""
    if isinstance(error, PluginError):
        return error
    if isinstance(error, ConfigError):
        first = error.problems[0]
        return PluginError("config_invalid", str(error), path=first.path or None)
    text, name = str(error), type(error).__name__
    if isinstance(error, TimeoutError):
        return PluginError("source_unreachable", f"the source timed out: {text}" if text else "the source timed out")
    return PluginError(
        "source_unreachable" if isinstance(error, OSError) else "internal_error", f"{name}: {text}" if text else name)
