"""The session: told what to ask and what happened, it says what to do next.

It opens nothing and reads no clock. Retries, pacing and the matching of replies, of own packets
and of ICMP quotes happen here once, for all kinds of probe.
"""

from collections.abc import Collection, Iterable, Mapping

from edgediag.compat import assert_never
from edgediag.model.answer import NotChecked
from edgediag.model.exchange import (
    Action,
    Delivered,
    Event,
    Handed,
    NextHop,
    Observed,
    OpenStream,
    Refused,
    SendDatagram,
    SendPacket,
    StreamOpened,
    StreamReceived,
)
from edgediag.model.flow import Flow
from edgediag.model.outcome import Outcome, Sighted
from edgediag.model.packet import (
    IcmpError,
    Observation,
    Packet,
    Payload,
    Sighting,
    UdpDatagram,
)
from edgediag.model.probe import Probe, Purpose, Way
from edgediag.model.reply import IcmpKind
from edgediag.probes import packet_codec, stream_codec
from edgediag.probes.codec import Timing
from edgediag.probes.tcp_syn import courtesy
from edgediag.session.book import FlowBook
from edgediag.session.icmp import icmp_kind, icmp_reply
from edgediag.session.octets import answer, farewell, is_carried, octets_of, segment
from edgediag.session.pace import Pacer
from edgediag.session.stream import closing, note_segment, note_sent, opened, received
from edgediag.session.track import Stream, Track, is_settled, outcome_of

# What every host takes and every path carries (RFC 9293 §3.7.1).
SMALL_SEGMENT_OCTETS = 536


