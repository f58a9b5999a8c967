"""iptables' matches on the header behind the IP header.

source  net/netfilter/xt_tcpudp.c, xt_multiport.c, net/ipv4/netfilter/ip_tables.c icmp_match,
        net/ipv6/netfilter/ip6_tables.c icmp6_match (Linux 6.18)
"""

import struct
from collections.abc import Mapping
from typing import Final

from edgediag.host.netfilter.statement import XtMatch
from edgediag.host.walk.inquiry import Inquiry
from edgediag.host.walk.octets import (
    Octets,
    Truth,
    Unsure,
    both,
    either,
    equals,
    lies_between,
    masked,
    stretch,
    turned,
)
from edgediag.host.walk.parcel import Parcel, transport_header
from edgediag.host.walk.xt_decide import Decide

_PORTS: Final = struct.Struct("=HHHH")
_MULTIPORT: Final = struct.Struct("=BB15H15BB")
_ANY_ICMP: Final = 0xFF
_TCP_FLAGS_AT: Final = 13


def _udp(match: XtMatch, parcel: Parcel, inquiry: Inquiry) -> Truth:
    return _ports(match.info, parcel, match.info[8] if len(match.info) > 8 else 0)


def _tcp(match: XtMatch, parcel: Parcel, inquiry: Inquiry) -> Truth | None:
    if len(match.info) < 12:
        return None
    option, mask, flags, inverted = match.info[8:12]
    header = stretch(transport_header(parcel), _TCP_FLAGS_AT, 1)
    looked_at = masked(header, bytes([mask]), b"\0")
    is_flagged = turned(equals(looked_at, bytes([flags])), inverted & 4)
    has_option: Truth = Unsure(reason=f"TCP option {option}") if option else True
    return both(_ports(match.info, parcel, inverted), is_flagged, has_option)


def _ports(info: bytes, parcel: Parcel, inverted: int) -> Truth:
    source_first, source_last, first, last = _PORTS.unpack_from(info)
    return both(
        turned(_in_ports(parcel.source_port, source_first, source_last), inverted & 1),
        turned(_in_ports(parcel.destination_port, first, last), inverted & 2),
    )


def _in_ports(port: Octets, first: int, last: int) -> Truth:
    return lies_between(port, first.to_bytes(2, "big"), last.to_bytes(2, "big"))


def _icmp(match: XtMatch, parcel: Parcel, inquiry: Inquiry) -> Truth | None:
    if len(match.info) < 4:
        return None
    is_any = match.info[0] == _ANY_ICMP
    return turned(True, match.info[3] & 1) if is_any else _icmp6(match, parcel, inquiry)


def _icmp6(match: XtMatch, parcel: Parcel, inquiry: Inquiry) -> Truth | None:
    if len(match.info) < 4:
        return None
    type_, first, last, inverted = match.info[:4]
    header = transport_header(parcel)
    is_code = lies_between(stretch(header, 1, 1), bytes([first]), bytes([last]))
    return turned(both(equals(stretch(header, 0, 1), bytes([type_])), is_code), inverted & 1)


def _multiport(match: XtMatch, parcel: Parcel, inquiry: Inquiry) -> Truth | None:
    which, count, *rest = _MULTIPORT.unpack_from(match.info)
    ports, is_range_start, inverted = rest[:count], rest[15 : 15 + count], rest[30]
    looked_at = {0: (parcel.source_port,), 1: (parcel.destination_port,)}.get(
        which, (parcel.source_port, parcel.destination_port)
    )
    ranges: list[tuple[int, int]] = []
    start: int | None = None
    for port, is_start in zip(ports, is_range_start):
        if is_start and start is None:
            start = port
            continue
        ranges.append((port if start is None else start, port))
        start = None
    found = either(*(_in_ports(port, *bounds) for port in looked_at for bounds in ranges))
    return turned(found, inverted)


def _of_another_protocol(match: XtMatch, parcel: Parcel, inquiry: Inquiry) -> Truth:
    """iptables lets such a match stand only behind its protocol, which no packet here has."""
    return False


MATCHES: Final[Mapping[tuple[str, int], Decide]] = {
    **{(name, 0): _of_another_protocol for name in ("ah", "dccp", "esp", "ipcomp", "sctp")},
    ("icmp", 0): _icmp,
    ("icmp6", 0): _icmp6,
    ("multiport", 1): _multiport,
    ("tcp", 0): _tcp,
    ("udp", 0): _udp,
}
