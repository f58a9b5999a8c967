"""Read a TOML or JSON table into a dataclass, with errors that name the key at fault."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from edgediag.errors import UsageError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    T = TypeVar("T", bound=DataclassInstance)
else:
    T = TypeVar("T")


def fill(type_: type[T], table: Mapping[str, object]) -> T:
    """An instance whose fields have the table's values.

    Fields that are str, bool, int or tuple[str, ...] are checked; a list of strings becomes a
    tuple. A field that asks a question, is_control, has the key `control`.
    raises  UsageError for a key that is unknown or missing, or a value of another type
    """
    known = {field.name.removeprefix("is_"): field for field in fields(type_)}
    for name in table.keys() - known.keys():
        raise UsageError(f"unknown key {name!r}; known: {', '.join(known)}")
    for name, field in known.items():
        if field.default is MISSING and name not in table:
            raise UsageError(f"missing key {name!r}")
    values = {
        known[name].name: _read(name, known[name].type, value) for name, value in table.items()
    }
    return type_(**values)


def strings(name: str, value: object) -> tuple[str, ...]:
    """The value as a tuple of strings."""
    if isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise UsageError(f"key {name!r}: a list of strings is needed, not {value!r}")


def string(name: str, value: object) -> str:
    """The value as a string."""
    if isinstance(value, str):
        return value
    raise UsageError(f"key {name!r}: a string is needed, not {value!r}")


def integer(name: str, value: object) -> int:
    """The value as a whole number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise UsageError(f"key {name!r}: a whole number is needed, not {value!r}")


def boolean(name: str, value: object) -> bool:
    """The value as a truth value."""
    if isinstance(value, bool):
        return value
    raise UsageError(f"key {name!r}: true or false is needed, not {value!r}")


# dataclasses.Field.type is Any by its own definition.
_READERS: Mapping[Any, Callable[[str, object], object]] = MappingProxyType(
    {str: string, bool: boolean, int: integer, tuple[str, ...]: strings}
)


def _read(name: str, type_: Any, value: object) -> object:
    reader = _READERS.get(type_)
    return reader(name, value) if reader else value
