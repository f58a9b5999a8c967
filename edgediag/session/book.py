"""Which probe a packet belongs to: one index for answers, own packets and quotes of all kinds."""

from edgediag.model.answer import NotChecked
from edgediag.model.flow import Flow, Protocol
from edgediag.model.packet import IcmpEcho, Packet, Quote, TcpSegment
from edgediag.model.probe import Way
from edgediag.probes.vxlan import identifier_of
from edgediag.session.track import Track


class FlowBook:
    """Tracks by flow; several share one flow, because a ladder repeats the flow that failed."""

    def __init__(self) -> None:
        self._by_flow: dict[Flow, list[Track]] = {}
        self._by_port: dict[tuple[Protocol, int], list[Track]] = {}
        self._by_identifier: dict[int, list[Track]] = {}

    def add(self, track: Track) -> None:
        """File a track under its flow."""
        flow = track.probe.flow
        self._by_flow.setdefault(flow, []).append(track)
        self._by_port.setdefault((flow.protocol, flow.source_port), []).append(track)
        inside = track.probe.encapsulation
        if not isinstance(inside, NotChecked):
            self._by_identifier.setdefault(inside.identifier, []).append(track)

    def own(self, packet: Packet) -> Track | None:
        """The track that a packet seen leaving belongs to."""
        return self._claimed(packet.flow, packet.ip_id, _sequence(packet))

    def quoted(self, quote: Quote, *, has_expired: bool) -> Track | None:
        """The track that an ICMP error is about; `has_expired` if it says that a hop limit did."""
        track = self._claimed(quote.flow, quote.ip_id, quote.sequence)
        if track is None or not has_expired or track.probe.way is not Way.SOCKET:
            return track
        # Some NATs rewrite the IP ID by which a rung is told. What expires beside rungs was one of
        # them, and no sign that the socket's own packet met a loop.
        return None if self._is_walked(track) else track

    def answered(self, packet: Packet) -> tuple[Track, ...]:
        """The tracks on whose reversed flow a packet came; the codec knows which it answers.

        What comes back through an overlay has ports of the peer's choice, so the echo inside tells.
        """
        tracks = self._by_flow.get(packet.flow.reversed(), ())
        return tuple(tracks or self._by_identifier.get(identifier_of(packet), ()))

    def carrier(self, flow: Flow) -> Track | None:
        """The stream on whose connection octets of this flow are sent."""
        tracks = self._by_flow.get(flow, ())
        return next((track for track in tracks if track.stream is not None), None)

    def _is_walked(self, track: Track) -> bool:
        flow, hop_limit = track.probe.flow, track.probe.hop_limit
        return any(other.probe.hop_limit < hop_limit for other in self._by_flow[flow])

    def _claimed(self, flow: Flow, ip_id: int | None, sequence: int | None) -> Track | None:
        # By our own port alone: it is held for one flow of this run, while this host's NAT may
        # rewrite both addresses before the tap. Whole packets of ours carry the IP ID of the plan,
        # what the kernel's sockets send does not.
        tracks = self._by_port.get((flow.protocol, flow.source_port), ())
        sockets = [track for track in tracks if track.probe.way is Way.SOCKET]
        whole = (track for track in tracks if _is_of(track, ip_id, sequence))
        return next(whole, sockets[0] if sockets else None)


def _is_of(track: Track, ip_id: int | None, sequence: int | None) -> bool:
    if track.probe.way is Way.SOCKET:
        return False
    if isinstance(track.payload, TcpSegment) and sequence is not None:
        return track.payload.sequence == sequence
    return ip_id == track.probe.ip_id


def _sequence(packet: Packet) -> int | None:
    match packet.payload:
        case TcpSegment(sequence=sequence) | IcmpEcho(sequence=sequence):
            return sequence
        case _:
            return None
