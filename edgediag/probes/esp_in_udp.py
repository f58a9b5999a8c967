"""A datagram in the shape of ESP in UDP: do routers carry it as they carry IKE?

Nobody has its SPI, so nobody answers it: its hop limit ends before the gateway, and what counts are
the routers that say so. Behind the ports it differs from IKE by its first four octets alone, which
are an SPI where IKE has zeros; by these a filter tells them apart.
"""

from typing import Final

from edgediag.model.endpoint import ProbeKind
from edgediag.model.packet import Packet, UdpDatagram
from edgediag.model.probe import Probe
from edgediag.model.reply import Reply
from edgediag.probes.codec import PacketCodec, Timing
from edgediag.probes.token import derived_octets, token_octets

# RFC 4303 §2: an SPI and a sequence number of four octets each; SPIs below 256 are reserved (§2.1).
_SPI_OCTETS: Final = 4
_FIRST_SEQUENCE: Final = (1).to_bytes(4, "big")
_NOT_RESERVED: Final = 0x80

# As long as a sealed TCP acknowledgement: IV, padded inner packet, integrity check.
_SEALED_OCTETS: Final = 80


def build(probe: Probe) -> UdpDatagram:
    """88 octets: an SPI of the token's with its first bit set, sequence 1, and noise."""
    spi = token_octets(probe.token)[:_SPI_OCTETS]
    spi = bytes([spi[0] | _NOT_RESERVED]) + spi[1:]
    sealed = derived_octets(probe.token, label="esp", count=_SEALED_OCTETS)
    return UdpDatagram(payload=spi + _FIRST_SEQUENCE + sealed)


def match(probe: Probe, packet: Packet, timing: Timing) -> Reply | None:
    """None: no packet answers an SPI that nobody has."""
    return None


CODEC = PacketCodec(kind=ProbeKind.ESP_IN_UDP, build=build, match=match)
