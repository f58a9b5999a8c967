"""ICMP echo: does the host answer at all? (RFC 792 "Echo or Echo Reply Message"; RFC 4443 §4)"""

from dataclasses import replace
from typing import Final

from edgediag.model.answer import NotChecked
from edgediag.model.endpoint import ProbeKind
from edgediag.model.packet import IcmpEcho, Packet
from edgediag.model.probe import Probe
from edgediag.model.reply import EchoReply, Reply
from edgediag.probes.codec import PacketCodec, Timing
from edgediag.probes.token import token_octets

# 56 octets in all, as ping(8) sends: filters that look at the size know no smaller echo.
_TOKEN_REPEATS: Final = 7

# An IPv4 header without options (RFC 791 §3.1), and that of the echo.
_HEADER_OCTETS: Final = 28


def build(probe: Probe) -> IcmpEcho:
    """An echo request; identifier from the flow, sequence from the IP ID, the token as data.

    Stretched, the IPv4 packet is as long as the padding says.
    """
    return IcmpEcho(
        is_reply=False,
        identifier=probe.flow.source_port,
        sequence=probe.ip_id,
        payload=_data(probe),
    )


def match(probe: Probe, packet: Packet, timing: Timing) -> Reply | None:
    """An echo reply that returns identifier, sequence and data unchanged, as it must."""
    expected = replace(build(probe), is_reply=True)
    if packet.flow != probe.flow.reversed() or packet.payload != expected:
        return None
    return EchoReply(hop_limit=packet.hop_limit)


def _data(probe: Probe) -> bytes:
    token = token_octets(probe.token)
    if isinstance(probe.padding, NotChecked):
        return token * _TOKEN_REPEATS
    wanted = max(len(token), probe.padding.size_octets - _HEADER_OCTETS)
    return (token * (wanted // len(token) + 1))[:wanted]


CODEC = PacketCodec(kind=ProbeKind.ICMP_ECHO, build=build, match=match)
