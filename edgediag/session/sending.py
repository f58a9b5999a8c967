"""From a probe to what is to be sent for it."""

from edgediag.model.answer import NotChecked
from edgediag.model.exchange import Action, NextHop, OpenStream, SendDatagram, SendPacket
from edgediag.model.packet import Packet, Payload, UdpDatagram
from edgediag.model.probe import Probe, Purpose, Way
from edgediag.probes import packet_codec, stream_codec
from edgediag.session.octets import is_carried, octets_of, segment
from edgediag.session.track import Stream, Track

# What every host takes and every path carries (RFC 9293 §3.7.1).
SMALL_SEGMENT_OCTETS = 536


def new_track(probe: Probe, *, now_s: float, next_hop: NextHop | None) -> Track:
    """The memory of a probe that was not sent yet."""
    stream = stream_codec(probe.kind) if probe.way is Way.SOCKET else None
    payload = stream.build(probe) if stream else _payload(probe)
    if probe.purpose is Purpose.CARRY:
        # What is sent on the connection are other probes.
        payload = b""
    return Track(
        probe=probe,
        payload=payload,
        next_hop=next_hop,
        due_s=now_s,
        stream=Stream() if stream else None,
    )


def _payload(probe: Probe) -> Payload | bytes:
    carried = stream_codec(probe.kind) if is_carried(probe) else None
    if carried is not None:
        return octets_of(probe, carried.build(probe))
    return packet_codec(probe.kind).build(probe)


def try_next(track: Track, now_s: float, *, late_s: float) -> Action:
    """What the next try hands over.

    late_s  how long the pace held it back
    """
    if not track.tries:
        # What the pace held back is waited for as long as what it did not.
        track.due_s += late_s
    track.tries += 1
    if track.stream is not None:
        # connect() hands over no packet of ours to be recorded.
        track.sent_s.append(now_s)
    return _action(track)


def _action(track: Track) -> Action:
    probe, payload = track.probe, track.payload
    if track.carrier is not None and track.carrier.stream is not None:
        return send_packet(track, segment(track, track.carrier.stream))
    if isinstance(payload, bytes):
        is_small = probe.purpose is Purpose.SMALL_SEGMENTS
        return OpenStream(
            probe=probe.id,
            flow=probe.flow,
            payload=payload,
            segment_octets=SMALL_SEGMENT_OCTETS if is_small else None,
        )
    if probe.way is Way.SOCKET and isinstance(payload, UdpDatagram):
        return SendDatagram(probe=probe.id, flow=probe.flow, payload=payload.payload)
    return send_packet(track, payload)


def send_packet(track: Track, payload: Payload) -> SendPacket:
    """A packet on the flow of the track's probe, the way that it goes."""
    probe, padding = track.probe, track.probe.padding
    packet = Packet(flow=probe.flow, hop_limit=probe.hop_limit, ip_id=probe.ip_id, payload=payload)
    return SendPacket(
        probe=probe.id,
        way=probe.way,
        packet=packet,
        next_hop=track.next_hop,
        fragment_octets=0 if isinstance(padding, NotChecked) else padding.fragment_octets,
    )
