"""What iptables' targets do to the connection of a packet: NOTRACK, CT --notrack, CONNMARK.

source  net/netfilter/xt_CT.c, xt_connmark.c (Linux 6.18)
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, TypeAlias

from edgediag.host.attributes import NATIVE
from edgediag.host.netfilter.statement import XtTarget
from edgediag.host.walk.octets import Octets, masked, unknown
from edgediag.host.walk.parcel import Parcel, untracked

# None where the target does more than is followed here; struct.error where octets are missing.
_Apply: TypeAlias = Callable[[XtTarget, Parcel], Parcel | None]

_FLAGS: Final = struct.Struct("=H")
_NO_TRACK: Final = 1 | 2
_CONNMARK: Final = {1: struct.Struct("=IIIB"), 2: struct.Struct("=IIIBBB")}
_SET, _SAVE, _RESTORE = 0, 1, 2
_SHIFTED: Final = unknown(4, "a mark that is shifted")


def with_connection(target: XtTarget, parcel: Parcel) -> Parcel | None:
    """The packet that goes on behind the target, None where that is not known."""
    apply = _TARGETS.get((target.name, target.revision))
    try:
        return apply(target, parcel) if apply else None
    except struct.error:
        return None


def _notrack(target: XtTarget, parcel: Parcel) -> Parcel:
    return untracked(parcel)


def _ct(target: XtTarget, parcel: Parcel) -> Parcel | None:
    (flags,) = _FLAGS.unpack_from(target.info)
    return _notrack(target, parcel) if flags & _NO_TRACK else None


def _connmark(target: XtTarget, parcel: Parcel) -> Parcel | None:
    mark, mask, nf_mask, *shift, mode = _CONNMARK[target.revision].unpack_from(target.info)
    if not parcel.has_connection:
        return parcel
    is_shifted = any(shift[1:])
    if mode == _SET:
        marked = masked(parcel.ct_mark, _octets(~mask), _octets(mark))
        return replace(parcel, ct_mark=_SHIFTED if is_shifted else marked)
    if mode == _SAVE:
        saved = _mixed(parcel.ct_mark, mask, parcel.mark, nf_mask)
        return replace(parcel, ct_mark=_SHIFTED if is_shifted else saved)
    if mode == _RESTORE:
        restored = _mixed(parcel.mark, nf_mask, parcel.ct_mark, mask)
        return replace(parcel, mark=_SHIFTED if is_shifted else restored)
    return None


def _mixed(old: Octets, cleared: int, new: Octets, taken: int) -> Octets:
    """(old & ~cleared) ^ (new & taken), each bit known where both are."""
    kept = masked(old, _octets(~cleared), bytes(4))
    added = masked(new, _octets(taken), bytes(4))
    known = bytes(a & b for a, b in zip(kept.known, added.known))
    value = bytes((a ^ b) & k for a, b, k in zip(kept.value, added.value, known))
    return Octets(value=value, known=known, reason=kept.reason or added.reason)


def _octets(number: int) -> bytes:
    return (number & 0xFFFFFFFF).to_bytes(4, NATIVE)


_TARGETS: Final[Mapping[tuple[str, int], _Apply]] = {
    **{("CT", revision): _ct for revision in (0, 1, 2)},
    ("CONNMARK", 1): _connmark,
    ("CONNMARK", 2): _connmark,
    ("NOTRACK", 0): _notrack,
}
