"""What happens to a stream: a TCP connection that the kernel holds for a probe."""

from edgediag.model.exchange import Action, CloseStream, StreamOpened, StreamReceived
from edgediag.model.packet import Packet, TcpSegment
from edgediag.probes import stream_codec
from edgediag.session.track import Stream, Track, is_at_or_after

# Octets of a stream that are kept: the first TLS record is at most 16 KiB (RFC 8446 §5.1).
MAX_STREAM_OCTETS = 32 * 1024


def closing(track: Track) -> tuple[Action, ...]:
    """What closes a stream that is settled, once; nothing for other probes."""
    if track.stream is None or track.is_closed or not track.tries:
        return ()
    track.is_closed = True
    return (CloseStream(probe=track.probe.id),)


def opened(track: Track, event: StreamOpened) -> None:
    """connect() succeeded."""
    if track.stream is not None:
        track.stream.is_open = True
        track.answered_s = event.at_s


def received(track: Track, event: StreamReceived) -> None:
    """Octets came, or the end."""
    stream = track.stream
    if stream is None:
        return
    stream.is_ended = stream.is_ended or not event.payload
    room = MAX_STREAM_OCTETS - len(stream.octets)
    added = event.payload[:room]
    if not added:
        # What was read before means nothing else now, and a far end may send without an end.
        return
    stream.octets += added
    codec = stream_codec(track.probe.kind)
    if codec is not None and stream.reply is None:
        stream.reply = codec.match(track.probe, bytes(stream.octets))


def note_sent(track: Track, packet: Packet) -> None:
    """The tap saw octets of a stream leave."""
    segment = packet.payload
    if track.stream is None or not isinstance(segment, TcpSegment) or not segment.payload:
        return
    track.stream.sent_upto = (segment.sequence + len(segment.payload)) % 2**32


def note_segment(stream: Stream, packet: Packet) -> None:
    """The tap saw a segment of a stream come in."""
    segment = packet.payload
    if not isinstance(segment, TcpSegment):
        return
    stream.is_finished = stream.is_finished or "F" in segment.flags
    if "R" in segment.flags:
        stream.reset_hop_limit = packet.hop_limit
    elif "S" in segment.flags:
        stream.synack_hop_limit = packet.hop_limit
        stream.next_sequence = segment.acknowledgement
        # The SYN itself counts for one (RFC 9293 §3.4).
        stream.next_acknowledgement = (segment.sequence + 1) % 2**32
    elif "A" in segment.flags:
        # Segments may overtake one another: the highest acknowledgement holds.
        acknowledged = stream.acknowledged
        if acknowledged is None or is_at_or_after(segment.acknowledgement, acknowledged):
            stream.acknowledged = segment.acknowledgement
