"""Sets of ipset as dumped, as requests that make them anew.

source  include/uapi/linux/netfilter/ipset/ip_set.h
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from edgediag.host.attributes import (
    attribute,
    attribute_list,
    attributes,
    big,
    big32,
    nest,
    string,
    text,
)
from edgediag.host.clone.pieces import pieces, without

PROTOCOL: Final = 7
_PROTOCOL, _NAME, _TYPE, _REVISION, _FAMILY, _DATA, _ADT, _LINE, _INDEX = 1, 2, 3, 4, 5, 7, 8, 9, 11
# Counts of elements, references and octets.
_DATA_LEFT_OUT: Final = frozenset({24, 25, 26})
# An address of either family inside of each: of a set IPSET_ATTR_IP, IP_TO and BITMASK (Linux 6.3),
# of a member IP, IP_TO, IP2 and IP2_TO. Of a set 20 and 22 are others: NETMASK and RESIZE.
_SET_ADDRESSES: Final = frozenset({1, 2, 12})
_MEMBER_ADDRESSES: Final = frozenset({1, 2, 20, 22})
_NET_BYTEORDER: Final = 0x4000
_HEADER_OCTETS: Final = 4
_NFGENMSG_OCTETS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiedSet:
    """A set; `create` is its request but for the name, `added` one request for each message."""

    name: str
    index: int
    create: bytes
    added: tuple[bytes, ...]


def copied_sets(payloads: Iterable[bytes]) -> tuple[CopiedSet, ...]:
    """The sets of one IPSET_CMD_LIST, in the order of their indexes; a long set has several
    messages, of which the first alone tells its type.
    """
    heads: dict[str, tuple[int, bytes]] = {}
    members: dict[str, list[bytes]] = {}
    for payload in payloads:
        found = attributes(payload[_NFGENMSG_OCTETS:])
        name = text(found.get(_NAME))
        if name and _TYPE in found:
            heads[name] = big(found.get(_INDEX)), _create(payload)
        listed = attribute_list(found.get(_ADT, b""))
        each = tuple(
            nest(_DATA, _taken(value, _MEMBER_ADDRESSES))
            for type_, value in listed
            if type_ == _DATA
        )
        if each:
            members.setdefault(name, []).append(_add(name, each))
    made = (
        CopiedSet(name=name, index=index, create=create, added=tuple(members.get(name, ())))
        for name, (index, create) in heads.items()
    )
    return tuple(sorted(made, key=lambda copied: copied.index))


def named(name: str) -> bytes:
    """The attributes that name a set."""
    return attribute(_PROTOCOL, bytes([PROTOCOL])) + string(_NAME, name)


def index_of(payload: bytes) -> int:
    """The index in the answer to IPSET_CMD_GET_BYNAME."""
    return big(attributes(payload[_NFGENMSG_OCTETS:]).get(_INDEX))


def _create(payload: bytes) -> bytes:
    found = attributes(payload[_NFGENMSG_OCTETS:])
    plain = b"".join(
        attribute(type_, found[type_])
        for type_ in (_TYPE, _REVISION, _FAMILY)
        if type_ in found
    )
    data = without(found.get(_DATA, b""), _DATA_LEFT_OUT)
    return plain + nest(_DATA, _taken(data, _SET_ADDRESSES))


def _add(name: str, members: tuple[bytes, ...]) -> bytes:
    # The kernel writes the number of the member that it refuses into the attribute of lines.
    return named(name) + big32(_LINE, 0) + nest(_ADT, *members)


def _taken(data: bytes, addresses: frozenset[int]) -> bytes:
    """Data as the kernel takes them: it gives addresses without the flag that it asks for."""
    return b"".join(
        _flagged(type_, piece) if type_ in addresses else piece for type_, piece in pieces(data)
    )


def _flagged(type_: int, piece: bytes) -> bytes:
    inner = attribute_list(piece[_HEADER_OCTETS:])
    return nest(type_, *(attribute(kind | _NET_BYTEORDER, value) for kind, value in inner))
