"""A dumped message as plain names and values, and how to take one out without trusting it."""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import TypeAlias

from edgediag.model.flow import Address

Dumped: TypeAlias = Mapping[str, object]


def number(message: Dumped, name: str) -> int:
    """A number, 0 where there is none."""
    value = message.get(name)
    return value if isinstance(value, int) else 0


def words(message: Dumped, name: str) -> str:
    """A text, "" where there is none."""
    value = message.get(name)
    return value if isinstance(value, str) else ""


def inner(message: Dumped, name: str) -> Dumped:
    """The names and values inside one attribute, empty where there are none."""
    value = message.get(name)
    return value if isinstance(value, Mapping) else {}


def address(message: Dumped, name: str) -> Address | None:
    """An address, None where there is none."""
    try:
        return ip_address(words(message, name))
    except ValueError:
        return None
