"""What happens to a stream: a TCP connection that the kernel holds for a probe."""

from edgediag.model.exchange import Action, CloseStream, StreamOpened, StreamReceived
from edgediag.model.packet import LOOPBACK, Observation, Packet, TcpSegment
from edgediag.probes import stream_codec
from edgediag.session.far_end import note_far_end
from edgediag.session.track import Stream, Track, is_acknowledged, is_at_or_after

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
    stream.taken += len(event.payload)
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


def note_segment(stream: Stream, observation: Observation) -> None:
    """The tap saw a segment of a stream come in."""
    packet = observation.packet
    segment = packet.payload
    if not isinstance(segment, TcpSegment):
        return
    stream.is_finished = stream.is_finished or "F" in segment.flags
    if "R" in segment.flags:
        stream.reset_hop_limit = packet.hop_limit
        stream.reset_s = observation.seen_s
        stream.is_reset_from_outside |= observation.interface != LOOPBACK
    elif "S" in segment.flags:
        stream.synack_hop_limit = packet.hop_limit
        stream.next_sequence = segment.acknowledgement
        # The SYN itself counts for one (RFC 9293 §3.4).
        stream.next_acknowledgement = (segment.sequence + 1) % 2**32
        stream.far_end.begin = stream.next_acknowledgement
    elif "A" in segment.flags:
        # Segments may overtake one another: the highest acknowledgement holds.
        acknowledged = stream.acknowledged
        if acknowledged is None or is_at_or_after(segment.acknowledgement, acknowledged):
            stream.acknowledged = segment.acknowledgement
        is_taken = is_acknowledged(stream)
        note_far_end(stream.far_end, segment, observation.seen_s, is_ours_taken=is_taken)
