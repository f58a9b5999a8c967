"""An echo inside a VXLAN frame: does the node behind take it in, and does its answer come back?

The frame says what the kernel's own frames say, and carries an echo request, which changes nothing
on whatever host takes it. The answer comes to the overlay's port, from a port of the peer's choice;
where the echo came from an address outside of the overlay it comes bare.

source  RFC 7348 §5 (the frame), RFC 792 (the echo), RFC 1071 (the checksum)
"""

import struct
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from typing import Final

from edgediag.model.answer import NotChecked
from edgediag.model.endpoint import ProbeKind
from edgediag.model.overlay import Encapsulation
from edgediag.model.packet import IcmpEcho, Packet, UdpChecksum, UdpDatagram
from edgediag.model.probe import Probe
from edgediag.model.reply import Reply, TunnelledEcho
from edgediag.probes.codec import PacketCodec, Timing
from edgediag.probes.token import token_octets

# Flags, reserved octets, VNI in the upper 24 bits. A Linux device drops frames with other flags.
_VXLAN: Final = struct.Struct("!B3xI")
_VNI_IS_VALID: Final = 0x08

_ETHERNET: Final = struct.Struct("!6s6sH")
_ETHERTYPE_IPV4: Final = 0x0800

# RFC 791 §3.1: version and length, TOS, length, ID, fragment, TTL, protocol, checksum, addresses.
_IPV4: Final = struct.Struct("!BBHHHBBH4s4s")
_IPV4_WITHOUT_OPTIONS: Final = 0x45
_LATER_FRAGMENT: Final = 0x1FFF
_HOP_LIMIT: Final = 64
_ICMP_NUMBER: Final = 1

# Type, code, checksum, identifier, sequence.
_ECHO: Final = struct.Struct("!BBHHH")
_REQUEST: Final = 8
_REPLY: Final = 0

# The usual echo of ping(8); and what stands before it, the outer IP header and UDP's included.
_TOKEN_REPEATS: Final = 7
_OUTER_OCTETS: Final = 28
_INNER_OCTETS: Final = _VXLAN.size + _ETHERNET.size + _IPV4.size + _ECHO.size
_NOBODY: Final = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Inside:
    """The echo that a VXLAN frame carries; the data may be cut off where it came in fragments."""

    mac: str
    vni: int
    source: IPv4Address
    destination: IPv4Address
    type_: int
    identifier: int
    sequence: int
    data: bytes


def build(probe: Probe) -> UdpDatagram:
    """The VXLAN frame: identifier of the encapsulation, sequence from the IP ID, token as data.

    raises  ValueError for a probe without an encapsulation
    """
    inside = probe.encapsulation
    if isinstance(inside, NotChecked):
        raise ValueError(f"cannot build a VXLAN frame for probe {probe.id}: {inside.reason}")
    checksum = UdpChecksum.RIGHT if inside.has_checksum else UdpChecksum.NONE
    echo = _echo(inside.identifier, probe.ip_id, _data(probe))
    frame = _ETHERNET.pack(
        _mac(inside.destination_mac), _mac(inside.source_mac), _ETHERTYPE_IPV4
    )
    header = _VXLAN.pack(_VNI_IS_VALID, inside.vni << 8)
    return UdpDatagram(
        payload=header + frame + _ipv4_header(inside, len(echo)) + echo, checksum=checksum
    )


def match(probe: Probe, packet: Packet, timing: Timing) -> Reply | None:
    """The echo's answer, in a frame of the same VNI from the node that was asked, or bare."""
    inside = probe.encapsulation
    if isinstance(inside, NotChecked):
        return None
    if isinstance(packet.payload, IcmpEcho):
        expected = IcmpEcho(
            is_reply=True,
            identifier=inside.identifier,
            sequence=probe.ip_id,
            payload=_data(probe),
        )
        ends = (packet.flow.source, packet.flow.destination)
        is_ours = packet.payload == expected and ends == (inside.destination, inside.source)
        return _bare(packet) if is_ours else None
    found = _read(packet)
    if found is None or packet.flow.source != probe.flow.destination:
        return None
    if not _answers(found, inside, probe) or not isinstance(packet.payload, UdpDatagram):
        return None
    checksum = packet.payload.checksum
    return TunnelledEcho(
        is_bare=False, mac=found.mac, checksum=checksum, hop_limit=packet.hop_limit
    )


