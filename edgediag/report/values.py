"""The model's values as JSON and back: the format of evidence.json.

Every dataclass is an object that carries its class name under "type", so that the alternatives of
a union tell themselves apart; enums are their values, addresses are text, bytes are hexadecimal.
What an older version did not look at is missing from its evidence, and reads as not checked.
"""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from ipaddress import IPv4Address, IPv6Address
from types import NoneType, UnionType
from typing import Final, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

from edgediag.errors import EdgediagError
from edgediag.model.answer import NotChecked

# Some 30 kB stand for each check that failed, ladders and controls of 24 hops included; a file of
# this size would hold two thousand of them.
MAX_TEXT: Final = 64 * 1024 * 1024

NOT_RECORDED: Final = NotChecked(reason="the version that recorded this did not look at it")

JsonValue: TypeAlias = "None | bool | int | float | str | list[JsonValue] | dict[str, JsonValue]"

T = TypeVar("T")


class ValueCodecError(EdgediagError):
    """A value that has no JSON form, or JSON that is not the value asked for."""


def to_text(value: object) -> str:
    """A value as one line of JSON, in ASCII."""
    return json.dumps(to_json(value), allow_nan=False, separators=(",", ":"))


def from_text(type_: type[T], text: str) -> T:
    """The value of `type_` that `to_text` wrote.

    raises  ValueCodecError, whatever the text holds
    """
    if len(text) > MAX_TEXT:
        raise ValueCodecError(f"cannot read {type_.__name__}: more than {MAX_TEXT} characters")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise ValueCodecError(f"cannot read {type_.__name__}: not JSON: {exc}") from exc
    return from_json(type_, data)


def to_json(value: object) -> JsonValue:
    """A value of the model as what `json.dumps` takes.

    raises  ValueCodecError for a float that is not finite and for a type the model does not use
    """
    match value:
        case Enum():
            return to_json(value.value)
        case float() if not math.isfinite(value):
            raise ValueCodecError(f"cannot write {value}: JSON has finite numbers only")
        case None | bool() | int() | float() | str():
            return value
        case IPv4Address() | IPv6Address():
            return str(value)
        case bytes():
            return value.hex()
        case tuple():
            return [to_json(item) for item in value]
        case _ if is_dataclass(value):
            named = {field.name: to_json(getattr(value, field.name)) for field in fields(value)}
            return {"type": type(value).__name__, **named}
    raise ValueCodecError(f"cannot write a {type(value).__name__}: no type of the model")


def from_json(type_: type[T], data: object) -> T:
    """The value of `type_` that `to_json` made; its depth is bounded by that of the type.

    raises  ValueCodecError, whatever the data are
    """
    value = _decode(type_, data, type_.__name__)
    if not isinstance(value, type_):
        raise ValueCodecError(f"cannot read {type_.__name__}: found {_shown(data)}")
    return value


def _decode(hint: object, data: object, at: str) -> object:
    scalar = _SCALARS.get(hint)
    if scalar is not None:
        try:
            return scalar(data)
        except (ValueError, OverflowError) as exc:
            raise ValueCodecError(f"cannot read {at}: found {_shown(data)}") from exc
    origin = get_origin(hint)
    if origin is tuple:
        return _decode_tuple(get_args(hint), data, at)
    if origin in (Union, UnionType):
        return _decode_union(get_args(hint), data, at)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _decode_enum(hint, data, at)
    if isinstance(hint, type) and is_dataclass(hint):
        return _decode_dataclass(hint, data, at)
    raise ValueCodecError(f"cannot read {at}: {hint} is no type of the model")


