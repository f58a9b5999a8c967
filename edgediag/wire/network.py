"""The network layer of a packet, IPv4 or IPv6, as one value."""

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from edgediag.model.flow import Address, Protocol
from edgediag.wire import ipv6_fragment
from edgediag.wire.assigned_numbers import (
    ICMP_NUMBER,
    ICMPV6_NUMBER,
    TCP_NUMBER,
    UDP_NUMBER,
)
from edgediag.wire.scapy_layers import IPv6

# Without options (RFC 791 §3.1); RFC 8200 §3.
IPV4_HEADER_OCTETS = 20
IPV6_HEADER_OCTETS = 40

# RFC 791 §3.1: version and length in words, total length, identification, flags and offset, time to
# live, protocol, both addresses; type of service and checksum are passed over.
_IPV4: Final = struct.Struct("!BxHHHBBxx4s4s")
_HEADER_WORDS: Final = 0x0F
_FRAGMENT_OFFSET: Final = 0x1FFF

PROTOCOLS = {
    ICMP_NUMBER: Protocol.ICMP,
    TCP_NUMBER: Protocol.TCP,
    UDP_NUMBER: Protocol.UDP,
    ICMPV6_NUMBER: Protocol.ICMP,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkHeader:
    """What the network layer says.

    ip_id              None in IPv6
    number             IP protocol number of what follows; in IPv6 the first next header, or the
                       one behind a fragment header
    header_octets      where the transport layer begins
    total_octets       where the packet ends, as the header claims; link-layer padding follows
    is_later_fragment  it carries no transport header
    """

    source: Address
    destination: Address
    hop_limit: int
    ip_id: int | None
    number: int
    header_octets: int
    total_octets: int
    is_later_fragment: bool


def read_network_header(datagram: bytes) -> NetworkHeader | None:
    """The header that `datagram` begins with, or None if it is neither IPv4 nor IPv6, or cut off.

    source  RFC 791 §3.1, RFC 8200 §3 and §4.5
    """
    version = datagram[0] >> 4 if datagram else 0
    if version == 4 and len(datagram) >= IPV4_HEADER_OCTETS:
        return _ipv4(datagram)
    if version == 6 and len(datagram) >= IPV6_HEADER_OCTETS:
        return _ipv6(datagram)
    return None


def _ipv4(datagram: bytes) -> NetworkHeader | None:
    # By hand: scapy takes 60 us for the same, and a tunnel that is listened to has many packets.
    first, total, ip_id, fragment, hop_limit, number, source, destination = _IPV4.unpack_from(
        datagram
    )
    header_octets = (first & _HEADER_WORDS) * 4
    if header_octets < IPV4_HEADER_OCTETS:
        return None
    return NetworkHeader(
        source=IPv4Address(source),
        destination=IPv4Address(destination),
        hop_limit=hop_limit,
        ip_id=ip_id,
        number=number,
        header_octets=header_octets,
        total_octets=total,
        is_later_fragment=bool(fragment & _FRAGMENT_OFFSET),
    )


def _ipv6(datagram: bytes) -> NetworkHeader:
    header = IPv6(datagram[:IPV6_HEADER_OCTETS])
    behind = datagram[IPV6_HEADER_OCTETS : IPV6_HEADER_OCTETS + ipv6_fragment.OCTETS]
    is_piece = header.nh == ipv6_fragment.NUMBER and len(behind) == ipv6_fragment.OCTETS
    return NetworkHeader(
        source=IPv6Address(header.src),
        destination=IPv6Address(header.dst),
        hop_limit=header.hlim,
        ip_id=None,
        number=behind[0] if is_piece else header.nh,
        header_octets=IPV6_HEADER_OCTETS + (ipv6_fragment.OCTETS if is_piece else 0),
        total_octets=IPV6_HEADER_OCTETS + header.plen,
        is_later_fragment=is_piece and ipv6_fragment.offset_in(behind) > 0,
    )
