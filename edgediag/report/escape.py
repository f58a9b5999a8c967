"""Strings from outside are data: what does not print is spelled out before any format sees it."""

from dataclasses import fields, is_dataclass, replace
from typing import TypeVar

T = TypeVar("T")


def escaped(text: str) -> str:
    r"""The text with each character that does not print as \xNN, \uNNNN or \UNNNNNNNN.

    These are C0 and C1 controls, line ends, bidirectional overrides, zero-width and private-use
    characters, lone surrogates and spaces other than the ASCII one (`str.isprintable`).
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _code(ord(char)) for char in text)


def escape_strings(value: T) -> T:
    """A model value with every string in it escaped, at any depth."""
    result = _escape(value)
    assert isinstance(result, type(value))
    return result


def _escape(value: object) -> object:
    if isinstance(value, str):
        return escaped(value)
    if isinstance(value, tuple):
        return tuple(_escape(item) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: _escape(getattr(value, f.name)) for f in fields(value)})
    return value


def _code(number: int) -> str:
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