def _decode_tuple(members: tuple[object, ...], data: object, at: str) -> tuple[object, ...]:
    if not isinstance(data, list):
        raise ValueCodecError(f"cannot read {at}: found {_shown(data)}, not a list")
    hints: Sequence[object] = members
    if members[-1] is Ellipsis:
        hints = [members[0]] * len(data)
    if len(hints) != len(data):
        raise ValueCodecError(f"cannot read {at}: found {len(data)} items, not {len(hints)}")
    return tuple(
        _decode(hint, item, f"{at}[{index}]")
        for index, (hint, item) in enumerate(zip(hints, data, strict=True))
    )


def _decode_union(members: tuple[object, ...], data: object, at: str) -> object:
    candidates = [member for member in members if _may_be(member, data)]
    if len(candidates) == 1:
        return _decode(candidates[0], data, at)
    for member in candidates:
        try:
            return _decode(member, data, at)
        except ValueCodecError:
            continue
    raise ValueCodecError(f"cannot read {at}: found {_shown(data)}, none of the alternatives")


def _may_be(member: object, data: object) -> bool:
    """Whether the outward form of `data` is the one that this alternative of a union has."""
    if isinstance(data, dict):
        return getattr(member, "__name__", None) == data.get("type")
    return (get_origin(member) is tuple) == isinstance(data, list)


def _decode_enum(type_: type[Enum], data: object, at: str) -> Enum:
    try:
        return type_(_string(data))
    except ValueError as exc:
        raise ValueCodecError(f"cannot read {at}: found {_shown(data)}") from exc


def _decode_dataclass(type_: type, data: object, at: str) -> object:
    if not isinstance(data, dict) or data.get("type") != type_.__name__:
        raise ValueCodecError(f"cannot read {at}: found {_shown(data)}, not a {type_.__name__}")
    hints = _hints(type_)
    missing = hints.keys() - data.keys()
    if data.keys() - hints.keys() != {"type"} or not missing <= _later_fields(type_):
        raise ValueCodecError(f"cannot read {at}: not the fields of {type_.__name__}")
    named = {
        name: _decode(hint, data[name], f"{at}.{name}")
        for name, hint in hints.items()
        if name not in missing
    }
    value: object = type_(**named, **dict.fromkeys(missing, NOT_RECORDED))
    return value


@cache
def _later_fields(type_: type) -> frozenset[str]:
    """The fields that can say that nobody looked."""
    return frozenset(
        name for name, hint in _hints(type_).items() if NotChecked in get_args(hint)
    )


@cache
def _hints(type_: type) -> dict[str, object]:
    """The fields of a dataclass with their types; resolving them costs more than decoding."""
    hints = get_type_hints(type_)
    return {field.name: hints[field.name] for field in fields(type_)}


def _null(data: object) -> None:
    if data is not None:
        raise ValueError


def _string(data: object) -> str:
    if not isinstance(data, str):
        raise ValueError
    return data


def _boolean(data: object) -> bool:
    if not isinstance(data, bool):
        raise ValueError
    return data


def _integer(data: object) -> int:
    if not isinstance(data, int) or isinstance(data, bool):
        raise ValueError
    return data


def _number(data: object) -> float:
    if not isinstance(data, int | float) or isinstance(data, bool) or not math.isfinite(data):
        raise ValueError
    return float(data)


def _octets(data: object) -> bytes:
    return bytes.fromhex(_string(data))


def _ipv4(data: object) -> IPv4Address:
    return IPv4Address(_string(data))


def _ipv6(data: object) -> IPv6Address:
    # A zone ("fe80::1%…") may hold any character, and what prints an address does not escape it.
    if not _string(data).isprintable():
        raise ValueError
    return IPv6Address(_string(data))


def _shown(data: object) -> str:
    """A glance at foreign data: its repr may be endless, or escape from the terminal."""
    return repr(data[:40]) if isinstance(data, str) else type(data).__name__


_SCALARS: Final[dict[object, Callable[[object], object]]] = {
    NoneType: _null,
    str: _string,
    bool: _boolean,
    int: _integer,
    float: _number,
    bytes: _octets,
    IPv4Address: _ipv4,
    IPv6Address: _ipv6,
}
