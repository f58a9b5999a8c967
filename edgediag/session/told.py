"""What the wire and the kernel say of a probe, noted in its track."""

from edgediag.model.exchange import Delivered, Refused
from edgediag.model.flow import Flow
from edgediag.model.outcome import Sighted
from edgediag.model.packet import Observation, Packet, Sighting, TcpSegment, UdpDatagram
from edgediag.model.probe import Way
from edgediag.probes import packet_codec
from edgediag.probes.codec import Timing
from edgediag.session.track import Track


def note_refused(track: Track, event: Refused) -> None:
    """The kernel refused to send, or told later of an error that came back."""
    if event.is_immediate:
        track.refused += 1
        # It was recorded as handed over before the kernel was asked.
        del track.sent_s[-1:]
    elif event.at_s >= track.deadline_s:
        # A later ladder on the same flow draws errors that are not this probe's.
        return
    else:
        track.is_told = True
    track.errno_name = track.errno_name or event.errno_name


def note_delivered(track: Track, event: Delivered) -> None:
    """A socket gave what came in for a probe."""
    if track.stream is not None:
        return
    packet = Packet(
        flow=event.flow, hop_limit=0, ip_id=None, payload=UdpDatagram(payload=event.payload)
    )
    sent_s = track.sent_s[-1] if track.sent_s else track.due_s
    timing = Timing(sent_s=sent_s, received_s=event.at_s)
    reply = packet_codec(track.probe.kind).match(track.probe, packet, timing)
    if reply is None:
        return
    track.is_delivered = True
    if track.direct is None:
        track.direct = reply
        track.answered_s = event.at_s


def note_sighted(track: Track, number: int, sighting: Sighting, interface: str) -> None:
    """A packet of the probe was seen at one place."""
    track.seen.append(
        Sighted(number=number, sighting=sighting, interface=interface, rewritten=None)
    )


def note_left(track: Track, packet: Packet) -> None:
    """A packet of the probe left on a flow."""
    if track.probe.way is not Way.SOCKET:
        return
    track.flows.add(packet.flow)
    if isinstance(packet.payload, TcpSegment) and track.syn_sequence is None:
        track.syn_sequence = packet.payload.sequence


def rewritten(track: Track, observation: Observation) -> Flow | None:
    """Another flow than was asked, seen leaving; the kernel chooses a stream's source itself."""
    flow = observation.packet.flow
    is_other = observation.sighting is Sighting.TAP_OUT and flow != track.probe.flow
    return flow if is_other else None
