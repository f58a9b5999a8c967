"""Routes as rtnetlink speaks of them: the question for one flow, and what a message says.

source  rtnetlink(7); include/uapi/linux/rtnetlink.h
"""

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from edgediag.host.attributes import attribute, attributes, native, native32, nested
from edgediag.model.flow import Address, Flow, Protocol

UNICAST: Final = 1
LOCAL: Final = 2
BROADCAST: Final = 3
BLACKHOLE: Final = 6
UNREACHABLE: Final = 7
PROHIBIT: Final = 8
THROW: Final = 9
TYPE_NAMES: Final = {
    UNICAST: "unicast",
    LOCAL: "local",
    BROADCAST: "broadcast",
    BLACKHOLE: "blackhole",
    UNREACHABLE: "unreachable",
    PROHIBIT: "prohibit",
    THROW: "throw",
}

FAMILIES: Final = {4: 2, 6: 10}
PROTOCOL_NUMBERS: Final = {
    (Protocol.TCP, 4): 6,
    (Protocol.TCP, 6): 6,
    (Protocol.UDP, 4): 17,
    (Protocol.UDP, 6): 17,
    (Protocol.ICMP, 4): 1,
    (Protocol.ICMP, 6): 58,
}

_RTM_F_LOOKUP_TABLE: Final = 0x1000
_RTM_F_FIB_MATCH: Final = 0x2000
_RTMSG: Final = struct.Struct("=BBBBBBBBI")
_RTA_DST, _RTA_SRC, _RTA_IIF, _RTA_OIF, _RTA_GATEWAY = 1, 2, 3, 4, 5
_RTA_PREFSRC, _RTA_METRICS, _RTA_TABLE, _RTA_MARK, _RTA_VIA = 7, 8, 15, 16, 18
_RTA_UID, _RTA_IP_PROTO, _RTA_SPORT, _RTA_DPORT = 25, 27, 28, 29
_RTAX_MTU: Final = 2
_WIDTHS: Final = {2: 4, 10: 16}


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteKey:
    """What the kernel looks a route up by; an unspecified source and port 0 are left open.

    incoming  name and index of the device that a packet comes in by; None for one that is sent
    """

    flow: Flow
    mark: int
    uid: int
    incoming: tuple[str, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteMessage:
    """A route as the kernel tells it.

    type_   RTN_* number
    prefix  "default" for 0.0.0.0/0 and ::/0, else with its length: "198.51.100.0/24"
    length  of the prefix
    oif     interface index, 0 for none
    """

    type_: int
    destination: Address
    length: int
    prefix: str
    table: int
    oif: int
    gateway: Address | None
    preferred_source: Address | None
    mtu: int | None


def lookup_request(key: RouteKey, *, is_match: bool) -> bytes:
    """The payload of RTM_GETROUTE for one flow.

    is_match  ask for the route itself, in place of what follows from it for this destination
    """
    flow = key.flow
    version = flow.destination.version
    bits = flow.destination.max_prefixlen
    has_source = not flow.source.is_unspecified
    # Without this flag IPv4 calls every table main; IPv6 always tells, and refuses the flag.
    flags = (_RTM_F_LOOKUP_TABLE if version == 4 else 0) | (_RTM_F_FIB_MATCH if is_match else 0)
    header = _RTMSG.pack(FAMILIES[version], bits, has_source * bits, 0, 0, 0, 0, 0, flags)
    keys = [
        attribute(_RTA_DST, flow.destination.packed),
        attribute(_RTA_SRC, flow.source.packed) if has_source else b"",
        native32(_RTA_MARK, key.mark) if key.mark else b"",
        native32(_RTA_UID, key.uid),
        native32(_RTA_IIF, key.incoming[1]) if key.incoming else b"",
        attribute(_RTA_IP_PROTO, bytes([PROTOCOL_NUMBERS[flow.protocol, version]])),
    ]
    return header + b"".join(keys) + _ports(flow)


def typed_dump_request(version: int, type_: int) -> bytes:
    """The payload of a dump of the routes of one type, which needs NETLINK_GET_STRICT_CHK."""
    return _RTMSG.pack(FAMILIES[version], 0, 0, 0, 0, 0, 0, type_, 0)


def decode_route(payload: bytes) -> RouteMessage | None:
    """The route in an RTM_NEWROUTE, or None where it is too short or of another family."""
    if len(payload) < _RTMSG.size:
        return None
    family, length, _, _, table, _, _, type_, _ = _RTMSG.unpack_from(payload)
    if family not in _WIDTHS or length > 8 * _WIDTHS[family]:
        return None
    found = attributes(payload[_RTMSG.size :])
    zero = bytes(_WIDTHS[family])
    destination = ip_address((found.get(_RTA_DST, b"") + zero)[: len(zero)])
    return RouteMessage(
        type_=type_,
        destination=destination,
        length=length,
        prefix=f"{destination}/{length}" if length else "default",
        table=native(found.get(_RTA_TABLE)) or table,
        oif=native(found.get(_RTA_OIF)),
        gateway=_address(found.get(_RTA_GATEWAY)) or _address(found.get(_RTA_VIA, b"")[2:]),
        preferred_source=_address(found.get(_RTA_PREFSRC)),
        mtu=native(nested(found, _RTA_METRICS).get(_RTAX_MTU)) or None,
    )


def covers(route: RouteMessage, address: Address) -> bool:
    """Whether the route's prefix holds the address."""
    if route.destination.version != address.version:
        return False
    shift = address.max_prefixlen - route.length
    return int(route.destination) >> shift == int(address) >> shift


def _ports(flow: Flow) -> bytes:
    if flow.protocol is Protocol.ICMP:
        return b""
    pairs = ((_RTA_SPORT, flow.source_port), (_RTA_DPORT, flow.destination_port))
    return b"".join(attribute(type_, port.to_bytes(2, "big")) for type_, port in pairs if port)


def _address(value: bytes | None) -> Address | None:
    # RTA_VIA leads with its family in this machine's byte order; the length alone tells.
    if value is not None and len(value) == 4:
        return IPv4Address(value)
    return IPv6Address(value) if value is not None and len(value) == 16 else None
