"""The matches of iptables on the connection: conntrack, state, helper, connbytes.

source  net/netfilter/xt_conntrack.c, xt_state.c, xt_helper.c, xt_connbytes.c (Linux 6.18)
"""

import struct
from collections.abc import Mapping
from typing import Final

from edgediag.host.attributes import NATIVE, native
from edgediag.host.netfilter.expression import CtLoad
from edgediag.host.netfilter.statement import XtMatch
from edgediag.host.walk.inquiry import Inquiry
from edgediag.host.walk.loads import load, translation_bits
from edgediag.host.walk.octets import (
    Octets,
    Truth,
    both,
    cut,
    equals,
    intersects,
    known,
    masked,
    negated,
)
from edgediag.host.walk.parcel import CtState, Parcel
from edgediag.host.walk.xt_decide import Decide

_HEAD: Final = struct.Struct("=16s16s16s16s")
# Keys of the addresses and their octets, by the version of IP.
_ADDRESSES: Final = {4: (19, 20, 4), 6: (21, 22, 16)}
_REST_AT: Final = 136
_REST: Final = struct.Struct("=H2s2s2s2sHHHH")
_STATE, _PROTO, _SOURCE, _DESTINATION, _STATUS, _DIRECTION = 0x1, 0x2, 0x4, 0x8, 0x40, 0x1000
_ALIAS: Final = 0x2000
_READ: Final = _STATE | _PROTO | _SOURCE | _DESTINATION | _STATUS | _DIRECTION | _ALIAS
_SNAT, _DNAT, _UNTRACKED = 0x40, 0x80, 0x100


def state(match: XtMatch, parcel: Parcel, inquiry: Inquiry) -> Truth | None:
    """Whether connection tracking says one of the states."""
    if len(match.info) < 4:
        return None
    return bool(native(match.info[:4]) & parcel.ct_state.value)


def conntrack(match: XtMatch, parcel: Parcel, inquiry: Inquiry) -> Truth | None:
    """Whether the connection is as the options ask; None where an option is not read."""
    asked, inverted, states, statuses = _REST.unpack_from(match.info, _REST_AT)[-4:]
    addresses = asked & (_SOURCE | _DESTINATION)
    if asked & ~_READ:
        return None
    truths: list[tuple[int, Truth]] = [(_STATE, _is_in_state(states, parcel))]
    if not parcel.has_connection:
        # Of a packet without a connection nothing but the state is looked at.
        wanted = truths[0][1] is not bool(inverted & _STATE)
        return bool(asked & _STATE) and wanted
    truths += [
        (_PROTO, _is_protocol(match, parcel)),
        (_DIRECTION, _is_original(parcel, inquiry)),
        *(_addresses(match, parcel, inquiry) if addresses else ()),
        (_STATUS, _has_status(statuses, parcel, inquiry)),
    ]
    return both(
        *(negated(truth) if inverted & bit else truth for bit, truth in truths if asked & bit)
    )


def helper(match: XtMatch, parcel: Parcel, inquiry: Inquiry) -> Truth | None:
    """Whether a helper expected the connection; one that begins by itself has none."""
    if len(match.info) < 4:
        return None
    has_none = parcel.ct_state is CtState.NEW or not parcel.has_connection
    return bool(native(match.info[:4])) if has_none else None


def connbytes(match: XtMatch, parcel: Parcel, inquiry: Inquiry) -> Truth | None:
    """What was counted of the connection is not known; without one the match does not hold."""
    return None if parcel.has_connection else False


def _is_in_state(states: int, parcel: Parcel) -> Truth:
    if parcel.ct_state is CtState.UNTRACKED:
        return bool(states & _UNTRACKED)
    plain = 0xFFFFFFFF & ~(_SNAT | _DNAT)
    bits = translation_bits(parcel, plain, (_SNAT, _DNAT), parcel.ct_state.value)
    return intersects(bits, states.to_bytes(4, NATIVE))


def _is_protocol(match: XtMatch, parcel: Parcel) -> Truth:
    (number, *_) = _REST.unpack_from(match.info, _REST_AT)
    return bool(number == parcel.number)


def _is_original(parcel: Parcel, inquiry: Inquiry) -> Truth:
    return equals(_ct(1, 1, parcel, inquiry), b"\0")


def _addresses(
    match: XtMatch, parcel: Parcel, inquiry: Inquiry
) -> tuple[tuple[int, Truth], tuple[int, Truth]]:
    source, source_mask, destination, destination_mask = _HEAD.unpack_from(match.info)
    *keys, length = _ADDRESSES[parcel.version]
    from_, to = (_ct(key, length, parcel, inquiry) for key in keys)
    return (
        (_SOURCE, _is_within(from_, source, source_mask)),
        (_DESTINATION, _is_within(to, destination, destination_mask)),
    )


def _is_within(address: Octets, wanted: bytes, mask: bytes) -> Truth:
    """Whether an address is the wanted one where the mask looks.

    Of IPv4 the kernel does not mask the wanted one, which then no address is.
    """
    length = len(address.value)
    if length == len(wanted):
        wanted = masked(known(wanted), mask, bytes(length)).value
    return equals(masked(address, mask, bytes(length)), wanted[:length])


def _has_status(statuses: int, parcel: Parcel, inquiry: Inquiry) -> Truth:
    return intersects(_ct(2, 4, parcel, inquiry), statuses.to_bytes(4, NATIVE))


def _ct(key: int, length: int, parcel: Parcel, inquiry: Inquiry) -> Octets:
    found = load(CtLoad(key=key, direction=0, slot=0), parcel, inquiry)
    assert found is not None
    return cut(found, 0, length)


MATCHES: Final[Mapping[tuple[str, int], Decide]] = {
    ("connbytes", 0): connbytes,
    ("conntrack", 2): conntrack,
    ("conntrack", 3): conntrack,
    ("helper", 0): helper,
    ("state", 0): state,
}
