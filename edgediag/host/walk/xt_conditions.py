"""The matches of iptables, by their structs; one that is not read may hold or not.

source  net/netfilter/xt_*.c and include/uapi/linux/netfilter/xt_*.h (Linux 6.18)
"""

import struct
from collections.abc import Callable, Mapping
from typing import Final

from edgediag.host.attributes import NATIVE
from edgediag.host.netfilter.statement import XtMatch
from edgediag.host.walk.inquiry import Inquiry
from edgediag.host.walk.loads import address_type
from edgediag.host.walk.octets import (
    Octets,
    Truth,
    Unsure,
    both,
    cut,
    either,
    equals,
    lies_between,
    masked,
    negated,
)
from edgediag.host.walk.parcel import Parcel, transport_header
from edgediag.host.walk.xt_conntrack import conntrack, state
from edgediag.host.walk.xt_set import in_set

Decide = Callable[[XtMatch, Parcel, Inquiry], Truth | None]

_PORTS: Final = struct.Struct("=HHHH")
_MULTIPORT: Final = struct.Struct("=BB15H15BB")
_MARK: Final = struct.Struct("=IIB")
_OWNER: Final = struct.Struct("=IIIIBB")
_OWNER_UID, _OWNER_GID = 1, 2
_ADDRTYPE_0: Final = struct.Struct("=HHII")
_ADDRTYPE_1: Final = struct.Struct("=HHI")
_IPRANGE: Final = struct.Struct("=4s12x4s12x4s12x4s12xB")
_PKTTYPE: Final = struct.Struct("=ii")
_ANY_ICMP: Final = 0xFF
_TCP_FLAGS_AT: Final = 13


def holds(match: XtMatch, parcel: Parcel, inquiry: Inquiry) -> Truth:
    """Whether a match holds for the packet."""
    decide = _MATCHES.get((match.name, match.revision))
    try:
        truth = decide(match, parcel, inquiry) if decide else None
    except struct.error:
        truth = None
    return Unsure(reason=f"-m {match.name}") if truth is None else truth


def _comment(match: XtMatch, parcel: Parcel, inquiry: Inquiry) -> Truth:
    return True


def _udp(match: XtMatch, parcel: Parcel, inquiry: Inquiry) -> Truth:
    return _ports(match.info, parcel, match.info[8] if len(match.info) > 8 else 0)


def _tcp(match: XtMatch, parcel: Parcel, inquiry: Inquiry) -> Truth | None:
    if len(match.info) < 12:
        return None
    option, mask, flags, inverted = match.info[8:12]
    header = cut(transport_header(parcel), _TCP_FLAGS_AT, 1)
    looked_at = masked(header, bytes([mask]), b"\0")
    is_flagged = _turned(equals(looked_at, bytes([flags])), inverted & 4)
    has_option: Truth = Unsure(reason=f"TCP option {option}") if option else True
    return both(_ports(match.info, parcel, inverted), is_flagged, has_option)


def _ports(info: bytes, parcel: Parcel, inverted: int) -> Truth:
    source_first, source_last, first, last = _PORTS.unpack_from(info)
    return both(
        _turned(_in_ports(parcel.source_port, source_first, source_last), inverted & 1),
        _turned(_in_ports(parcel.destination_port, first, last), inverted & 2),
    )


def _in_ports(port: Octets, first: int, last: int) -> Truth:
    return lies_between(port, first.to_bytes(2, "big"), last.to_bytes(2, "big"))


def _icmp(match: XtMatch, parcel: Parcel, inquiry: Inquiry) -> Truth | None:
    if len(match.info) < 4:
        return None
    type_, first, last, inverted = match.info[:4]
    header = transport_header(parcel)
    is_code = lies_between(cut(header, 1, 1), bytes([first]), bytes([last]))
    is_type = both(equals(cut(header, 0, 1), bytes([type_])), is_code)
    return _turned(True if type_ == _ANY_ICMP else is_type, inverted & 1)


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
    return _turned(found, inverted)