def identifier_of(packet: Packet) -> int:
    """The identifier of the echo reply that a packet is, or carries; -1 where there is none."""
    if isinstance(packet.payload, IcmpEcho):
        return packet.payload.identifier if packet.payload.is_reply else _NOBODY
    inside = _read(packet)
    return inside.identifier if inside is not None and inside.type_ == _REPLY else _NOBODY


def _bare(packet: Packet) -> TunnelledEcho:
    return TunnelledEcho(
        is_bare=True, mac="", checksum=UdpChecksum.UNKNOWN, hop_limit=packet.hop_limit
    )


def _answers(found: _Inside, inside: Encapsulation, probe: Probe) -> bool:
    # A node whose device lets packets be shorter answers in fragments: the first is enough.
    # To which MAC it is addressed tells what the node knows of this one, and not whose it is.
    expected = _Inside(
        mac=found.mac,
        vni=inside.vni,
        source=IPv4Address(int(inside.destination)),
        destination=IPv4Address(int(inside.source)),
        type_=_REPLY,
        identifier=inside.identifier,
        sequence=probe.ip_id,
        data=_data(probe),
    )
    least = len(token_octets(probe.token))
    is_start = len(found.data) >= least and expected.data.startswith(found.data)
    return is_start and replace(found, data=expected.data) == expected


def _read(packet: Packet) -> _Inside | None:
    """The echo in a VXLAN frame over IPv4, None for anything else."""
    if not isinstance(packet.payload, UdpDatagram):
        return None
    octets = packet.payload.payload
    if len(octets) < _INNER_OCTETS:
        return None
    flags, vni = _VXLAN.unpack_from(octets)
    mac, _, ethertype = _ETHERNET.unpack_from(octets, _VXLAN.size)
    header = _IPV4.unpack_from(octets, _VXLAN.size + _ETHERNET.size)
    version, _, length, _, fragment, _, number, _, source, destination = header
    if (flags, ethertype, version) != (_VNI_IS_VALID, _ETHERTYPE_IPV4, _IPV4_WITHOUT_OPTIONS):
        return None
    if number != _ICMP_NUMBER or fragment & _LATER_FRAGMENT:
        return None
    at = _INNER_OCTETS - _ECHO.size
    type_, _, _, identifier, sequence = _ECHO.unpack_from(octets, at)
    return _Inside(
        mac=mac.hex(":"),
        vni=vni >> 8,
        source=IPv4Address(source),
        destination=IPv4Address(destination),
        type_=type_,
        identifier=identifier,
        sequence=sequence,
        data=octets[_INNER_OCTETS : at - _IPV4.size + length],
    )


def _data(probe: Probe) -> bytes:
    token = token_octets(probe.token)
    if isinstance(probe.padding, NotChecked):
        return token * _TOKEN_REPEATS
    wanted = max(len(token), probe.padding.size_octets - _OUTER_OCTETS - _INNER_OCTETS)
    return (token * (wanted // len(token) + 1))[:wanted]


def _echo(identifier: int, sequence: int, data: bytes) -> bytes:
    without = _ECHO.pack(_REQUEST, 0, 0, identifier, sequence) + data
    return _ECHO.pack(_REQUEST, 0, _checksum(without), identifier, sequence) + data


def _ipv4_header(inside: Encapsulation, body_octets: int) -> bytes:
    fields = (_IPV4_WITHOUT_OPTIONS, 0, _IPV4.size + body_octets, 0, 0, _HOP_LIMIT, _ICMP_NUMBER)
    ends = (inside.source.packed, inside.destination.packed)
    return _IPV4.pack(*fields, _checksum(_IPV4.pack(*fields, 0, *ends)), *ends)


def _checksum(octets: bytes) -> int:
    padded = octets + bytes(len(octets) % 2)
    total: int = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF - total


def _mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


CODEC = PacketCodec(kind=ProbeKind.VXLAN, build=build, match=match)
