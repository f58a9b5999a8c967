"""Blocks and options, the two containers that pcapng is made of (draft-ietf-opsawg-pcapng-01)."""

import struct
from collections.abc import Iterable
from typing import Final

_HEAD: Final = struct.Struct("<II")
_TAIL: Final = struct.Struct("<I")
_OPTION: Final = struct.Struct("<HH")
_BLOCK_FRAME_OCTETS: Final = _HEAD.size + _TAIL.size

_END_OF_OPTIONS: Final = 0

# What the length field of an option can say.
MOST_OPTION_OCTETS: Final = 0xFFFF


def join_block(type_: int, body: bytes) -> bytes:
    """A block: type, length, body, length again (§3.1).

    body  of any length; it is padded to a multiple of 4 octets
    """
    padded = body + padding(len(body))
    length = len(padded) + _BLOCK_FRAME_OCTETS
    return _HEAD.pack(type_, length) + padded + _TAIL.pack(length)


def split_blocks(octets: bytes) -> list[tuple[int, bytes]] | None:
    """Types and bodies in the order of the file, or None if the lengths do not fit it."""
    blocks = []
    at = 0
    while at < len(octets):
        if len(octets) - at < _BLOCK_FRAME_OCTETS:
            return None
        type_, length = _HEAD.unpack_from(octets, at)
        end = at + length
        if length < _BLOCK_FRAME_OCTETS or length % 4 or end > len(octets):
            return None
        if _TAIL.unpack_from(octets, end - _TAIL.size) != (length,):
            return None
        blocks.append((type_, octets[at + _HEAD.size : end - _TAIL.size]))
        at = end
    return blocks


def join_options(options: Iterable[tuple[int, bytes]]) -> bytes:
    """The list of those options that have a value, closed by the end mark; b"" for none (§3.5)."""
    parts = []
    for code, value in options:
        if value:
            parts += [_OPTION.pack(code, len(value)), value, padding(len(value))]
    if parts:
        parts.append(_OPTION.pack(_END_OF_OPTIONS, 0))
    return b"".join(parts)


def split_options(octets: bytes) -> dict[int, bytes]:
    """Each option's value by its code, the first where a code is repeated; stops at damage."""
    options: dict[int, bytes] = {}
    at = 0
    while at + _OPTION.size <= len(octets):
        code, length = _OPTION.unpack_from(octets, at)
        value = octets[at + _OPTION.size :][:length]
        if code == _END_OF_OPTIONS or len(value) < length:
            break
        options.setdefault(code, value)
        at += _OPTION.size + length + len(padding(length))
    return options


def padding(length: int) -> bytes:
    """What brings `length` octets to a multiple of 4 (§3.6.2)."""
    return b"\0" * (-length % 4)
