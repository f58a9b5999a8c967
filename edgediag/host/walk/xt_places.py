"""iptables' matches on addresses, devices and what a packet is to this host.

source  net/netfilter/xt_addrtype.c, xt_iprange.c, xt_pkttype.c, xt_mac.c, xt_physdev.c
        (Linux 6.18)
"""

import struct
from collections.abc import Mapping
from ipaddress import IPv6Address
from typing import Final

from edgediag.host.attributes import NATIVE, native
from edgediag.host.netfilter.statement import XtMatch
from edgediag.host.walk.inquiry import Inquiry
from edgediag.host.walk.loads import address_type, packet_type
from edgediag.host.walk.needs import NeedAddressType
from edgediag.host.walk.octets import Octets, Truth, Unsure, both, lies_between, turned
from edgediag.host.walk.parcel import Parcel
from edgediag.host.walk.xt_decide import Decide
from edgediag.model.packet import LOOPBACK

_ADDRTYPE_0: Final = struct.Struct("=HHII")
_ADDRTYPE_1: Final = struct.Struct("=HHI")
# enum of linux/netfilter/xt_addrtype.h: bits of what an IPv6 address is by itself.
_UNSPECIFIED, _UNICAST, _LOCAL, _MULTICAST = 0x01, 0x02, 0x04, 0x20
_LOCAL_TYPE: Final = 2
_IPRANGE: Final = struct.Struct("=16s16s16s16sB")
_PKTTYPE: Final = struct.Struct("=ii")
_PHYSDEV: Final = struct.Struct("=64xBB")
_IPV6_OCTETS: Final = 16


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
        turned(_is_of_type(address, types, inquiry), is_inverted)
        for address, types, is_inverted in (
            (parcel.source, source, is_source_inverted),
            (parcel.destination, destination, is_destination_inverted),
        )
        if types
    )
    return both(*truths)


def _is_of_type(address: Octets, types: int, inquiry: Inquiry) -> Truth:
    """Whether an address is of one of the types; of IPv6 the kernel wants it to be of all."""
    if address.is_known and len(address.value) == _IPV6_OCTETS:
        return _is_of_types_6(IPv6Address(address.value), types, inquiry)
    found = address_type(address, inquiry)
    if not found.is_known:
        return Unsure(reason=found.reason)
    return bool(types >> int.from_bytes(found.value, NATIVE) & 1)


def _is_of_types_6(address: IPv6Address, types: int, inquiry: Inquiry) -> Truth:
    is_unspecified, is_multicast = address.is_unspecified, address.is_multicast
    is_unicast = not (is_unspecified or is_multicast or address.ipv4_mapped)
    by_itself = ((_UNSPECIFIED, is_unspecified), (_UNICAST, is_unicast), (_MULTICAST, is_multicast))
    if not all(is_it for bit, is_it in by_itself if types & bit):
        return False
    asked = types & ~(_UNSPECIFIED | _UNICAST | _MULTICAST)
    if not asked:
        return True
    type_ = inquiry.look_up(NeedAddressType(address=address))
    # To no device in particular: anycast and unreachable are not told by a route's type.
    is_told = isinstance(type_, int) and asked == _LOCAL
    return type_ == _LOCAL_TYPE if is_told else Unsure(reason="the address's type")


def _iprange(match: XtMatch, parcel: Parcel, inquiry: Inquiry) -> Truth:
    *unions, flags = _IPRANGE.unpack_from(match.info)
    bounds = [union[: len(parcel.source.value)] for union in unions]
    is_source = turned(lies_between(parcel.source, bounds[0], bounds[1]), flags & 0x10)
    is_destination = turned(lies_between(parcel.destination, bounds[2], bounds[3]), flags & 0x20)
    truths = ((is_source, flags & 1), (is_destination, flags & 2))
    return both(*(truth for truth, is_asked in truths if is_asked))


def _pkttype(match: XtMatch, parcel: Parcel, inquiry: Inquiry) -> Truth | None:
    wanted, inverted = _PKTTYPE.unpack_from(match.info)
    sent_to = packet_type(parcel, inquiry)
    return turned(native(sent_to.value) == wanted, inverted) if sent_to.is_known else None


def _mac(match: XtMatch, parcel: Parcel, inquiry: Inquiry) -> Truth | None:
    # Inverted or not: of a packet without an Ethernet header the kernel says no.
    return False if _is_without_ethernet(parcel) else None


def _physdev(match: XtMatch, parcel: Parcel, inquiry: Inquiry) -> Truth | None:
    inverted, asked = _PHYSDEV.unpack_from(match.info)
    # A packet that no bridge has carried has none of the devices, and none of the properties.
    return bool(not asked & ~inverted) if _is_without_ethernet(parcel) else None


def _is_without_ethernet(parcel: Parcel) -> bool:
    """Whether the packet has come in by no device of Ethernet, and so by no port of a bridge."""
    return not parcel.incoming.index or parcel.incoming.name == LOOPBACK


MATCHES: Final[Mapping[tuple[str, int], Decide]] = {
    ("addrtype", 0): _addrtype,
    ("addrtype", 1): _addrtype,
    ("iprange", 1): _iprange,
    ("mac", 0): _mac,
    ("physdev", 0): _physdev,
    ("pkttype", 0): _pkttype,
}
