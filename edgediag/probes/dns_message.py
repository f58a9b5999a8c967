"""Names and resource records of a DNS message (RFC 1035 §3.1, §4.1.3, §4.1.4)."""

import struct
from dataclasses import dataclass
from typing import Final, TypeAlias

# Labels in lower case, the root's left out; names are compared without regard to case (§2.3.3).
Name: TypeAlias = tuple[bytes, ...]

# Type, class, time to live, length of the data.
_RECORD: Final = struct.Struct("!HHIH")

# §2.3.4. A pointer costs two octets, so a name that has more parts than octets is a trap.
_MOST_LABEL_OCTETS: Final = 63
_MOST_NAME_OCTETS: Final = 255
_MOST_NAME_PARTS: Final = _MOST_NAME_OCTETS

# §4.1.4: two high bits make a pointer, the other fourteen say where to.
_POINTER: Final = 0xC0
_POINTER_TARGET: Final = 0x3FFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A resource record; `data_at` is where its data begins in the message."""

    owner: Name
    type_: int
    class_: int
    data_at: int
    data_octets: int


def encode_name(name: str) -> bytes:
    """A host name as length-prefixed labels, uncompressed.

    name    in ASCII, so that names in other letters come as A-labels; a final dot is dropped
    raises  ValueError for a name that DNS cannot carry
    """
    labels = [label.encode("ascii") for label in name.removesuffix(".").split(".")]
    if not all(0 < len(label) <= _MOST_LABEL_OCTETS for label in labels):
        raise ValueError(f"cannot ask DNS for {name!r}: a label has 1 to 63 octets")
    encoded = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    if len(encoded) > _MOST_NAME_OCTETS:
        raise ValueError(f"cannot ask DNS for {name!r}: a name has at most 255 octets")
    return encoded


def decode_name(message: bytes, at: int) -> tuple[Name, int] | None:
    """The name that begins at `at` and where the next field begins, or None if it is damaged.

    A pointer must lead to before the part that it ends, as every writer's does; so loops end.
    """
    labels: list[bytes] = []
    part_start = at
    next_at: int | None = None
    for _ in range(_MOST_NAME_PARTS):
        length = message[at] if at < len(message) else _MOST_LABEL_OCTETS + 1
        if length == 0:
            return tuple(labels), at + 1 if next_at is None else next_at
        if length >= _POINTER:
            target = int.from_bytes(message[at : at + 2], "big") & _POINTER_TARGET
            if at + 2 > len(message) or target >= part_start:
                return None
            next_at = at + 2 if next_at is None else next_at
            at = part_start = target
            continue
        label = message[at + 1 : at + 1 + length]
        if length > _MOST_LABEL_OCTETS or len(label) < length:
            return None
        labels.append(label.lower())
        at += 1 + length
    return None


def decode_record(message: bytes, at: int) -> tuple[Record, int] | None:
    """The resource record at `at` and where the next begins, or None if it is damaged."""
    named = decode_name(message, at)
    if named is None:
        return None
    owner, fields_at = named
    data_at = fields_at + _RECORD.size
    if data_at > len(message):
        return None
    type_, class_, _, data_octets = _RECORD.unpack_from(message, fields_at)
    end = data_at + data_octets
    if end > len(message):
        return None
    record = Record(
        owner=owner, type_=type_, class_=class_, data_at=data_at, data_octets=data_octets
    )
    return record, end
