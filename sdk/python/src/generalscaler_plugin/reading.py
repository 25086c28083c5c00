"""Values and times of the protocol."""

import dataclasses
import datetime
import re
from typing import Any, Dict, List, Optional, Tuple

from .config import number
from .errors import PluginError

UTC = datetime.timezone.utc
MAX_RANGE_POINTS = 10_000
MAX_REPLICAS = 2_147_483_647
_TIME = re.compile(r"(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)")


@dataclasses.dataclass(frozen=True)
class Reading:
    """One value of a metric.

    Attributes:
        value: A finite number. If there is none, raise ``PluginError("no_data", ...)``; never return 0 instead.
        unit: The unit, such as ``messages``.
        observed_at: The time at which the source observed the value, with a time zone; now if omitted.
        detail: A note for users on how the value was determined.
        assumed: Whether the source has no value and this is the value that the config assumes in that case.
        useful_replicas: The most replicas that the source has work for, such as the partitions of a topic that have
            messages: at least 1. The metric then recommends no more. None if there is no such limit.
        active: Whether the source has work, if it says so itself. Replaces the comparison with ``activationValue``: True
            starts the target at 0 replicas, False starts nothing and counts as idle. None if the value decides.
    """

    value: float
    unit: Optional[str] = None
    observed_at: Optional[datetime.datetime] = None
    detail: Optional[str] = None
    assumed: bool = False
    useful_replicas: Optional[int] = None
    active: Optional[bool] = None

    def to_json(self) -> Dict[str, Any]:
        """The result of ``get_metric_value``.

        Raises:
            PluginError: ``no_data`` if the value is not a finite number, ``internal_error`` if ``useful_replicas`` is
                out of its range or ``active`` is not a bool.
        """
        useful = self.useful_replicas
        if useful is not None and not (type(useful) is int and 1 <= useful <= MAX_REPLICAS):
            raise PluginError("internal_error", f"usefulReplicas is {useful}: it must be from 1 to {MAX_REPLICAS}")
        if self.active is not None and not isinstance(self.active, bool):
            raise PluginError("internal_error", f"active is {self.active!r}: it must be True or False")
        result: Dict[str, Any] = {"value": finite(self.value)}
        if self.unit is not None:
            result["unit"] = self.unit
        result["observedAt"] = format_time(self.observed_at or datetime.datetime.now(UTC))
        if self.detail is not None:
            result["detail"] = self.detail
        if self.assumed:
            result["assumed"] = True
        if useful is not None:
            result["usefulReplicas"] = useful
        if self.active is not None:
            result["active"] = self.active
        return result


@dataclasses.dataclass(frozen=True)
class Window:
    """The times of a history: ``start``, then every ``step`` up to ``end``, both included."""

    start: datetime.datetime
    end: datetime.datetime
    step: datetime.timedelta

    def times(self) -> List[datetime.datetime]:
        """Returns every time of the window."""
        count = (self.end - self.start) // self.step
        return [self.start + self.step * index for index in range(count + 1)]


def as_reading(value: Any) -> Reading:
    """What a plugin returned, as a reading: a ``Reading`` or a number. None is no data."""
    if value is None:
        raise PluginError("no_data", "the plugin returned no value")
    return value if isinstance(value, Reading) else Reading(value)


def finite(value: Any) -> float:
    """Returns the number if it is finite.

    Raises:
        PluginError: ``no_data`` for NaN and infinity, ``internal_error`` for anything but a number.
    """
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        raise PluginError("internal_error", f"the plugin returned a {type(value).__name__} instead of a number")
    result = float(value)
    if result != result or result in (float("inf"), float("-inf")):
        raise PluginError("no_data", f"the value is {'nan' if result != result else result}, which counts as no data")
    return int(result) if result.is_integer() and abs(result) < 2**53 else result


def format_time(time: datetime.datetime) -> str:
    """RFC 3339 with milliseconds in UTC."""
    if time.tzinfo is None:
        raise PluginError("internal_error", "a time without a time zone: use datetime.now(timezone.utc)")
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_time(text: Any) -> Optional[datetime.datetime]:
    """Reads RFC 3339; None for any other text."""
    match = _TIME.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    fraction = (match[2] or "")[:6].ljust(6, "0")
    zone = "+00:00" if match[3] in "Zz" else match[3]
    try:
        return datetime.datetime.fromisoformat(f"{match[1].upper().replace(' ', 'T')}.{fraction}{zone}")
    except ValueError:
        return None


def range_json(points: Any, window: Window) -> Dict[str, Any]:
    """The result of ``get_metric_range`` from pairs of a time and a number; None and non-finite values are omitted."""
    pairs: List[Tuple[datetime.datetime, float]] = []
    for at, value in points:
        if value is None or float(value) != float(value) or abs(float(value)) == float("inf"):
            continue
        pairs.append((at, value))
    pairs.sort(key=lambda pair: pair[0])
    if not pairs:
        raise PluginError("no_data", "there is no value in the requested time range")
    if any(earlier[0] >= later[0] for earlier, later in zip(pairs, pairs[1:])):
        raise PluginError("internal_error", "the points contain a time twice")
    if pairs[0][0] < window.start or pairs[-1][0] > window.end:
        raise PluginError("internal_error", "the points are outside of the window")
    return {"points": [{"at": format_time(at), "value": finite(value)} for at, value in pairs]}


__all__ = ["MAX_RANGE_POINTS", "Reading", "Window", "as_reading", "finite", "format_time", "number", "parse_time",
           "range_json"]