def _mark(match: XtMatch, parcel: Parcel, inquiry: Inquiry) -> Truth:
    return _has_mark(match.info, parcel.mark)


def _connmark(match: XtMatch, parcel: Parcel, inquiry: Inquiry) -> Truth | None:
    return _has_mark(match.info, parcel.ct_mark) if parcel.is_tracked else None


def _has_mark(info: bytes, value: Octets) -> Truth:
    mark, mask, inverted = _MARK.unpack_from(info)
    looked_at = masked(value, mask.to_bytes(4, NATIVE), bytes(4))
    return _turned(equals(looked_at, mark.to_bytes(4, NATIVE)), inverted)


def _owner(match: XtMatch, parcel: Parcel, inquiry: Inquiry) -> Truth | None:
    first_uid, last_uid, first_gid, last_gid, which, inverted = _OWNER.unpack_from(match.info)
    if parcel.uid is None or parcel.gid is None:
        return None
    if which & ~(_OWNER_UID | _OWNER_GID):
        return None
    is_uid = _turned(first_uid <= parcel.uid <= last_uid, inverted & _OWNER_UID)
    is_gid = _turned(first_gid <= parcel.gid <= last_gid, inverted & _OWNER_GID)
    return both(is_uid or not which & _OWNER_UID, is_gid or not which & _OWNER_GID)


def _addrtype(match: XtMatch, parcel: Parcel, inquiry: Inquiry) -> Truth | None:
    if match.revision:
        source, destination, flags = _ADDRTYPE_1.unpack_from(match.info)
        is_source_inverted, is_destination_inverted = flags & 1, flags & 2
        if flags & ~3:
            return None
    else:
        source, destination, *inverted = _ADDRTYPE_0.unpack_from(match.info)
        is_source_inverted, is_destination_inverted = inverted
    truths = (
        _turned(_is_of_type(address, types, inquiry), is_inverted)
        for address, types, is_inverted in (
            (parcel.source, source, is_source_inverted),
            (parcel.destination, destination, is_destination_inverted),
        )
        if types
    )
    return both(*truths)


def _is_of_type(address: Octets, types: int, inquiry: Inquiry) -> Truth:
    found = address_type(address, inquiry)
    if not found.is_known:
        return Unsure(reason=found.reason)
    return bool(types >> int.from_bytes(found.value, NATIVE) & 1)


def _iprange(match: XtMatch, parcel: Parcel, inquiry: Inquiry) -> Truth:
    source_first, source_last, first, last, flags = _IPRANGE.unpack_from(match.info)
    is_source = _turned(lies_between(parcel.source, source_first, source_last), flags & 0x10)
    is_destination = _turned(lies_between(parcel.destination, first, last), flags & 0x20)
    truths = ((is_source, flags & 1), (is_destination, flags & 2))
    return both(*(truth for truth, is_asked in truths if is_asked))


def _pkttype(match: XtMatch, parcel: Parcel, inquiry: Inquiry) -> Truth | None:
    wanted, inverted = _PKTTYPE.unpack_from(match.info)
    is_plain = parcel.destination.is_known and parcel.destination.value[0] < 224
    return _turned(wanted == 0, inverted) if is_plain else None


def _turned(truth: Truth, inverted: int) -> Truth:
    return negated(truth) if inverted else truth


_MATCHES: Final[Mapping[tuple[str, int], Decide]] = {
    ("addrtype", 0): _addrtype,
    ("addrtype", 1): _addrtype,
    ("comment", 0): _comment,
    ("connmark", 1): _connmark,
    ("conntrack", 2): conntrack,
    ("conntrack", 3): conntrack,
    ("icmp", 0): _icmp,
    ("iprange", 1): _iprange,
    ("mark", 1): _mark,
    ("multiport", 1): _multiport,
    ("owner", 1): _owner,
    ("pkttype", 0): _pkttype,
    **{("set", revision): in_set for revision in (1, 2, 3, 4)},
    ("state", 0): state,
    ("tcp", 0): _tcp,
    ("udp", 0): _udp,
}
