"""The addresses of IPv6 that one device has, and from which of them it asks for a neighbour.

source  include/uapi/linux/if_addr.h (struct ifaddrmsg, IFA_*, IFA_F_*); net/ipv6/ndisc.c
        (ndisc_solicit)
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Final

from edgediag.host.attributes import attributes, native
from edgediag.model.flow import Address

_HEAD: Final = struct.Struct("=BBBBi")
_AF_INET6: Final = 10
_ADDRESS, _LOCAL, _FLAGS = 1, 2, 8
_ADDRESS_OCTETS: Final = 16
# IFA_F_OPTIMISTIC and IFA_F_TENTATIVE: it may turn out to be somebody else's.
_NOT_YET: Final = 0x04 | 0x40


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceAddress:
    """An address that is in use; `index` of its device."""

    index: int
    address: IPv6Address


def addresses_request() -> bytes:
    """The payload of an RTM_GETADDR dump of all addresses of IPv6."""
    return _HEAD.pack(_AF_INET6, 0, 0, 0, 0)


def decode_device_address(payload: bytes) -> DeviceAddress | None:
    """The address of an RTM_NEWADDR, None where it has none of IPv6 or is not in use yet."""
    if len(payload) < _HEAD.size:
        return None
    family, _, flags, _, index = _HEAD.unpack_from(payload)
    found = attributes(payload[_HEAD.size :])
    octets = found.get(_LOCAL, found.get(_ADDRESS, b""))
    is_in_use = not (native(found[_FLAGS]) if _FLAGS in found else flags) & _NOT_YET
    if family != _AF_INET6 or len(octets) != _ADDRESS_OCTETS or not is_in_use:
        return None
    return DeviceAddress(index=index, address=IPv6Address(octets))


def asked_from(
    own: Iterable[DeviceAddress], device: int, source: Address | None
) -> Address | None:
    """The source of a solicitation for a packet's next hop, None where it is not known.

    source  of the packet: where the device does not have it, its link-local address takes its place
    """
    addresses = [each.address for each in own if each.index == device]
    if source is None or source in addresses:
        return source
    link_local = [address for address in addresses if address.is_link_local]
    return link_local[0] if len(link_local) == 1 else None
