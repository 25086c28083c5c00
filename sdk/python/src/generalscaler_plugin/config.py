"""A plugin's config, declared once as a class: schema, defaults and validation are derived from its fields."""

import enum
import json
import math
import typing
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple, Type, TypeVar

MISSING: Any = object()
_EXCERPT = 64
C = TypeVar("C", bound="Config")


class Problem(NamedTuple):
    """One fault of a config: the path of the field, such as ``tls.ca``, and what is wrong with it."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class ConfigError(ValueError):
    """All faults of a config."""

    def __init__(self, problems: List[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


class Secret:
    """A password, a token or a key. It prints as ``***``; only ``reveal()`` returns the text."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Returns the text. Use it only to send the secret to the source."""
        return self._text

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, _: str) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> Any:
        raise TypeError("a Secret cannot be pickled or copied")


class _Field:
    def __init__(
        self, help: str, default: Any, minimum: Optional[float], maximum: Optional[float], address: bool,
        filled_from: Optional[str],
    ) -> None:
        self.help, self.default, self.minimum, self.maximum, self.address = help, default, minimum, maximum, address
        self.filled_from = filled_from


def field(
    help: str, *, default: Any = MISSING, minimum: Optional[float] = None, maximum: Optional[float] = None,
    address: bool = False, filled_from: Optional[str] = None,
) -> Any:
    """Declares a field of a ``Config``.

    A field without a default is required, unless its type is ``Optional``. A text must not be empty.

    Args:
        help: The meaning of the field, with its unit, in one or two sentences.
        default: The value if the config omits the field. It has the field's type, such as a member of an ``enum.Enum``.
        minimum: The least value of a number.
        maximum: The greatest value of a number.
        address: The text, or each text of a list, names the server to connect to, as ``scheme://host:port`` or
            ``host:port``. The administrator can restrict which servers are allowed.
        filled_from: What the operator fills into the field, in every call: ``scaler.namespace``, ``scaler.name``,
            ``target.apiVersion``, ``target.kind``, ``target.name``, ``target.selector`` or ``metric.targetValue``. A
            GeneralScaler that sets the field is rejected. Only for a ``str`` of the config itself.
            ``target.selector`` is absent while the operator does not know the target, and ``metric.targetValue`` for a
            metric without a target. With ``defaults``, the field may have any type, and only the administrator sets
            it, in ``plugins.yaml``.
    """
    return _Field(help, default, minimum, maximum, address, filled_from)


