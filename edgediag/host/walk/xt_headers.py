"""iptables' matches on the IP header: dscp, tos, ecn, ttl and hl, length.

source  net/netfilter/xt_dscp.c, xt_ecn.c, xt_hl.c, xt_length.c (Linux 6.18)
"""

import struct
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from edgediag.host.netfilter.expression import PayloadLoad
from edgediag.host.netfilter.statement import XtMatch
from edgediag.host.walk.inquiry import Inquiry
from edgediag.host.walk.loads import load
from edgediag.host.walk.octets import (
    Octets,
    Truth,
    Unsure,
    both,
    equals,
    lies_between,
    masked,
    turned,
    unknown,
)
from edgediag.host.walk.parcel import Parcel
from edgediag.host.walk.xt_decide import Decide
from edgediag.model.flow import Protocol

_TWO: Final = struct.Struct("=BB")
_THREE: Final = struct.Struct("=BBB")
_RANGE: Final = struct.Struct("=HHB")
_NETWORK: Final = 1
_DSCP, _ECT = 0xFC, 0x03
_IP_OPERATION, _TCP_OPERATIONS = 0x01, 0x30
_IPV6_OCTETS: Final = 16
# Where a field begins, how long it is, and what it is called.
_TOS, _LENGTH, _TTL = (1, 1, "ip dscp"), (2, 2, "ip length"), (8, 1, "ip ttl")
_HOP_LIMIT: Final = (7, 1, "ip6 hoplimit")


def _dscp(match: XtMatch, parcel: Parcel, inquiry: Inquiry) -> Truth:
    dscp, inverted = _TWO.unpack_from(match.info)
    return turned(_has_class(parcel, inquiry, _DSCP, dscp << 2 & 0xFF), inverted)


def _tos(match: XtMatch, parcel: Parcel, inquiry: Inquiry) -> Truth:
    mask, tos, inverted = _THREE.unpack_from(match.info)
    return turned(_has_class(parcel, inquiry, mask, tos), inverted)


def _ecn(match: XtMatch, parcel: Parcel, inquiry: Inquiry) -> Truth | None:
    operations, inverted, ect = _THREE.unpack_from(match.info)
    is_ip: Truth = True
    if operations & _IP_OPERATION:
        is_ip = turned(_has_class(parcel, inquiry, _ECT, ect), inverted & _IP_OPERATION)
    is_tcp: Truth = True
    if operations & _TCP_OPERATIONS:
        # A SYN has both bits or neither, as net.ipv4.tcp_ecn and the route say.
        is_tcp = parcel.protocol is Protocol.TCP and Unsure(reason="tcp ecn")
    return both(is_ip, is_tcp)


def _ttl(match: XtMatch, parcel: Parcel, inquiry: Inquiry) -> Truth | None:
    mode, number = _TWO.unpack_from(match.info)
    field = _HOP_LIMIT if _is_ipv6(parcel) else _TTL
    hops = _header(parcel, inquiry, field)
    is_it = equals(hops, bytes([number]))
    is_less = lies_between(hops, b"\0", bytes([number - 1])) if number else False
    is_more = lies_between(hops, bytes([number + 1]), b"\xff") if number < 0xFF else False
    return {0: is_it, 1: turned(is_it, 1), 2: is_less, 3: is_more}.get(mode)


def _length(match: XtMatch, parcel: Parcel, inquiry: Inquiry) -> Truth | None:
    first, last, inverted = _RANGE.unpack_from(match.info)
    if _is_ipv6(parcel):
        # Its header counts what follows, and the match the whole.
        return None
    octets = _header(parcel, inquiry, _LENGTH)
    truth = lies_between(octets, first.to_bytes(2, "big"), last.to_bytes(2, "big"))
    return turned(truth, inverted)


def _has_class(parcel: Parcel, inquiry: Inquiry, mask: int, number: int) -> Truth:
    octet = unknown(1, "ip6 dscp") if _is_ipv6(parcel) else _header(parcel, inquiry, _TOS)
    return equals(masked(octet, bytes([mask]), b"\0"), bytes([number]))


def _header(parcel: Parcel, inquiry: Inquiry, field: tuple[int, int, str]) -> Octets:
    """A field of the IP header, as far as it is known and no rule has rewritten it."""
    start, length, name = field
    wanted = PayloadLoad(base=_NETWORK, offset=start, length=length, slot=0)
    octets = load(wanted, parcel, inquiry) or unknown(length, name)
    return octets if octets.is_known else replace(octets, reason=name)


def _is_ipv6(parcel: Parcel) -> bool:
    return len(parcel.source.value) == _IPV6_OCTETS


MATCHES: Final[Mapping[tuple[str, int], Decide]] = {
    ("dscp", 0): _dscp,
    ("ecn", 0): _ecn,
    ("hl", 0): _ttl,
    ("length", 0): _length,
    ("tos", 1): _tos,
    ("ttl", 0): _ttl,
}