class Session:
    """All probes of a run.

    rate_pps  the most packets sent in a second
    bridges   bridge devices: what a tap sees there has not left, for a port carries it on
    """

    def __init__(self, *, rate_pps: float, bridges: Collection[str] = ()) -> None:
        self._pacer = Pacer(rate_pps=rate_pps)
        self._bridges = frozenset(bridges)
        self._book = FlowBook()
        self._tracks: dict[int, Track] = {}
        self._courtesies: list[Action] = []

    def submit(
        self, probes: Iterable[Probe], *, now_s: float, next_hops: Mapping[int, NextHop]
    ) -> None:
        """Take probes in; those sent at the link layer need their next hop, by probe id."""
        for probe in probes:
            track = _track(probe, now_s=now_s, next_hop=next_hops.get(probe.id))
            if is_carried(probe):
                track.carrier = self._book.carrier(probe.flow)
            self._tracks[probe.id] = track
            self._book.add(track)

    def due(self, now_s: float) -> tuple[Action, ...]:
        """What is to be done now, within the pace."""
        actions = self._polite(now_s)
        for track in self._tracks.values():
            if is_settled(track, now_s):
                actions.extend(closing(track))
                continue
            due_s = track.next_try_s
            if due_s is not None and due_s <= now_s and self._pacer.take(now_s):
                actions.append(_try(track, now_s, late_s=now_s - due_s))
        return tuple(actions)

    def wakeup_s(self, now_s: float) -> float | None:
        """When something will be due or settled next; None when all is settled."""
        moments: list[float] = []
        for track in self._tracks.values():
            if is_settled(track, now_s):
                continue
            due_s = track.next_try_s
            if due_s is not None:
                moments.append(max(due_s, self._pacer.ready_s(now_s)))
            moments.append(track.deadline_s)
        return min(moments, default=None)

    def is_settled(self, probe_ids: Iterable[int], now_s: float) -> bool:
        """True once all of these probes have their outcome."""
        return all(is_settled(self._tracks[id_], now_s) for id_ in probe_ids)

    def outcomes(self, probes: Iterable[Probe], now_s: float) -> tuple[Outcome, ...]:
        """The outcome of each probe as it stands, in the order given."""
        return tuple(outcome_of(self._tracks[probe.id], now_s) for probe in probes)

    def tell(self, event: Event) -> None:
        """Take note of what happened."""
        match event:
            case Handed(probe=id_):
                track = self._tracks[id_]
                track.sent_s.append(event.at_s)
                if event.number:
                    _sight(track, event.number, event.sighting, "")
            case Refused(probe=id_):
                _refused(self._tracks[id_], event)
            case Delivered(probe=id_):
                _delivered(self._tracks[id_], event)
            case StreamOpened(probe=id_):
                opened(self._tracks[id_], event)
            case StreamReceived(probe=id_):
                received(self._tracks[id_], event)
            case Observed(observation=observation):
                self._observed(observation)
            case _:
                assert_never(event)

    def _polite(self, now_s: float) -> list[Action]:
        actions, self._courtesies = self._courtesies, []
        for _ in actions:
            # A peer's half-open connection does not wait for our pace, but it counts.
            self._pacer.spend(now_s)
        return actions

    def _observed(self, observation: Observation) -> None:
        packet = observation.packet
        if isinstance(packet.payload, IcmpError):
            self._observed_error(observation, packet.payload)
            return
        if observation.sighting is Sighting.TAP_IN:
            # Some hosts answer an echo with its own IP ID: what comes in is never taken for ours.
            for track in self._book.answered(packet):
                self._observed_answer(track, observation)
            return
        own = self._book.own(packet)
        if own is not None:
            self._sight_observed(own, observation)
            note_sent(own, packet)

    def _sight_observed(self, track: Track, observation: Observation) -> None:
        sighting = observation.sighting
        if observation.interface in self._bridges:
            sighting = Sighting.BRIDGED
        elif sighting is Sighting.TAP_IN and track.is_closed:
            # Nobody was there any more to whom the kernel could have given it.
            sighting = Sighting.LATE
        track.seen.append(
            Sighted(
                number=observation.number,
                sighting=sighting,
                interface=observation.interface,
                rewritten=_rewritten(track, observation),
            )
        )

    def _observed_error(self, observation: Observation, error: IcmpError) -> None:
        if error.quote is None:
            return
        has_expired = icmp_kind(error.type_, error.code) is IcmpKind.TIME_EXCEEDED
        track = self._book.quoted(error.quote, has_expired=has_expired)
        if track is None or observation.sighting is not Sighting.TAP_IN:
            return
        self._sight_observed(track, observation)
        if track.icmp is None:
            track.icmp = icmp_reply(observation.packet, error)
            track.icmp_s = observation.seen_s

    def _observed_answer(self, track: Track, observation: Observation) -> None:
        packet = observation.packet
        if track.stream is not None:
            self._sight_observed(track, observation)
            note_segment(track.stream, packet)
            return
        if track.carrier is not None:
            self._observed_carried(track, observation)
            return
        timing = Timing(
            sent_s=track.sent_s[-1] if track.sent_s else track.due_s, received_s=observation.seen_s
        )
        reply = packet_codec(track.probe.kind).match(track.probe, packet, timing)
        if reply is None:
            return
        self._sight_observed(track, observation)
        rst = courtesy(track.probe, packet) if track.probe.way is not Way.SOCKET else None
        if rst is not None:
            self._courtesies.append(_send_packet(track, rst))
        if track.direct is None:
            track.direct = reply
            track.answered_s = observation.seen_s

    def _observed_carried(self, track: Track, observation: Observation) -> None:
        reply = answer(track, observation.packet)
        if reply is None or track.carrier is None or track.carrier.stream is None:
            return
        self._sight_observed(track, observation)
        end = farewell(track, observation.packet)
        if end is not None:
            self._courtesies.append(_send_packet(track, end))
        track.carrier.stream.is_spent = True
        if track.direct is None:
            track.direct = reply
            track.answered_s = observation.seen_s


def _track(probe: Probe, *, now_s: float, next_hop: NextHop | None) -> Track:
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


def _try(track: Track, now_s: float, *, late_s: float) -> Action:
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
        return _send_packet(track, segment(track, track.carrier.stream))
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
    return _send_packet(track, payload)


def _send_packet(track: Track, payload: Payload) -> SendPacket:
    probe, padding = track.probe, track.probe.padding
    packet = Packet(flow=probe.flow, hop_limit=probe.hop_limit, ip_id=probe.ip_id, payload=payload)
    return SendPacket(
        probe=probe.id,
        way=probe.way,
        packet=packet,
        next_hop=track.next_hop,
        fragment_octets=0 if isinstance(padding, NotChecked) else padding.fragment_octets,
    )


def _refused(track: Track, event: Refused) -> None:
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


def _delivered(track: Track, event: Delivered) -> None:
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


def _sight(track: Track, number: int, sighting: Sighting, interface: str) -> None:
    track.seen.append(
        Sighted(number=number, sighting=sighting, interface=interface, rewritten=None)
    )


def _rewritten(track: Track, observation: Observation) -> Flow | None:
    """Another flow than was asked, seen leaving; the kernel chooses a stream's source itself."""
    flow = observation.packet.flow
    is_other = observation.sighting is Sighting.TAP_OUT and flow != track.probe.flow
    return flow if is_other else None
