"""TCP SYN: is the port open, closed, or is nobody heard? (RFC 9293 §3.10.7)"""

from typing import Final

from edgediag.model.endpoint import ProbeKind
from edgediag.model.packet import Packet, TcpSegment
from edgediag.model.probe import Probe
from edgediag.model.reply import Reply, Reset, SynAck
from edgediag.probes.codec import PacketCodec, Timing

# What Linux offers first: 44 segments of 1460 octets.
_WINDOW: Final = 64240

_SEQUENCE_MASK: Final = 0xFFFFFFFF


def build(probe: Probe) -> TcpSegment:
    """A SYN; its sequence number is the low half of the token."""
    return TcpSegment(
        flags="S",
        sequence=_sequence(probe),
        acknowledgement=0,
        window=_WINDOW,
        payload=b"",
    )


def match(probe: Probe, packet: Packet, timing: Timing) -> Reply | None:
    """A SYN-ACK or a reset that acknowledges our SYN and nothing else.

    source  RFC 9293 §3.10.7.1 (a closed port acknowledges sequence + 1), §3.10.7.3

    A reset without ACK is None: it names no sequence number of ours, and a real client in
    SYN-SENT ignores it too (§3.10.7.3), so that it blocks nobody.
    """
    return _answer(probe, packet)


def courtesy(probe: Probe, packet: Packet) -> TcpSegment | None:
    """The reset that closes what a SYN-ACK opened, None where `packet` opened nothing.

    It bears the sequence number that the peer expects next, the only one that takes it out of
    SYN-RECEIVED at once (RFC 9293 §3.10.7.4; RFC 5961 §3.2).
    """
    if probe.kind is not ProbeKind.TCP_SYN or not isinstance(_answer(probe, packet), SynAck):
        return None
    return TcpSegment(
        flags="R",
        sequence=_next_sequence(probe),
        acknowledgement=0,
        window=0,
        payload=b"",
    )


def _answer(probe: Probe, packet: Packet) -> SynAck | Reset | None:
    segment = packet.payload
    if packet.flow != probe.flow.reversed() or not isinstance(segment, TcpSegment):
        return None
    if "A" not in segment.flags or segment.acknowledgement != _next_sequence(probe):
        return None
    if "R" in segment.flags:
        return Reset(hop_limit=packet.hop_limit)
    if "S" in segment.flags and "F" not in segment.flags:
        return SynAck(hop_limit=packet.hop_limit)
    return None


def _sequence(probe: Probe) -> int:
    return probe.token & _SEQUENCE_MASK


def _next_sequence(probe: Probe) -> int:
    # The SYN itself counts for one (RFC 9293 §3.4).
    return (_sequence(probe) + 1) & _SEQUENCE_MASK


CODEC = PacketCodec(kind=ProbeKind.TCP_SYN, build=build, match=match)
