"""Matches by where a packet comes from and goes to: addresses, devices, realms.

source  include/uapi/linux/netfilter/xt_addrtype.h, xt_iprange.h, xt_mac.h, xt_physdev.h,
        xt_pkttype.h, xt_realm.h, xt_rpfilter.h, netfilter_ipv4/ipt_iprange.h
"""

import struct
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from edgediag.host.attributes import text
from edgediag.host.netfilter.xt.option import (
    Blob,
    Decoders,
    chosen,
    flagged,
    joined,
    masked,
    option,
)

_ADDRTYPE_0: Final = struct.Struct("=HHII")
_ADDRTYPE_1: Final = struct.Struct("=HHI")
_TYPES: Final = (
    "UNSPEC", "UNICAST", "LOCAL", "BROADCAST", "ANYCAST", "MULTICAST", "BLACKHOLE",
    "UNREACHABLE", "PROHIBIT", "THROW", "NAT", "XRESOLVE",
)  # fmt: skip
_IFACES: Final = {4: "--limit-iface-in", 8: "--limit-iface-out"}
_IPRANGE_0: Final = struct.Struct("=4s4s4s4sB")
_IPRANGE_FLAGS_AT: Final = 64
_MAC: Final = struct.Struct("=6s2xi")
_PHYSDEV: Final = struct.Struct("=16s16s16s16sBB")
_PKTTYPE: Final = struct.Struct("=ii")
_PACKET_TYPES: Final = ("unicast", "broadcast", "multicast")
_DEVGROUP: Final = struct.Struct("=IIIII")
_REALM: Final = struct.Struct("=IIB")
_OCTET: Final = struct.Struct("=B")
_RPFILTER: Final = {1: "--loose", 2: "--validmark", 4: "--accept-local", 8: "--invert"}


def _addrtype(blob: Blob) -> str:
    if blob.revision:
        source, destination, flags = blob.numbers(_ADDRTYPE_1)
    else:
        source, destination, *inverted = blob.numbers(_ADDRTYPE_0)
        flags = bool(inverted[0]) | bool(inverted[1]) << 1
    return joined(
        (
            _types("--src-type", source, flags & 1),
            _types("--dst-type", destination, flags & 2),
            *flagged(flags, _IFACES),
        )
    )


def _types(name: str, types: int, inverted: int) -> str:
    names = [word for bit, word in enumerate(_TYPES) if types >> bit & 1]
    return option(name, ",".join(names), inverted) if types else ""


def _iprange(blob: Blob) -> str:
    bounds: list[IPv4Address | IPv6Address]
    if blob.revision:
        bounds = [blob.address(start) for start in (0, 16, 32, 48)]
        (flags,) = blob.numbers(_OCTET, _IPRANGE_FLAGS_AT)
    else:
        *octets, flags = blob.numbers(_IPRANGE_0)
        bounds = [IPv4Address(each) for each in octets]
    options = {
        1: option("--src-range", f"{bounds[0]}-{bounds[1]}", flags & 0x10),
        2: option("--dst-range", f"{bounds[2]}-{bounds[3]}", flags & 0x20),
    }
    return joined(flagged(flags, options))


def _mac(blob: Blob) -> str:
    address, inverted = blob.numbers(_MAC)
    return option("--mac-source", address.hex(":"), inverted)


def _physdev(blob: Blob) -> str:
    incoming, in_mask, outgoing, out_mask, inverted, asked = blob.numbers(_PHYSDEV)
    options = {
        8: option("--physdev-is-in", "", inverted & 8),
        1: option("--physdev-in", _device(incoming, in_mask), inverted & 1),
        16: option("--physdev-is-out", "", inverted & 16),
        2: option("--physdev-out", _device(outgoing, out_mask), inverted & 2),
        4: option("--physdev-is-bridged", "", inverted & 4),
    }
    return joined(flagged(asked, options))


def _device(name: bytes, mask: bytes) -> str:
    """A device, with "+" where every name that begins so is meant."""
    words, length = text(name), len(mask.partition(b"\0")[0])
    return words if name[length - 1 : length] == b"\0" else f"{text(name[:length])}+"


def _pkttype(blob: Blob) -> str:
    type_, inverted = blob.numbers(_PKTTYPE)
    return option("--pkt-type", chosen(_PACKET_TYPES, type_), inverted)


def _realm(blob: Blob) -> str:
    realm, mask, inverted = blob.numbers(_REALM)
    return option("--realm", masked(realm, mask), inverted)


def _rpfilter(blob: Blob) -> str:
    (flags,) = blob.numbers(_OCTET)
    return joined(flagged(flags, _RPFILTER))


def _devgroup(blob: Blob) -> str:
    flags, *groups = blob.numbers(_DEVGROUP)
    source, source_mask, destination, destination_mask = groups
    options = {
        1: option("--src-group", masked(source, source_mask), flags & 2),
        4: option("--dst-group", masked(destination, destination_mask), flags & 8),
    }
    return joined(flagged(flags, options))


MATCHES: Final[Decoders] = {
    ("addrtype", 0): _addrtype,
    ("addrtype", 1): _addrtype,
    ("devgroup", 0): _devgroup,
    ("iprange", 0): _iprange,
    ("iprange", 1): _iprange,
    ("mac", 0): _mac,
    ("physdev", 0): _physdev,
    ("pkttype", 0): _pkttype,
    ("realm", 0): _realm,
    ("rpfilter", 0): _rpfilter,
}
