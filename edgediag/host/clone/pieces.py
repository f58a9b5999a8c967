"""Attributes as they stand in a message, to be kept or left out whole."""

import struct
from collections.abc import Iterator
from typing import Final

from edgediag.host.attributes import TYPE_MASK

_HEADER: Final = struct.Struct("=HH")


def pieces(octets: bytes) -> Iterator[tuple[int, bytes]]:
    """Type of each attribute and its octets, header and padding among them.

    The flags in the header stay: some parsers of the kernel insist on NLA_F_NESTED.
    """
    offset, end = 0, len(octets)
    while offset + _HEADER.size <= end:
        length, type_ = _HEADER.unpack_from(octets, offset)
        if length < _HEADER.size or offset + length > end:
            return
        piece = octets[offset : offset + length]
        yield type_ & TYPE_MASK, piece + bytes(-length % 4)
        offset += (length + 3) & ~3


def without(octets: bytes, left_out: frozenset[int]) -> bytes:
    """The attributes in their order but for those types."""
    return b"".join(piece for type_, piece in pieces(octets) if type_ not in left_out)


def only(octets: bytes, kept: frozenset[int]) -> bytes:
    """The attributes of those types in their order."""
    return b"".join(piece for type_, piece in pieces(octets) if type_ in kept)