class Config:
    """Base class of a plugin's config, or of an object nested in one.

    ::

        class QueueConfig(Config):
            address: str = field("Address of the queue server.", address=True)
            password: Optional[Secret] = field("Password of the queue server.")
            limit: int = field("Largest value.", default=100, minimum=1)

    Types: ``str``, ``int``, ``float``, ``bool``, ``Secret``, ``enum.Enum`` with text values, another ``Config``, and
    ``Optional``, ``List`` and ``Dict[str, ...]`` of them.
    """

    _own_fields: Dict[str, _Field] = {}

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        cls._own_fields = dict(cls._own_fields)
        for name, value in list(vars(cls).items()):
            if isinstance(value, _Field):
                if name not in vars(cls).get("__annotations__", {}) and not _is_lazily_annotated(cls):
                    raise TypeError(f"{cls.__name__}.{name} has no type: write {name}: TYPE = field(...)")
                cls._own_fields[name] = value
                delattr(cls, name)

    def validate(self) -> List[Problem]:
        """Returns problems between fields that are valid individually. Paths are relative to this object."""
        return []

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in vars(self).items())})"

    @classmethod
    def parse(cls: Type[C], value: Any, path: str = "") -> C:
        """Reads a config from decoded JSON.

        Raises:
            ConfigError: With every fault, each with its path.
        """
        if not isinstance(value, dict):
            raise ConfigError([Problem(path, f"must be an object, not {shape(value)}")])
        config, problems = cls(), []
        fields = dict(cls._fields())
        for name, (declared, type_) in fields.items():
            try:
                setattr(config, name, _read_field(declared, type_, value.get(name), _join(path, name)))
            except ConfigError as error:
                problems += error.problems
        for name in sorted(set(value) - set(fields)):
            known = ", ".join(fields)
            problems.append(Problem(_join(path, name), f"is not a known field; known fields: {known}"))
        if not problems:
            problems = [Problem(_join(path, found.path), found.message) for found in config.validate()]
        if problems:
            raise ConfigError(problems)
        return config

    @classmethod
    def schema(cls) -> Dict[str, Any]:
        """Returns the config's JSON Schema (2020-12)."""
        properties: Dict[str, Any] = {}
        required = []
        for name, (declared, type_) in cls._fields():
            try:
                schema = dict(_schema(type_), description=declared.help)
            except _UnsupportedType:
                text = f"{cls.__name__}: config field `{name}` cannot have the type {type_name(type_)}"
                raise TypeError(text) from None
            if declared.default is not MISSING:
                schema["default"] = to_json(declared.default)
            for bound in ("minimum", "maximum"):
                if getattr(declared, bound) is not None:
                    schema[bound] = getattr(declared, bound)
            if declared.address:
                schema["x-address"] = True
            if declared.filled_from:
                schema["x-from"] = declared.filled_from
            if schema.get("type") == "string" and "enum" not in schema:
                schema["minLength"] = 1
            if declared.default is MISSING and not _is_optional(type_):
                required.append(name)
            properties[name] = schema
        result: Dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
        return dict(result, required=required) if required else result

    @classmethod
    def _fields(cls) -> Iterator[Tuple[str, Tuple[_Field, Any]]]:
        hints = typing.get_type_hints(cls, localns=dict(vars(cls)))
        for name, declared in cls._own_fields.items():
            yield name, (declared, hints[name])


def _is_lazily_annotated(cls: type) -> bool:
    # From Python 3.14 on, annotations are computed when they are read.
    return "__annotate__" in vars(cls) or "__annotate_func__" in vars(cls)


class _UnsupportedType(Exception):
    """The type of a field has no JSON Schema."""


def type_name(type_: Any) -> str:
    """The type as a plugin's author writes it."""
    is_class = isinstance(type_, type) and typing.get_origin(type_) is None
    return type_.__name__ if is_class else str(type_).replace("typing.", "")


def secrets(value: Any) -> List[str]:
    """Returns the texts of all secrets in a config or a value of one."""
    if isinstance(value, Secret):
        return [value.reveal()]
    if isinstance(value, Config):
        return [text for member in vars(value).values() for text in secrets(member)]
    if isinstance(value, dict):
        return [text for member in value.values() for text in secrets(member)]
    if isinstance(value, list):
        return [text for member in value for text in secrets(member)]
    return []


def shape(value: Any) -> str:
    """The name of a JSON value's type, for messages."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "a string"
    return "an array" if isinstance(value, list) else "an object"


def number(value: float) -> str:
    """The number as JSON text, whole numbers without a fraction."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return json.dumps(value)


def to_json(value: Any) -> Any:
    """The value as in a config; ``***`` for a secret."""
    if isinstance(value, Secret):
        return "***"
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, Config):
        return {name: to_json(member) for name, member in vars(value).items() if member is not None}
    if isinstance(value, dict):
        return {name: to_json(member) for name, member in value.items()}
    return [to_json(member) for member in value] if isinstance(value, list) else value


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path and name else path or name


def inner_of_optional(type_: Any) -> Any:
    """The type inside an ``Optional``; None for any other type."""
    arguments = typing.get_args(type_)
    is_union = typing.get_origin(type_) is typing.Union or type(type_).__name__ == "UnionType"
    if is_union and len(arguments) == 2 and type(None) in arguments:
        return next(argument for argument in arguments if argument is not type(None))
    return None


def _is_optional(type_: Any) -> bool:
    return inner_of_optional(type_) is not None


