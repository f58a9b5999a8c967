"""ipset's netlink messages: what a set is, and whether a packet's element is in it.

The kernel is asked for each element by itself, so ranges, networks and exceptions ("nomatch")
count as they do for a rule. It refuses a question that lacks a part in the same words as one
for an element that is not there: every part of the set's type is therefore always given.

source  include/uapi/linux/netfilter/ipset/ip_set.h; net/netfilter/ipset/ip_set_hash_*.c
"""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from edgediag.host.attributes import (
    attribute,
    attribute_list,
    attributes,
    big,
    nest,
    nested,
    string,
    text,
)

SUBSYSTEM: Final = 6 << 8
LIST, TEST, HEADER, GET_BY_INDEX = 7, 11, 12, 15
# IPSET_ERR_EXIST: the element is not in the set.
NOT_A_MEMBER: Final = "errno 4103"
LIST_OF_SETS: Final = "list:set"

RAVEN_MARK_SET: Final = "raven-mark-set"
"""Networks of other pools: of pairs of them none (R:routedriver/vxlan/vxlan.go)."""
RAVEN_SETS: Final = (RAVEN_MARK_SET, "raven-skip-nat-set")
"""Both of Raven's; the other has pairs of networks, from this pool and to it."""

_PROTOCOL, _SET_NAME, _TYPE_NAME, _FAMILY, _DATA, _ADT, _INDEX = 1, 2, 3, 5, 7, 8, 11
_VERSION: Final = 7
_NFGENMSG_OCTETS: Final = 4
_NET_ORDER: Final = 0x4000
_IP, _PORT, _PROTO, _MARK, _NAME, _IP_2, _IFACE = 1, 4, 7, 10, 18, 20, 23
_CIDR, _FLAGS, _CIDR_2 = 3, 8, 21
_ADDRESS: Final = {4: 1, 16: 2}
# IPSET_FLAG_NOMATCH: the element is an exception from a larger one.
_NO_MATCH: Final = 1 << 2


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


def decode_networks(payload: bytes) -> tuple[tuple[str, ...], ...]:
    """The elements that one message of a listed set of networks names, as ADDRESS/LENGTH.

    Each has one network or, of a set of pairs, two; one that is an exception is left out.
    """
    found = attributes(payload[_NFGENMSG_OCTETS:])
    elements = (attributes(data) for _, data in attribute_list(found.get(_ADT, b"")))
    decoded = (_networks_of(element) for element in elements)
    return tuple(networks for networks in decoded if networks)


def _networks_of(element: dict[int, bytes]) -> tuple[str, ...]:
    if big(element.get(_FLAGS)) & _NO_MATCH:
        return ()
    parts = [(_IP, _CIDR), *([(_IP_2, _CIDR_2)] if _IP_2 in element else [])]
    networks = (_network(element, *part) for part in parts)
    known = tuple(network for network in networks if network)
    return known if len(known) == len(parts) else ()


def _network(element: dict[int, bytes], address_type: int, length_type: int) -> str:
    address = next(iter(nested(element, address_type).values()), b"")
    if len(address) not in _ADDRESS:
        return ""
    length = big(element[length_type]) if length_type in element else 8 * len(address)
    return f"{ip_address(address)}/{length}" if length <= 8 * len(address) else ""


def _head(family: int) -> bytes:
    return bytes([family, 0, 0, 0]) + attribute(_PROTOCOL, bytes([_VERSION]))
