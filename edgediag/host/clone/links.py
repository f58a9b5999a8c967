"""Devices as dumped, as requests for devices of the same name, index, MTU and address.

Each becomes one end of a veth pair: no other kind has a carrier, takes any index and is in every
kernel that runs containers. What leaves by it goes to the other end, in a namespace of nobody's.

source  rtnetlink(7); include/uapi/linux/if_link.h, veth.h
"""

import struct
from dataclasses import dataclass
from typing import Final

from edgediag.host.attributes import attribute, attributes, native, native32, nest, string, text

_IFINFO: Final = struct.Struct("=BxHiII")
_IFF_UP, _IFF_LOWER_UP = 0x1, 0x10000
_IFF_LOOPBACK: Final = 0x8
_ADDRESS, _NAME, _MTU, _MASTER, _LINKINFO = 1, 3, 4, 10, 18
_GROUP, _NET_NS_FD = 27, 28
_KIND, _DATA, _PEER = 1, 2, 1
_ETHERNET_OCTETS: Final = 6
# The kernel's bounds for a veth device (ETH_MIN_MTU, ETH_MAX_MTU).
_LEAST_MTU, _MOST_MTU = 68, 0xFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiedLink:
    """A device; `address` is b"" where it has none of Ethernet's kind."""

    index: int
    name: str
    mtu: int
    address: bytes
    group: int
    is_loopback: bool
    is_up: bool
    has_carrier: bool
    has_master: bool


def copied_link(payload: bytes) -> CopiedLink | None:
    """The device in an RTM_NEWLINK, None where it is too short or has no name."""
    if len(payload) < _IFINFO.size:
        return None
    _, _, index, flags, _ = _IFINFO.unpack_from(payload)
    found = attributes(payload[_IFINFO.size :])
    name, address = text(found.get(_NAME)), found.get(_ADDRESS, b"")
    if not name or index <= 0:
        return None
    is_ethernet = len(address) == _ETHERNET_OCTETS and any(address) and not address[0] & 1
    return CopiedLink(
        index=index,
        name=name,
        mtu=native(found.get(_MTU, b"")[:4]),
        address=address if is_ethernet else b"",
        group=native(found.get(_GROUP, b"")[:4]),
        is_loopback=bool(flags & _IFF_LOOPBACK),
        is_up=bool(flags & _IFF_UP),
        has_carrier=bool(flags & _IFF_LOWER_UP),
        has_master=_MASTER in found,
    )


def new_link(link: CopiedLink, far_descriptor: int) -> bytes:
    """The payload of RTM_NEWLINK that makes it.

    far_descriptor  of the namespace that the other end is put into
    """
    mtu = native32(_MTU, min(max(link.mtu, _LEAST_MTU), _MOST_MTU))
    peer = (
        _head(0, is_up=False),
        string(_NAME, far_name(link.index)),
        mtu,
        native32(_NET_NS_FD, far_descriptor),
    )
    pair = nest(_LINKINFO, string(_KIND, "veth"), nest(_DATA, attribute(_PEER, b"".join(peer))))
    address = attribute(_ADDRESS, link.address) if link.address else b""
    parts = (
        _head(link.index, is_up=link.is_up),
        string(_NAME, link.name),
        mtu,
        address,
        native32(_GROUP, link.group),
        pair,
    )
    return b"".join(parts)


def raise_far_end(link: CopiedLink) -> bytes:
    """The payload of RTM_NEWLINK that gives a device a carrier, for the other end's namespace.

    The kernel refuses to make an end that is up at once (ENOTCONN, drivers/net/veth.c veth_open).
    """
    return _head(0, is_up=True) + string(_NAME, far_name(link.index))


def set_loopback(link: CopiedLink) -> bytes:
    """The payload of RTM_NEWLINK that brings the loopback device of a new namespace to this."""
    return _head(link.index, is_up=link.is_up) + native32(_MTU, link.mtu)


def far_name(index: int) -> str:
    """The other end of the device with an index of its own."""
    return f"far{index}"


def _head(index: int, *, is_up: bool) -> bytes:
    return _IFINFO.pack(0, 0, index, _IFF_UP * is_up, _IFF_UP)