def _schema(type_: Any) -> Dict[str, Any]:
    inner = inner_of_optional(type_)
    if inner is not None:
        return _schema(inner)
    simple = {str: "string", bool: "boolean", int: "integer", float: "number"}
    if type_ in simple:
        return {"type": simple[type_]}
    origin, arguments = typing.get_origin(type_), typing.get_args(type_)
    if origin is list and arguments:
        return {"type": "array", "items": _schema(arguments[0])}
    if origin is dict and arguments and arguments[0] is str:
        return {"type": "object", "additionalProperties": _schema(arguments[1])}
    if isinstance(type_, type):
        if issubclass(type_, Secret):
            return {"type": "string", "x-secret": True}
        if issubclass(type_, Config):
            return type_.schema()
        if issubclass(type_, enum.Enum):
            return {"type": "string", "enum": [choice.value for choice in type_]}
    raise _UnsupportedType


def _read_field(declared: _Field, type_: Any, value: Any, path: str) -> Any:
    if value is None:
        if declared.default is not MISSING:
            default = declared.default
            return type(default)(default) if isinstance(default, (list, dict)) else default
        if _is_optional(type_):
            return None
        raise ConfigError([Problem(path, f"is required: {declared.help}")])
    if value == "":
        raise ConfigError([Problem(path, "must not be empty")])
    result = _read(type_, value, path)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        low, high = declared.minimum, declared.maximum
        if (low is not None and value < low) or (high is not None and value > high):
            raise ConfigError([Problem(path, f"must be {_bounds(low, high)}, not {number(value)}")])
    return result


def _bounds(low: Optional[float], high: Optional[float]) -> str:
    if low is not None and high is not None:
        return f"from {number(low)} to {number(high)}"
    return f"at least {number(low)}" if low is not None else f"at most {number(typing.cast(float, high))}"


def _read(type_: Any, value: Any, path: str) -> Any:
    inner = inner_of_optional(type_)
    if inner is not None:
        return _read(inner, value, path)
    origin, arguments = typing.get_origin(type_), typing.get_args(type_)
    if origin is list:
        return _read_all(path, value, list, "an array", lambda: [
            (arguments[0], element, f"{path}[{index}]") for index, element in enumerate(value)])
    if origin is dict:
        names = sorted(value) if isinstance(value, dict) else []
        return dict(zip(names, _read_all(path, value, dict, "an object", lambda: [
            (arguments[1], value[name], _join(path, name)) for name in names])))
    if isinstance(type_, type) and issubclass(type_, Config):
        return type_.parse(value, path)
    return _read_scalar(type_, value, path)


def _read_all(path: str, value: Any, expected: type, name: str, elements: Any) -> List[Any]:
    if not isinstance(value, expected):
        raise ConfigError([Problem(path, f"must be {name}, not {shape(value)}")])
    results, problems = [], []
    for type_, element, element_path in elements():
        try:
            results.append(_read(type_, element, element_path))
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return results


def _read_scalar(type_: Any, value: Any, path: str) -> Any:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if type_ is bool:
        return value if isinstance(value, bool) else _mismatch(path, "true or false", value)
    if type_ is int:
        if not is_number:
            _mismatch(path, "a whole number", value)
        if isinstance(value, float) and not value.is_integer():
            raise ConfigError([Problem(path, f"must be a whole number, not {number(value)}")])
        return int(value)
    if type_ is float:
        return float(value) if is_number and math.isfinite(value) else _mismatch(path, "a number", value)
    if not isinstance(value, str):
        _mismatch(path, "a string", value)
    if issubclass(type_, enum.Enum):
        choices = [choice.value for choice in type_]
        if value not in choices:
            raise ConfigError([Problem(path, f'must be one of {", ".join(choices)}, not "{value[:_EXCERPT]}"')])
    return value if type_ is str else type_(value)


def _mismatch(path: str, expected: str, value: Any) -> Any:
    raise ConfigError([Problem(path, f"must be {expected}, not {shape(value)}")])
