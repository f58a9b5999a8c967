"""Netlink attributes, read and written (struct nlattr, include/uapi/linux/netlink.h).

Values too short, lengths that lie and text that is no UTF-8 give less, never an exception.
"""

import struct
import sys
from collections.abc import Iterator
from typing import Final, Literal

TYPE_MASK: Final = 0x3FFF
NESTED: Final = 0x8000
NATIVE: Final[Literal["little", "big"]] = sys.byteorder

_HEADER: Final = struct.Struct("=HH")


def attribute_list(octets: bytes) -> tuple[tuple[int, bytes], ...]:
    """Type and value of each attribute in order, up to the first whose length cannot be."""
    return tuple(each_attribute(octets))


def each_attribute(octets: bytes) -> Iterator[tuple[int, bytes]]:
    """The same one by one, for whoever may need but the first."""
    # Of 50,000 rules there are a million: names of the module would be looked up as often.
    unpack, head, mask = _HEADER.unpack_from, _HEADER.size, TYPE_MASK
    offset, last = 0, len(octets) - head
    while offset <= last:
        length, type_ = unpack(octets, offset)
        if length < head or offset + length > last + head:
            return
        yield type_ & mask, octets[offset + head : offset + length]
        offset += (length + 3) & ~3


def attributes(octets: bytes) -> dict[int, bytes]:
    """Attribute values by type; of a type that comes twice, the last."""
    return dict(each_attribute(octets))


def nested(container: dict[int, bytes], type_: int) -> dict[int, bytes]:
    """The attributes inside an attribute, empty where there is none."""
    return attributes(container.get(type_, b""))


def big(value: bytes | None) -> int:
    """A number in network byte order, as netfilter writes it; 0 where it is absent."""
    return int.from_bytes(value or b"", "big")


def native(value: bytes | None) -> int:
    """A number in the byte order of this machine, as rtnetlink writes it; 0 where it is absent."""
    return int.from_bytes(value or b"", NATIVE)


def text(value: bytes | None) -> str:
    """A text that may end in NUL; "" where it is absent."""
    return (value or b"").split(b"\0", 1)[0].decode("utf-8", "backslashreplace")


def attribute(type_: int, value: bytes) -> bytes:
    """One attribute with its padding."""
    return _HEADER.pack(_HEADER.size + len(value), type_) + value + bytes(-len(value) % 4)


def nest(type_: int, *children: bytes) -> bytes:
    """An attribute that holds attributes."""
    return attribute(type_ | NESTED, b"".join(children))


def big32(type_: int, number: int) -> bytes:
    """An attribute that holds 32 bits in network byte order; negative numbers wrap."""
    return attribute(type_, (number & 0xFFFFFFFF).to_bytes(4, "big"))


def native32(type_: int, number: int) -> bytes:
    """An attribute that holds 32 bits in the byte order of this machine."""
    return attribute(type_, number.to_bytes(4, NATIVE))


def string(type_: int, words: str) -> bytes:
    """An attribute that holds a NUL-terminated text."""
    return attribute(type_, words.encode() + b"\0")
