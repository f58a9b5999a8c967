"""ipset's netlink messages: what a set is, and whether a packet's element is in it.

The kernel is asked for each element by itself, so ranges, networks and exceptions ("nomatch")
count as they do for a rule. It refuses a question that lacks a part in the same words as one
for an element that is not there: every part of the set's type is therefore always given.

source  include/uapi/linux/netfilter/ipset/ip_set.h; net/netfilter/ipset/ip_set_hash_*.c
"""

from dataclasses import dataclass
from typing import Final

from edgediag.host.attributes import (
    attribute,
    attribute_list,
    attributes,
    big,
    nest,
    string,
    text,
)

SUBSYSTEM: Final = 6 << 8
LIST, TEST, HEADER, GET_BY_INDEX = 7, 11, 12, 15
# IPSET_ERR_EXIST: the element is not in the set.
NOT_A_MEMBER: Final = "errno 4103"
LIST_OF_SETS: Final = "list:set"

_PROTOCOL, _SET_NAME, _TYPE_NAME, _FAMILY, _DATA, _ADT, _INDEX = 1, 2, 3, 5, 7, 8, 11
_VERSION: Final = 7
_NFGENMSG_OCTETS: Final = 4
_NET_ORDER: Final = 0x4000
_IP, _PORT, _PROTO, _MARK, _NAME, _IP_2, _IFACE = 1, 4, 7, 10, 18, 20, 23
_ADDRESS: Final = {4: 1, 16: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ipset:
    """A set: its parts in the order in which a rule gives their directions.

    parts    "ip", "net", "port", "iface", "mac", "mark" or, of a list of sets, "set"
    family   2 or 10, 0 for both (AF_INET, AF_INET6, AF_UNSPEC)
    members  the names of the sets in a list of sets, else ()
    """

    name: str
    type_: str
    family: int
    members: tuple[str, ...]

    @property
    def parts(self) -> tuple[str, ...]:
        """What an element is made of: "hash:ip,port" of an address and a port."""
        return tuple(self.type_.partition(":")[2].split(","))


@dataclass(frozen=True, slots=True, kw_only=True)
class IpsetElement:
    """What of a packet is looked up in a set; None for what the set's type does not ask.

    addresses  one or two, as they are on the wire
    mark       as this host counts, not as it holds it
    """

    addresses: tuple[bytes, ...]
    protocol: int | None
    port: bytes | None
    mark: int | None
    interface: str | None


def by_index_request(index: int) -> bytes:
    """The question for the name of a set."""
    return _head(0) + attribute(_INDEX | _NET_ORDER, index.to_bytes(2, "big"))


def by_name_request(name: str) -> bytes:
    """The question for the header of a set, or with LIST for its elements."""
    return _head(0) + string(_SET_NAME, name)


def test_request(ipset: Ipset, element: IpsetElement) -> bytes:
    """The question whether an element is in a set."""
    data = [
        nest(type_, attribute(_ADDRESS.get(len(octets), 1) | _NET_ORDER, octets))
        for type_, octets in zip((_IP, _IP_2), element.addresses)
    ]
    if element.port is not None:
        data.append(attribute(_PORT | _NET_ORDER, element.port))
    if element.protocol is not None:
        data.append(attribute(_PROTO, bytes([element.protocol])))
    if element.mark is not None:
        data.append(attribute(_MARK | _NET_ORDER, element.mark.to_bytes(4, "big")))
    if element.interface is not None:
        data.append(string(_IFACE, element.interface))
    return _head(ipset.family) + string(_SET_NAME, ipset.name) + nest(_DATA, *data)


def decode_name(payload: bytes) -> str:
    """The name of a set in an answer, "" where it says none."""
    return text(attributes(payload[_NFGENMSG_OCTETS:]).get(_SET_NAME))


def decode_header(payload: bytes) -> Ipset | None:
    """A set as its header tells it, without members; None where it has no name or type."""
    found = attributes(payload[_NFGENMSG_OCTETS:])
    name, type_ = text(found.get(_SET_NAME)), text(found.get(_TYPE_NAME))
    if not name or ":" not in type_:
        return None
    return Ipset(name=name, type_=type_, family=big(found.get(_FAMILY)), members=())


def decode_members(payload: bytes) -> tuple[str, ...]:
    """The sets that one message of a listed list of sets names."""
    found = attributes(payload[_NFGENMSG_OCTETS:])
    elements = attribute_list(found.get(_ADT, b""))
    return tuple(text(attributes(data).get(_NAME)) for _, data in elements)


def _head(family: int) -> bytes:
    return bytes([family, 0, 0, 0]) + attribute(_PROTOCOL, bytes([_VERSION]))
