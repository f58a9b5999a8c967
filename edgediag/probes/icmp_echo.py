"""ICMP echo: does the host answer at all? (RFC 792 "Echo or Echo Reply Message"; RFC 4443 §4)"""

from dataclasses import replace
from typing import Final

from edgediag.model.endpoint import ProbeKind
from edgediag.model.packet import IcmpEcho, Packet
from edgediag.model.probe import Probe
from edgediag.model.reply import EchoReply, Reply
from edgediag.probes.codec import PacketCodec, Timing
from edgediag.probes.token import token_octets

# 56 octets in all, as ping(8) sends: filters that look at the size know no smaller echo.
_TOKEN_REPEATS: Final = 7


def build(probe: Probe) -> IcmpEcho:
    """An echo request; identifier from the flow, sequence from the IP ID, the token as data."""
    return IcmpEcho(
        is_reply=False,
        identifier=probe.flow.source_port,
        sequence=probe.ip_id,
        payload=token_octets(probe.token) * _TOKEN_REPEATS,
    )


def match(probe: Probe, packet: Packet, timing: Timing) -> Reply | None:
    """An echo reply that returns identifier, sequence and data unchanged, as it must."""
    expected = replace(build(probe), is_reply=True)
    if packet.flow != probe.flow.reversed() or packet.payload != expected:
        return None
    return EchoReply(hop_limit=packet.hop_limit)


CODEC = PacketCodec(kind=ProbeKind.ICMP_ECHO, build=build, match=match)
