"""A datagram in the shape of IKE_AUTH: do routers carry it as they carry IKE_SA_INIT?

It belongs to no IKE SA, and what stands for the sealed part is noise. It must never come to a
gateway: its hop limit is none at which IKE_SA_INIT, on the same flow, did not expire at a router.
What counts are the routers that say so. From IKE_SA_INIT it differs by the exchange in its header,
which stands in the clear; by this a box on the path tells them apart.
"""

import struct
from typing import Final

from edgediag.model.answer import NotChecked
from edgediag.model.endpoint import ProbeKind
from edgediag.model.packet import Packet, UdpDatagram
from edgediag.model.probe import Probe
from edgediag.model.reply import Reply
from edgediag.probes.codec import PacketCodec, Timing
from edgediag.probes.token import derived_octets

# RFC 3948 §2.2.
_NON_ESP_MARKER: Final = bytes(4)

# RFC 7296 §3.1: both SPIs, next payload, version, exchange, flags, message id, length. IKE_AUTH is
# the second exchange of an IKE SA, hence message 1 (§2.2).
_HEADER: Final = struct.Struct("!8s8sBBBBII")
_VERSION_2: Final = 0x20
_IKE_AUTH: Final = 35
_INITIATOR: Final = 0x08
_SECOND_MESSAGE: Final = 1
_SPI_OCTETS: Final = 8
_NO_SPI: Final = bytes(_SPI_OCTETS)

# §3.2, §3.14: the Encrypted payload comes last, and its next payload is the first inside, an
# identity (§1.2).
_PAYLOAD: Final = struct.Struct("!BBH")
_ENCRYPTED: Final = 46
_IDENTITY: Final = 35

# Without options (RFC 791 §3.1, RFC 768).
_IPV4_AND_UDP_OCTETS: Final = 28
OCTETS_BEFORE_IKE: Final = _IPV4_AND_UDP_OCTETS + len(_NON_ESP_MARKER)

# As Raven's pluto sends it: 409 octets, measured with libreswan 4.10.
_USUAL_OCTETS: Final = 405


def build(probe: Probe) -> UdpDatagram:
    """Marker, header with two SPIs of the token's, and one Encrypted payload of noise."""
    least = _HEADER.size + _PAYLOAD.size
    octets = max(least, _message_octets(probe))
    spis = derived_octets(probe.token, label="ike-auth-spis", count=2 * _SPI_OCTETS)
    header = _HEADER.pack(
        _spi(spis[:_SPI_OCTETS]),
        _spi(spis[_SPI_OCTETS:]),
        _ENCRYPTED,
        _VERSION_2,
        _IKE_AUTH,
        _INITIATOR,
        _SECOND_MESSAGE,
        octets,
    )
    sealed = derived_octets(probe.token, label="ike-auth", count=octets - least)
    payload = _PAYLOAD.pack(_IDENTITY, 0, _PAYLOAD.size + len(sealed)) + sealed
    return UdpDatagram(payload=_NON_ESP_MARKER + header + payload)


def match(probe: Probe, packet: Packet, timing: Timing) -> Reply | None:
    """None: it comes to nobody who would answer."""
    return None


def _message_octets(probe: Probe) -> int:
    if isinstance(probe.padding, NotChecked):
        return _USUAL_OCTETS
    return probe.padding.size_octets - OCTETS_BEFORE_IKE


def _spi(octets: bytes) -> bytes:
    # Zero is no SPI (§3.1).
    return octets if octets != _NO_SPI else b"\x01" + octets[1:]


CODEC = PacketCodec(kind=ProbeKind.IKE_AUTH, build=build, match=match)
