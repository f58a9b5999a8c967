"""Which probe a packet belongs to: one index for answers, own packets and quotes of all kinds."""

from collections.abc import Callable
from typing import Final, NamedTuple

from edgediag.model.answer import NotChecked
from edgediag.model.flow import Flow, Protocol
from edgediag.model.packet import IcmpEcho, Packet, Payload, Quote, TcpSegment, UdpDatagram
from edgediag.model.probe import Way
from edgediag.probes.tls_client_hello import RANDOM_ENDS_AT
from edgediag.probes.vxlan import identifier_of
from edgediag.session.track import Track

# From the moment before connect() to that at which a tap sees its SYN: microseconds, unless the
# processor was given to others in between.
_SYN_WITHIN_S: Final = 0.5
_SYNS: Final = ("S", "SEC")


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

    def own(self, packet: Packet, seen_s: float) -> Track | None:
        """The track that a packet seen leaving belongs to."""
        return self._claimed(
            _mark_of(packet),
            lambda track: _has_sent(track, packet.flow, packet.payload, seen_s),
        )

    def quoted(self, quote: Quote, *, has_expired: bool) -> Track | None:
        """The track that an ICMP error is about; `has_expired` if it says that a hop limit did."""
        track = self._claimed(
            _Mark(quote.flow, quote.ip_id, quote.sequence, quote.payload),
            lambda track: _has_gone_to(track, quote.flow),
        )
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

    def _claimed(self, mark: "_Mark", is_sockets: Callable[[Track], bool]) -> Track | None:
        # By our own port first: this host's NAT may rewrite both addresses before the tap. Whole
        # packets of ours carry the IP ID of the plan, what the kernel's sockets send does not.
        tracks = self._by_port.get((mark.flow.protocol, mark.flow.source_port), ())
        whole = (track for track in tracks if _is_of(track, mark))
        sockets = (
            track for track in tracks if track.probe.way is Way.SOCKET and is_sockets(track)
        )
        return next(whole, None) or next(sockets, None)


class _Mark(NamedTuple):
    """What tells packets of one flow apart.

    ip_id    None in IPv6, which has none: there the octets of a datagram or a segment must do
    payload  of either, or the beginning of it
    """

    flow: Flow
    ip_id: int | None
    sequence: int | None
    payload: bytes


def _mark_of(packet: Packet) -> _Mark:
    match packet.payload:
        case TcpSegment(sequence=sequence, payload=payload):
            return _Mark(packet.flow, packet.ip_id, sequence, payload)
        case IcmpEcho(sequence=sequence):
            return _Mark(packet.flow, packet.ip_id, sequence, b"")
        case UdpDatagram(payload=payload):
            return _Mark(packet.flow, packet.ip_id, None, payload)
        case _:
            return _Mark(packet.flow, packet.ip_id, None, b"")


def _has_sent(track: Track, flow: Flow, payload: Payload, seen_s: float) -> bool:
    """True if a kernel's socket sent the packet for the track, be it on a flow that NAT made of it.

    The source port alone does not tell: pods whose traffic this host forwards choose the same ones,
    and that of a closed stream is given to anybody.
    """
    if flow == track.probe.flow or flow in track.flows:
        return True
    if isinstance(payload, UdpDatagram):
        return _is_datagram(track, payload.payload)
    # A host that asks for ECN sets two flags more (RFC 3168 §6.1.1).
    if not isinstance(payload, TcpSegment) or payload.flags not in _SYNS or track.is_closed:
        return False
    # NAT makes one flow of a connection, and the kernel sends its SYN as soon as it is told to.
    if track.flows:
        return payload.sequence == track.syn_sequence
    return any(0 <= seen_s - sent_s <= _SYN_WITHIN_S for sent_s in track.sent_s)


def _is_datagram(track: Track, payload: bytes) -> bool:
    # Each has the token of its probe in it; a first fragment has the beginning.
    if not isinstance(track.payload, UdpDatagram) or not payload:
        return False
    return track.payload.payload.startswith(payload)


def _has_gone_to(track: Track, flow: Flow) -> bool:
    """True if the flow has a destination to which packets of the track are known to have gone."""
    gone = (track.probe.flow, *track.flows)
    return any(
        (flow.destination, flow.destination_port) == (each.destination, each.destination_port)
        for each in gone
    )


def _is_of(track: Track, mark: _Mark) -> bool:
    if track.probe.way is Way.SOCKET:
        return False
    match track.payload:
        case TcpSegment(sequence=sequence) if mark.sequence is not None:
            return sequence == mark.sequence
        case IcmpEcho(sequence=sequence) if mark.ip_id is None:
            return sequence == mark.sequence
        case UdpDatagram() if mark.ip_id is None:
            # An ICMPv6 error quotes as much of a packet as fits into the least MTU (RFC 4443 §3.1).
            return _is_datagram(track, mark.payload)
        case bytes(octets) if mark.ip_id is None:
            # Those of a connection have one sequence number, and each a random of its own.
            return len(mark.payload) >= RANDOM_ENDS_AT and octets.startswith(mark.payload)
        case _:
            return mark.ip_id == track.probe.ip_id
