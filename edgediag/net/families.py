"""What differs between the sockets of IPv4 and those of IPv6.

Numbers are Linux's own (linux/in.h, linux/in6.h, linux/errqueue.h): Python names some of them from
3.14 on, the others not at all.
"""

import errno
import socket
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from types import MappingProxyType
from typing import Final, TypeAlias

from edgediag.model.flow import Address

Ancillary: TypeAlias = tuple[int, int, bytes]
"""A control message: level, type and data (recvmsg(2))."""

# Both mean the same: send with "do not fragment", and refuse what is longer than the path takes.
_PMTUDISC_DO: Final = 2

# struct in_pktinfo: interface, source to send from, destination as received (ip(7)); struct
# in6_pktinfo: address, interface (RFC 3542 §6).
_PACKET_INFO_4: Final = struct.Struct("=i4s4s")
_PACKET_INFO_6: Final = struct.Struct("=16si")

_IPV6_AUTOFLOWLABEL: Final = 70


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """The names of one IP version for what both can do.

    unspecified     what a socket is bound to that serves every address
    receive_errors  option and control message of queued errors
    packet_info     control message with an address of this node
    ask_packet_info  the option that asks for it with what comes in
    icmp_origin     of a queued error that an ICMP message was made into
    """

    address_family: socket.AddressFamily
    level: int
    unspecified: Address
    receive_errors: int
    packet_info: int
    ask_packet_info: int
    mtu_discover: int
    icmp_origin: int


FAMILIES: Mapping[int, Family] = MappingProxyType(
    {
        4: Family(
            address_family=socket.AF_INET,
            level=socket.IPPROTO_IP,
            unspecified=IPv4Address(0),
            receive_errors=11,
            packet_info=8,
            ask_packet_info=8,
            mtu_discover=10,
            icmp_origin=2,
        ),
        6: Family(
            address_family=socket.AF_INET6,
            level=socket.IPPROTO_IPV6,
            unspecified=IPv6Address(0),
            receive_errors=25,
            packet_info=50,
            ask_packet_info=49,
            mtu_discover=23,
            icmp_origin=3,
        ),
    }
)


def is_supported(version: int) -> bool:
    """True if this kernel makes sockets of the IP version."""
    try:
        socket.socket(FAMILIES[version].address_family, socket.SOCK_DGRAM).close()
    except OSError as exc:
        return exc.errno != errno.EAFNOSUPPORT
    return True


def bound(version: int, kind: socket.SocketKind, port: int) -> socket.socket:
    """A socket of one IP version alone, bound to a port on every address; it never blocks.

    Of IPv6 its packets carry flow label 0, as those have that are sent whole: routers may choose
    among paths by it (RFC 6438 §3), and the kernel's own choice, a hash that it draws anew for
    each connection and again for each of its timeouts, is on no other packet of the flow
    (Documentation/networking/ip-sysctl.rst, auto_flowlabels; 3 there enforces it all the same).

    raises  OSError, EADDRINUSE where the port is taken
    """
    family = FAMILIES[version]
    opened = socket.socket(family.address_family, kind)
    try:
        opened.setblocking(False)
        if version == 6:
            opened.setsockopt(family.level, socket.IPV6_V6ONLY, 1)
            opened.setsockopt(family.level, _IPV6_AUTOFLOWLABEL, 0)
        opened.bind((str(family.unspecified), port))
    except OSError:
        opened.close()
        raise
    return opened


def prepare_datagrams(held: socket.socket, version: int) -> None:
    """Have a UDP socket queue its errors, say where datagrams came to, and fragment nothing."""
    family = FAMILIES[version]
    held.setsockopt(family.level, family.receive_errors, 1)
    held.setsockopt(family.level, family.ask_packet_info, 1)
    held.setsockopt(family.level, family.mtu_discover, _PMTUDISC_DO)


def source_info(source: Address) -> Ancillary:
    """The control message that sends from `source`.

    Without it Linux asks for the route of an unconnected socket with no source address, and
    policy rules "from …" do not match (measured on 6.18).
    """
    family = FAMILIES[source.version]
    if isinstance(source, IPv4Address):
        return family.level, family.packet_info, _PACKET_INFO_4.pack(0, source.packed, bytes(4))
    return family.level, family.packet_info, _PACKET_INFO_6.pack(source.packed, 0)


def arrived_at(version: int, ancillary: Iterable[Ancillary]) -> Address:
    """The address of this node that a datagram came to, unspecified where it is not told."""
    family = FAMILIES[version]
    for level, type_, value in ancillary:
        if (level, type_) == (family.level, family.packet_info):
            if version == 4:
                return IPv4Address(_PACKET_INFO_4.unpack_from(value)[2])
            return IPv6Address(_PACKET_INFO_6.unpack_from(value)[0])
    return family.unspecified
