"""Addresses, routes, policy rules and neighbours as dumped, as requests that make them anew.

The octets made are the same for the same object in both namespaces, so that two dumps can be
compared.

source  rtnetlink(7); include/uapi/linux/if_addr.h, rtnetlink.h, fib_rules.h, neighbour.h
"""

import struct
from collections.abc import Iterator
from typing import Final

from edgediag.host.attributes import attribute, attributes, native, native32
from edgediag.host.clone.pieces import only, pieces, without

_IFADDR: Final = struct.Struct("=BBBBI")
_IFA_CACHEINFO, _IFA_FLAGS = 6, 8
_IFA_KEPT: Final = frozenset({1, 2, 3, 4, 9})
_IFA_F_NODAD, _IFA_F_DEPRECATED, _IFA_F_NOPREFIXROUTE = 0x02, 0x20, 0x200
_FOREVER: Final = 0xFFFFFFFF

_RTMSG: Final = struct.Struct("=BBBBBBBBI")
_RTA_MULTIPATH: Final = 9
# Cache, expiry, padding and the id of a next hop object, whose contents stand beside it.
_RTA_LEFT_OUT: Final = frozenset({_RTA_MULTIPATH, 12, 23, 24, 30})
_RTM_F_CLONED: Final = 0x200
_RTNH_F_ONLINK: Final = 4
_NEXT_HOP: Final = struct.Struct("=HBBi")
_RTA_GATEWAY, _RTA_VIA = 5, 18

_RULE: Final = struct.Struct("=BBBBBBBBI")
_FRA_LEFT_OUT: Final = frozenset({18})
_FIB_RULE_INVERT: Final = 2

_NDMSG: Final = struct.Struct("=BxxxiHBB")
_NDA_DST, _NDA_LLADDR = 1, 2
_NTF_PROXY, _NTF_ROUTER = 0x08, 0x80
_NUD_PERMANENT: Final = 0x80
# Reachable, stale, delayed, probed or permanent: an address that packets are sent to.
_NUD_VALID: Final = 0x02 | 0x04 | 0x08 | 0x10 | 0x80


def copied_address(payload: bytes) -> bytes | None:
    """RTM_NEWADDR for an address of a dump: it lasts, and brings no route of its own."""
    if len(payload) < _IFADDR.size:
        return None
    family, length, flags, scope, index = _IFADDR.unpack_from(payload)
    body = payload[_IFADDR.size :]
    is_deprecated = (native(attributes(body).get(_IFA_FLAGS)) | flags) & _IFA_F_DEPRECATED
    preferred = 0 if is_deprecated else _FOREVER
    parts = (
        _IFADDR.pack(family, length, 0, scope, index),
        only(body, _IFA_KEPT),
        native32(_IFA_FLAGS, _IFA_F_NODAD | _IFA_F_NOPREFIXROUTE),
        attribute(_IFA_CACHEINFO, struct.pack("=IIII", preferred, _FOREVER, 0, 0)),
    )
    return b"".join(parts)


def copied_route(payload: bytes) -> bytes | None:
    """RTM_NEWROUTE for a route of a dump; None for one that the kernel only remembers."""
    if len(payload) < _RTMSG.size:
        return None
    *head, flags = _RTMSG.unpack_from(payload)
    if flags & _RTM_F_CLONED:
        return None
    body = payload[_RTMSG.size :]
    hops = attributes(body).get(_RTA_MULTIPATH)
    several = b"" if hops is None else attribute(_RTA_MULTIPATH, b"".join(_next_hops(hops)))
    kept = without(body, _RTA_LEFT_OUT)
    return _RTMSG.pack(*head, flags & _RTNH_F_ONLINK) + kept + several


def is_direct(route: bytes) -> bool:
    """Whether a copied route has no gateway, so that others may rest on it."""
    types = {type_ for type_, _ in pieces(route[_RTMSG.size :])}
    return not types & {_RTA_GATEWAY, _RTA_VIA, _RTA_MULTIPATH}


def copied_rule(payload: bytes) -> bytes | None:
    """RTM_NEWRULE for a policy rule of a dump."""
    if len(payload) < _RULE.size:
        return None
    *head, flags = _RULE.unpack_from(payload)
    kept = without(payload[_RULE.size :], _FRA_LEFT_OUT)
    return _RULE.pack(*head, flags & _FIB_RULE_INVERT) + kept


def copied_neighbour(payload: bytes) -> bytes | None:
    """RTM_NEWNEIGH for a neighbour that packets are sent to, for good; None for all others."""
    if len(payload) < _NDMSG.size:
        return None
    family, index, state, flags, type_ = _NDMSG.unpack_from(payload)
    kept = only(payload[_NDMSG.size :], frozenset({_NDA_DST, _NDA_LLADDR}))
    if not state & _NUD_VALID or flags & _NTF_PROXY or _NDA_LLADDR not in attributes(kept):
        return None
    return _NDMSG.pack(family, index, _NUD_PERMANENT, flags & _NTF_ROUTER, type_) + kept


def _next_hops(octets: bytes) -> Iterator[bytes]:
    """Each hop of a route with several, without what its device makes of it just now."""
    offset = 0
    while offset + _NEXT_HOP.size <= len(octets):
        length, flags, weight, index = _NEXT_HOP.unpack_from(octets, offset)
        if length < _NEXT_HOP.size or offset + length > len(octets):
            return
        inner = octets[offset + _NEXT_HOP.size : offset + length]
        yield _NEXT_HOP.pack(length, flags & _RTNH_F_ONLINK, weight, index) + inner
        offset += (length + 3) & ~3
