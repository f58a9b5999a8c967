"""Octets with a hop limit on a connection that the kernel holds: a ladder behind the handshake.

The kernel sends nothing on such a connection itself, so that nothing is sent twice by it, and each
segment is one that it might have sent. What a segment draws is told by the order: the next is sent
only when the answer to the one before must have come.
"""

from typing import Final

from edgediag.model.packet import Packet, TcpSegment
from edgediag.model.probe import Probe, Purpose
from edgediag.model.reply import Acknowledged, Reply, Reset
from edgediag.session.track import Stream, Track

# What Linux offers first: 44 segments of 1460 octets.
_WINDOW: Final = 64240

# A packet of 1492 octets, as a full-sized answer is behind PPPoE (RFC 2516 §7).
_LARGE_OCTETS: Final = 1452


def is_carried(probe: Probe) -> bool:
    """True for octets that are sent on the connection of another probe."""
    return probe.purpose in (Purpose.OCTETS, Purpose.LARGE_OCTETS)


def octets_of(probe: Probe, hello: bytes) -> bytes:
    """The octets of a rung: the ClientHello, followed by zeros where it shall be large."""
    is_large = probe.purpose is Purpose.LARGE_OCTETS
    return hello.ljust(_LARGE_OCTETS, b"\0") if is_large else hello


def segment(track: Track, stream: Stream) -> TcpSegment:
    """The octets as the next segment of the connection; it counts as the last that was sent."""
    stream.last_rung = track.probe.id
    return TcpSegment(
        flags="PA",
        sequence=stream.next_sequence or 0,
        acknowledgement=stream.next_acknowledgement,
        window=_WINDOW,
        payload=_payload(track),
    )


def answer(track: Track, packet: Packet) -> Reply | None:
    """What a segment in the host's name says to the octets sent last, None where it says nothing.

    A reset needs no number of ours: who made it is what is asked.
    """
    stream, said = _stream(track), packet.payload
    if not isinstance(said, TcpSegment) or stream is None or stream.last_rung != track.probe.id:
        return None
    if "R" in said.flags:
        return Reset(hop_limit=packet.hop_limit)
    return Acknowledged(hop_limit=packet.hop_limit) if _is_covered(track, stream, said) else None


def farewell(track: Track, packet: Packet) -> TcpSegment | None:
    """The reset that ends the far end's side, None where it took nothing in.

    The kernel's own bears the sequence number before the octets, which is out of the window then.

    source  RFC 9293 §3.10.7.4; RFC 5961 §3.2
    """
    stream, said = _stream(track), packet.payload
    if not isinstance(said, TcpSegment) or stream is None or not _is_covered(track, stream, said):
        return None
    sequence = said.acknowledgement
    return TcpSegment(flags="R", sequence=sequence, acknowledgement=0, window=0, payload=b"")


def _is_covered(track: Track, stream: Stream, said: TcpSegment) -> bool:
    if "A" not in said.flags or "R" in said.flags or stream.next_sequence is None:
        return False
    covered = (said.acknowledgement - stream.next_sequence) % 2**32
    return 0 < covered <= len(_payload(track))


def _stream(track: Track) -> Stream | None:
    return None if track.carrier is None else track.carrier.stream


def _payload(track: Track) -> bytes:
    return track.payload if isinstance(track.payload, bytes) else b""
