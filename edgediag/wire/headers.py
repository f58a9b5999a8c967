"""IP packets and Ethernet frames to and from `Packet`."""

from dataclasses import replace
from ipaddress import IPv4Address
from typing import Any

from edgediag.compat import assert_never
from edgediag.model.exchange import NextHop
from edgediag.model.flow import Flow, Protocol
from edgediag.model.packet import (
    IcmpEcho,
    IcmpError,
    OtherPayload,
    Packet,
    TcpSegment,
    UdpChecksum,
    UdpDatagram,
)
from edgediag.wire.assigned_numbers import ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPES_VLAN
from edgediag.wire.link_type import LinkType
from edgediag.wire.network import PROTOCOLS, NetworkHeader, read_network_header
from edgediag.wire.scapy_layers import (
    ICMP,
    IP,
    TCP,
    UDP,
    Ether,
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    IPv6,
)
from edgediag.wire.transport import Transport, decode_transport
from edgediag.wire.udp_checksum import checksum_of

# IEEE 802.3 §3.2; a service tag, a customer tag and no more (IEEE 802.1Q §9.6).
_MAC_ADDRESSES_OCTETS = 12
_ETHERTYPE_OCTETS = 2
_VLAN_TAG_OCTETS = 4
_MOST_VLAN_TAGS = 2

# An Ethernet of 1500 octets less both fixed headers (RFC 9293 §3.7.1).
_MSS_IPV4 = 1460
_MSS_IPV6 = 1440

# What Linux offers with its default buffers (RFC 7323 §2.2).
_WINDOW_SHIFT = 7


def encode(packet: Packet) -> bytes:
    """The octets of an IP packet, every checksum right; IPv4 says "do not fragment".

    A SYN carries the options of a Linux SYN without time stamps, so that a middlebox takes it
    for ordinary.

    raises  ValueError for an ICMP error or another payload: edgediag sends neither
    """
    return bytes(_network_layer(packet) / _transport_layer(packet))


def frame(packet: Packet, next_hop: NextHop) -> bytes:
    """The packet as an Ethernet II frame to its next hop."""
    is_ipv4 = isinstance(packet.flow.source, IPv4Address)
    header = Ether(
        src=next_hop.source_mac,
        dst=next_hop.destination_mac,
        type=ETHERTYPE_IPV4 if is_ipv4 else ETHERTYPE_IPV6,
    )
    return bytes(header) + encode(packet)


def decode(octets: bytes, link_type: LinkType) -> Packet | None:
    """The packet in a captured frame, or None if no IP packet can be read in it.

    octets  may be cut off, and may end in the padding of a short frame
    """
    datagram = without_link_layer(octets, link_type)
    header = read_network_header(datagram)
    if header is None or header.total_octets < header.header_octets:
        return None
    transport = _transport(datagram, header)
    return Packet(
        flow=Flow(
            protocol=PROTOCOLS.get(header.number, Protocol.ICMP),
            source=header.source,
            source_port=transport.source_port,
            destination=header.destination,
            destination_port=transport.destination_port,
        ),
        hop_limit=header.hop_limit,
        ip_id=header.ip_id,
        payload=transport.payload,
    )


def without_link_layer(octets: bytes, link_type: LinkType) -> bytes:
    """The IP packet in a captured frame with what pads it, or b"" where it carries none."""
    if link_type is LinkType.RAW:
        return octets
    at = _MAC_ADDRESSES_OCTETS
    for _ in range(_MOST_VLAN_TAGS):
        if _ethertype(octets, at) in ETHERTYPES_VLAN:
            at += _VLAN_TAG_OCTETS
    is_ip = _ethertype(octets, at) in (ETHERTYPE_IPV4, ETHERTYPE_IPV6)
    return octets[at + _ETHERTYPE_OCTETS :] if is_ip else b""


def _network_layer(packet: Packet) -> Any:  # a scapy layer: scapy is not typed here
    source, destination = str(packet.flow.source), str(packet.flow.destination)
    if isinstance(packet.flow.source, IPv4Address):
        return IP(
            src=source, dst=destination, ttl=packet.hop_limit, id=packet.ip_id or 0, flags="DF"
        )
    return IPv6(src=source, dst=destination, hlim=packet.hop_limit)


def _transport_layer(packet: Packet) -> Any:  # a scapy layer: scapy is not typed here
    ports = {"sport": packet.flow.source_port, "dport": packet.flow.destination_port}
    is_ipv4 = isinstance(packet.flow.source, IPv4Address)
    match packet.payload:
        case TcpSegment() as segment:
            return _tcp_layer(segment, ports, mss=_MSS_IPV4 if is_ipv4 else _MSS_IPV6)
        case UdpDatagram(payload=payload, checksum=UdpChecksum.NONE):
            return UDP(**ports, chksum=0) / payload
        case UdpDatagram(payload=payload):
            return UDP(**ports) / payload
        case IcmpEcho() as echo:
            return _echo_layer(echo, is_ipv4=is_ipv4)
        case IcmpError() | OtherPayload() as other:
            raise ValueError(f"cannot encode {other}: only TCP, UDP and echoes are sent")
        case _:
            assert_never(packet.payload)


def _tcp_layer(segment: TcpSegment, ports: dict[str, int], *, mss: int) -> Any:
    syn_options = (
        ("MSS", mss),
        ("NOP", None),
        ("NOP", None),
        ("SAckOK", b""),
        ("NOP", None),
        ("WScale", _WINDOW_SHIFT),
    )
    layer = TCP(
        seq=segment.sequence,
        ack=segment.acknowledgement,
        flags=segment.flags,
        window=segment.window,
        options=list(syn_options) if segment.flags == "S" else [],
        **ports,
    )
    return layer / segment.payload


def _echo_layer(echo: IcmpEcho, *, is_ipv4: bool) -> Any:
    if is_ipv4:
        type_ = "echo-reply" if echo.is_reply else "echo-request"
        return ICMP(type=type_, id=echo.identifier, seq=echo.sequence) / echo.payload
    layer = ICMPv6EchoReply if echo.is_reply else ICMPv6EchoRequest
    return layer(id=echo.identifier, seq=echo.sequence, data=echo.payload)


def _ethertype(octets: bytes, at: int) -> int:
    return int.from_bytes(octets[at : at + _ETHERTYPE_OCTETS], "big")


def _transport(datagram: bytes, header: NetworkHeader) -> Transport:
    body = datagram[header.header_octets : header.total_octets]
    transport = None if header.is_later_fragment else decode_transport(body, header.number)
    if transport is not None and isinstance(transport.payload, UdpDatagram):
        checksum = checksum_of(body, header)
        return replace(transport, payload=replace(transport.payload, checksum=checksum))
    if transport is not None:
        return transport
    return Transport(source_port=0, destination_port=0, payload=OtherPayload(number=header.number))
