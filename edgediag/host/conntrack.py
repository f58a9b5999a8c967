"""Connection tracking: its counters, from /proc/net/stat/nf_conntrack, and one connection of it.

source  net/netfilter/nf_conntrack_standalone.c, ct_cpu_seq_show; nf_conntrack_core.c;
        include/uapi/linux/netfilter/nfnetlink_conntrack.h (CTA_*)
"""

from ipaddress import ip_address
from typing import Final

from edgediag.host.attributes import attribute, attributes, big, nest, nested
from edgediag.model.drops import Drop, DropCount
from edgediag.model.flow import Flow, Protocol
from edgediag.model.tunnel_object import TunnelConnection

ORIGINAL, REPLY = 1, 2
"""Which way of a connection a tuple is of (CTA_TUPLE_ORIG, CTA_TUPLE_REPLY)."""

UDP: Final = 17
_TCP, _ICMP = 6, 1
_STATUS: Final = 3
_IP, _PROTO = 1, 2
# By the octets of an address, what its source and its destination are called.
_V4_SOURCE, _V4_DESTINATION = 1, 2
_IPV4_OCTETS: Final = 4
_ENDS: Final = {_IPV4_OCTETS: (_V4_SOURCE, _V4_DESTINATION), 16: (3, 4)}
_NUMBER, _SOURCE_PORT, _DESTINATION_PORT, _ICMP_ID, _ICMP_TYPE = 1, 2, 3, 4, 5
# include/uapi/linux/netfilter/nf_conntrack_common.h, IPS_SEEN_REPLY; RFC 792, an echo asks.
_SEEN_REPLY: Final = 1 << 1
_ECHO: Final = 8
_NFGENMSG_OCTETS: Final = 4

_DROP: Final = "drop"
# A table that is full, a clash that nothing resolves; and since Linux 5.15 a chain that is too
# long. Not `insert_failed`: it counts those beside, and before Linux 5.10 also clashes that were
# resolved, whose packets went on, as of two questions that a resolver asks at once.
_COLUMNS: Final = (_DROP, "chainlength")


def decode_drops(text: str) -> DropCount | None:
    """The packets that connection tracking dropped itself, None without a counter.

    text  a line of names, then a line of hexadecimal numbers for each CPU
    """
    names, *rows = [line.split() for line in text.splitlines()] or [[]]
    if _DROP not in names:
        return None
    counted = [dict(zip(names, row)) for row in rows]
    total = sum(_number(each.get(name, "")) for each in counted for name in _COLUMNS)
    return DropCount(
        drop=Drop.CONNTRACK, interface="", discipline="", handle="", count=total
    )


def encode_tuple(
    type_: int, source: tuple[bytes, int], destination: tuple[bytes, int]
) -> bytes:
    """One way of a connection of UDP, each end as address and port."""
    types = _ENDS[len(source[0])]
    ports = [end[1].to_bytes(2, "big") for end in (source, destination)]
    return nest(
        type_,
        nest(
            _IP,
            attribute(types[0], source[0]),
            attribute(types[1], destination[0]),
        ),
        nest(
            _PROTO,
            attribute(_NUMBER, bytes([UDP])),
            attribute(_SOURCE_PORT, ports[0]),
            attribute(_DESTINATION_PORT, ports[1]),
        ),
    )


def decode_wire_flow(payload: bytes) -> Flow | None:
    """The flow that leaves for a connection's packets, None where the message has no such.

    payload  of an IPCTNL_MSG_CT_NEW: whatever answers are expected from and to, turned round
    """
    answer = _udp_flow(nested(attributes(payload[_NFGENMSG_OCTETS:]), REPLY))
    return None if answer is None else answer.reversed()


def _udp_flow(tuple_: dict[int, bytes]) -> Flow | None:
    addresses, ports = nested(tuple_, _IP), nested(tuple_, _PROTO)
    told = [[addresses.get(type_, b"") for type_ in types] for types in _ENDS.values()]
    whole = zip(_ENDS, told, strict=True)
    ends = next((two for octets, two in whole if {len(end) for end in two} == {octets}), None)
    if ends is None or big(ports.get(_NUMBER)) != UDP:
        return None
    return Flow(
        protocol=Protocol.UDP,
        source=ip_address(ends[0]),
        source_port=big(ports.get(_SOURCE_PORT)) & 0xFFFF,
        destination=ip_address(ends[1]),
        destination_port=big(ports.get(_DESTINATION_PORT)) & 0xFFFF,
    )


def decode_connection(payload: bytes) -> TunnelConnection | None:
    """A connection of UDP over IPv4 by its first packet, None for all others."""
    found = attributes(payload[_NFGENMSG_OCTETS:])
    asked, wire = _udp_flow(nested(found, ORIGINAL)), decode_wire_flow(payload)
    if asked is None or wire is None:
        return None
    is_answered = bool(big(found.get(_STATUS)) & _SEEN_REPLY)
    return TunnelConnection(asked=asked, wire=wire, is_answered=is_answered)


def decode_unreplied(payload: bytes) -> Flow | None:
    """The flow of a connection that wants an answer and drew none, None for all others.

    Echoes and TCP alone: what is sent over UDP may want no answer. IPv4 alone.
    """
    found = attributes(payload[_NFGENMSG_OCTETS:])
    original = nested(found, ORIGINAL)
    addresses, ports = nested(original, _IP), nested(original, _PROTO)
    ends = [addresses.get(type_, b"") for type_ in (_V4_SOURCE, _V4_DESTINATION)]
    is_whole = _STATUS in found and all(len(end) == _IPV4_OCTETS for end in ends)
    if not is_whole or big(found[_STATUS]) & _SEEN_REPLY:
        return None
    number = big(ports.get(_NUMBER))
    if number == _ICMP and big(ports.get(_ICMP_TYPE)) == _ECHO:
        protocol, kinds = Protocol.ICMP, (_ICMP_ID, _ICMP_ID)
    elif number == _TCP:
        protocol, kinds = Protocol.TCP, (_SOURCE_PORT, _DESTINATION_PORT)
    else:
        return None
    own, other = (big(ports.get(kind)) & 0xFFFF for kind in kinds)
    return Flow(
        protocol=protocol,
        source=ip_address(ends[0]),
        source_port=own,
        destination=ip_address(ends[1]),
        destination_port=other,
    )


def _number(word: str) -> int:
    try:
        return int(word, 16)
    except ValueError:
        return 0
