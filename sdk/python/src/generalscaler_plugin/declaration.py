"""Checks the declaration of a config before the plugin starts."""

import math
import typing
from typing import Any, Iterator, Type

from .config import MISSING, Config, inner_of_optional, type_name


def check_fields(config: Type[Config]) -> None:
    """Checks the types and the defaults of a config's fields, and of the configs nested in it.

    Raises:
        TypeError: Names the field.
    """
    config.schema()
    for name, (declared, type_) in config._fields():
        if declared.default is not MISSING and not _has_type(declared.default, type_):
            raise TypeError(
                f"{config.__name__}: config field `{name}` of type {type_name(type_)} cannot have the default {declared.default!r}")
        for nested in _configs_in(type_):
            check_fields(nested)


def _configs_in(type_: Any) -> Iterator[Type[Config]]:
    if isinstance(type_, type) and typing.get_origin(type_) is None and issubclass(type_, Config):
        yield type_
    for argument in typing.get_args(type_):
        yield from _configs_in(argument)


def _has_type(value: Any, type_: Any) -> bool:
    inner = inner_of_optional(type_)
    if inner is not None:
        return value is None or _has_type(value, inner)
    origin, arguments = typing.get_origin(type_), typing.get_args(type_)
    if origin is list:
        return isinstance(value, list) and all(_has_type(element, arguments[0]) for element in value)
    if origin is dict:
        return isinstance(value, dict) and all(
            isinstance(name, str) and _has_type(member, arguments[1]) for name, member in value.items())
    if isinstance(value, bool):
        return type_ is bool
    if type_ is float:
        return isinstance(value, (int, float)) and math.isfinite(value)
    return isinstance(value, type_)
