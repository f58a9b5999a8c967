"""Matches of ebtables, which its nft backend keeps as x_tables structs in family bridge.

Their names are those of iptables' matches in part, their structs are not.

source  include/uapi/linux/netfilter_bridge/ebt_ip.h, ebt_ip6.h, ebt_arp.h, ebt_mark_m.h,
        ebt_pkttype.h; net/bridge/netfilter/ebt_ip.c and the like
"""

import struct
from collections.abc import Mapping
from typing import Final

from edgediag.host.attributes import NATIVE
from edgediag.host.netfilter.statement import XtMatch
from edgediag.host.walk.inquiry import Inquiry
from edgediag.host.walk.loads import packet_type
from edgediag.host.walk.octets import (
    Octets,
    Truth,
    Unsure,
    both,
    cut,
    equals,
    intersects,
    lies_between,
    masked,
    turned,
)
from edgediag.host.walk.parcel import Parcel
from edgediag.host.walk.xt_decide import Decide
from edgediag.model.flow import Protocol

_IP: Final = struct.Struct("=4s4s4s4sBBBB2H2H")
_IP6: Final = struct.Struct("=16s16s16s16sBBBB2H2H")
_ARP: Final = struct.Struct("=2s2s2s2x4s4s4s4s6s6s6s6sBB")
# Of a 64-bit kernel: it holds them as unsigned long.
_MARK: Final = struct.Struct("=QQBB")
_PKTTYPE: Final = struct.Struct("=BB")
_SOURCE, _DESTINATION, _SERVICE, _PROTOCOL, _SPORT, _DPORT = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
_MARK_OR: Final = 2
# By bit of an ARP match: where the field begins in the message.
_FIXED: Final = ((0x02, 0), (0x04, 2), (0x01, 6))
_MASKED: Final = ((0x08, 14), (0x10, 24), (0x20, 8), (0x40, 18))
_KNOWN_OF_ARP: Final = 0x7F


def ebt_holds(match: XtMatch, parcel: Parcel, inquiry: Inquiry) -> Truth:
    """Whether a match of ebtables holds; one that is not read may hold or not."""
    unsure = Unsure(reason=f"ebtables' match {match.name}")
    read = _MATCHES.get(match.name)
    if read is None or match.revision:
        return unsure
    try:
        truth = read(match, parcel, inquiry)
    except struct.error:
        return unsure
    return unsure if truth is None else truth


def _ip(match: XtMatch, parcel: Parcel, inquiry: Inquiry) -> Truth | None:
    return _of_version(4, _IP, match, parcel)


def _ip6(match: XtMatch, parcel: Parcel, inquiry: Inquiry) -> Truth | None:
    return _of_version(6, _IP6, match, parcel)


def _of_version(
    version: int, layout: struct.Struct, match: XtMatch, parcel: Parcel
) -> Truth | None:
    """Addresses, protocol and ports; the type of service and types of ICMP are not read."""
    source, destination, source_mask, destination_mask, _, protocol, asked, inverted, *ports = (
        layout.unpack_from(match.info)
    )
    if parcel.arp is not None or parcel.version != version:
        return False
    truths: tuple[tuple[int, Truth], ...] = (
        (_SOURCE, _has(parcel.source, source, source_mask)),
        (_DESTINATION, _has(parcel.destination, destination, destination_mask)),
        (_PROTOCOL, parcel.number == protocol),
        (_SPORT, _in_range(parcel, parcel.source_port, (ports[0], ports[1]))),
        (_DPORT, _in_range(parcel, parcel.destination_port, (ports[2], ports[3]))),
    )
    read = _SOURCE | _DESTINATION | _PROTOCOL | _SPORT | _DPORT
    found = both(*(turned(truth, inverted & bit) for bit, truth in truths if asked & bit))
    return found if found is False or not asked & ~read else None


def _in_range(parcel: Parcel, port: Octets, bounds: tuple[int, int]) -> Truth:
    if parcel.protocol is Protocol.ICMP:
        return False
    first, last = (bound.to_bytes(2, "big") for bound in bounds)
    return lies_between(port, first, last)


def _has(octets: Octets, value: bytes, mask: bytes) -> Truth:
    return equals(masked(octets, mask, bytes(len(mask))), value)


def _arp(match: XtMatch, parcel: Parcel, inquiry: Inquiry) -> Truth | None:
    fields = _ARP.unpack_from(match.info)
    asked, inverted = fields[-2:]
    if parcel.arp is None:
        return False
    message = parcel.arp
    htype, ptype, opcode, *masks = fields[:-2]
    fixed = zip(_FIXED, (htype, ptype, opcode), strict=True)
    truths: list[Truth] = [
        turned(equals(cut(message, at, 2), value), inverted & bit)
        for (bit, at), value in fixed
        if asked & bit
    ]
    pairs = zip(_MASKED, zip(masks[::2], masks[1::2], strict=True), strict=True)
    truths += [
        turned(_has(cut(message, at, len(value)), value, mask), inverted & bit)
        for (bit, at), (value, mask) in pairs
        if asked & bit
    ]
    found = both(*truths)
    return found if found is False or not asked & ~_KNOWN_OF_ARP else None


def _mark(match: XtMatch, parcel: Parcel, inquiry: Inquiry) -> Truth:
    mark, mask, inverted, how = _MARK.unpack_from(match.info)
    value, bits = ((number & 0xFFFFFFFF).to_bytes(4, NATIVE) for number in (mark, mask))
    if how & _MARK_OR:
        return turned(intersects(parcel.mark, bits), inverted)
    return turned(_has(parcel.mark, value, bits), inverted)


def _pkttype(match: XtMatch, parcel: Parcel, inquiry: Inquiry) -> Truth:
    wanted, inverted = _PKTTYPE.unpack_from(match.info)
    return turned(equals(packet_type(parcel, inquiry), bytes([wanted])), inverted)


_MATCHES: Final[Mapping[str, Decide]] = {
    "ip": _ip,
    "ip6": _ip6,
    "arp": _arp,
    "mark_m": _mark,
    "pkttype": _pkttype,
}
