"""What a router adds behind the packet that its ICMP error quotes: MPLS labels (RFC 4884, 4950)."""

import struct
from typing import Final

from edgediag.model.packet import MplsLabel
from edgediag.wire.assigned_numbers import ICMP_NUMBER, ICMPV6_NUMBER

MAX_LABELS: Final = 16
"""Of one error. A packet seldom has more than four; who sends more sends none."""

_ICMP_HEADER_OCTETS: Final = 8

# RFC 4884 §4: where the length of the quote stands, and in octets of how many.
_LENGTHS: Final = {
    (ICMP_NUMBER, 3): (5, 4),
    (ICMP_NUMBER, 11): (5, 4),
    (ICMP_NUMBER, 12): (5, 4),
    (ICMPV6_NUMBER, 1): (4, 8),
    (ICMPV6_NUMBER, 3): (4, 8),
}

# §4: a quote before extensions is padded to so much; §5.5: routers older than RFC 4884 say no
# length and put them there all the same.
_LEAST_QUOTE_OCTETS: Final = 128

# §7: version 2 in the high bits, checksum; §7.1: length, class and type of each object.
_HEADER: Final = struct.Struct("!HH")
_VERSION: Final = 2
_VERSION_SHIFT: Final = 12
_OBJECT: Final = struct.Struct("!HBB")

# RFC 4950 §3: the incoming label stack; RFC 3032 §2.1 for an entry.
_MPLS_STACK: Final = (1, 1)
_ENTRY: Final = struct.Struct("!I")


def labels_of(message: bytes, number: int) -> tuple[MplsLabel, ...]:
    """The labels that the packet had where the error was made, the outermost first.

    message  from the first octet of the ICMP header; number  the IP protocol number
    returns  () where there are none, and for a structure that is damaged
    """
    structure = _structure(message, number)
    if len(structure) < _HEADER.size:
        return ()
    version, checksum = _HEADER.unpack_from(structure)
    if version >> _VERSION_SHIFT != _VERSION or (checksum and _sum(structure) != 0xFFFF):
        return ()
    return _labels(structure[_HEADER.size :])


def _structure(message: bytes, number: int) -> bytes:
    place = _LENGTHS.get((number, message[0])) if len(message) >= _ICMP_HEADER_OCTETS else None
    if place is None:
        return b""
    at, unit_octets = place
    said_octets = message[at] * unit_octets
    if said_octets:
        return message[_ICMP_HEADER_OCTETS + said_octets :]
    structure = message[_ICMP_HEADER_OCTETS + _LEAST_QUOTE_OCTETS :]
    # Without a length it may be a long quote as well: only a checksum tells it from one.
    has_checksum = len(structure) >= _HEADER.size and _HEADER.unpack_from(structure)[1] != 0
    return structure if has_checksum else b""


def _labels(objects: bytes) -> tuple[MplsLabel, ...]:
    at = 0
    while at + _OBJECT.size <= len(objects):
        octets, class_, type_ = _OBJECT.unpack_from(objects, at)
        if octets < _OBJECT.size or at + octets > len(objects):
            return ()
        if (class_, type_) == _MPLS_STACK:
            return _entries(objects[at + _OBJECT.size : at + octets])
        at += octets
    return ()


def _entries(body: bytes) -> tuple[MplsLabel, ...]:
    count = len(body) // _ENTRY.size
    if count * _ENTRY.size != len(body) or count > MAX_LABELS:
        return ()
    return tuple(
        MplsLabel(
            label=word >> 12,
            traffic_class=word >> 9 & 7,
            is_bottom=bool(word >> 8 & 1),
            ttl=word & 0xFF,
        )
        for (word,) in _ENTRY.iter_unpack(body)
    )


def _sum(octets: bytes) -> int:
    """The sum of RFC 1071 §1, 0xFFFF for octets whose checksum is right."""
    even = octets + b"\0" * (len(octets) % 2)
    total = sum(int.from_bytes(even[at : at + 2], "big") for at in range(0, len(even), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total
