"""The matches of iptables, by their structs; one that is not read may hold or not.

What counts packets, looks at the clock or into the packet's content is not decided here: limit,
hashlimit, recent, quota, connlimit, time, cpu, string, u32, tcpmss, realm, policy and the like.

source  net/netfilter/xt_*.c and include/uapi/linux/netfilter/xt_*.h (Linux 6.18)
"""

import struct
from collections.abc import Mapping
from typing import Final

from edgediag.host.attributes import NATIVE
from edgediag.host.netfilter.statement import XtMatch
from edgediag.host.walk import xt_conntrack, xt_headers, xt_places, xt_ports, xt_set
from edgediag.host.walk.inquiry import Inquiry
from edgediag.host.walk.octets import Octets, Truth, Unsure, both, equals, masked, turned
from edgediag.host.walk.parcel import CtState, Parcel
from edgediag.host.walk.xt_decide import Decide

_MARK: Final = struct.Struct("=IIB")
_OWNER: Final = struct.Struct("=IIIIBB")
_OWNER_UID, _OWNER_GID, _OWNER_SOCKET = 1, 2, 4
_STATISTIC: Final = struct.Struct("=HHII")
_RANDOM, _NTH = 0, 1
_CERTAIN: Final = 0x80000000


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


def _mark(match: XtMatch, parcel: Parcel, inquiry: Inquiry) -> Truth:
    return _has_mark(match.info, parcel.mark)


def _connmark(match: XtMatch, parcel: Parcel, inquiry: Inquiry) -> Truth:
    if parcel.ct_state in (CtState.INVALID, CtState.UNTRACKED):
        # Without a connection it does not hold, inverted or not.
        return False
    return _has_mark(match.info, parcel.ct_mark)


def _has_mark(info: bytes, value: Octets) -> Truth:
    mark, mask, inverted = _MARK.unpack_from(info)
    looked_at = masked(value, mask.to_bytes(4, NATIVE), bytes(4))
    return turned(equals(looked_at, mark.to_bytes(4, NATIVE)), inverted)


def _owner(match: XtMatch, parcel: Parcel, inquiry: Inquiry) -> Truth | None:
    first_uid, last_uid, first_gid, last_gid, which, inverted = _OWNER.unpack_from(match.info)
    if parcel.uid is None or which & ~(_OWNER_UID | _OWNER_GID | _OWNER_SOCKET):
        return None
    if which & _OWNER_GID and parcel.gid is None:
        return None
    is_uid = turned(first_uid <= parcel.uid <= last_uid, inverted & _OWNER_UID)
    is_gid = turned(first_gid <= (parcel.gid or 0) <= last_gid, inverted & _OWNER_GID)
    return both(
        is_uid or not which & _OWNER_UID,
        is_gid or not which & _OWNER_GID,
        not which & inverted & _OWNER_SOCKET,
    )


def _statistic(match: XtMatch, parcel: Parcel, inquiry: Inquiry) -> Truth | None:
    mode, inverted, first, packet = _STATISTIC.unpack_from(match.info)
    is_always = first >= _CERTAIN if mode == _RANDOM else (first, packet) == (0, 0)
    is_never = mode == _RANDOM and not first
    if mode not in (_RANDOM, _NTH) or not (is_always or is_never):
        return None
    return turned(is_always, inverted & 1)


_MATCHES: Final[Mapping[tuple[str, int], Decide]] = {
    **xt_conntrack.MATCHES,
    **xt_headers.MATCHES,
    **xt_places.MATCHES,
    **xt_ports.MATCHES,
    **xt_set.MATCHES,
    ("comment", 0): _comment,
    ("connmark", 1): _connmark,
    ("mark", 1): _mark,
    ("owner", 1): _owner,
    ("statistic", 0): _statistic,
}
