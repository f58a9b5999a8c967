"""The session: told what to ask and what happened, it says what to do next.

It opens nothing and reads no clock. Retries, pacing and the matching of replies, of own packets
and of ICMP quotes happen here once, for all kinds of probe.
"""

from collections.abc import Collection, Iterable, Mapping

from edgediag.compat import assert_never
from edgediag.model.exchange import (
    Action,
    Delivered,
    Event,
    Handed,
    NextHop,
    Observed,
    Refused,
    StreamOpened,
    StreamReceived,
)
from edgediag.model.flow import Address
from edgediag.model.outcome import Outcome, Sighted
from edgediag.model.packet import (
    IcmpError,
    Observation,
    Sighting,
)
from edgediag.model.probe import Probe, Way
from edgediag.model.reply import IcmpKind
from edgediag.probes import packet_codec
from edgediag.probes.codec import Timing
from edgediag.probes.tcp_syn import courtesy
from edgediag.session.book import FlowBook
from edgediag.session.icmp import icmp_kind, icmp_reply
from edgediag.session.octets import answer, farewell, is_carried
from edgediag.session.pace import Pacer
from edgediag.session.quota import Quota
from edgediag.session.sending import new_track, send_packet, try_next
from edgediag.session.stream import closing, note_segment, note_sent, opened, received
from edgediag.session.told import note_delivered, note_left, note_refused, note_sighted, rewritten
from edgediag.session.track import Track, is_over, is_settled, outcome_of


class Session:
    """All probes of a run.

    rate_pps  the most packets sent in a second
    bridges   bridge devices: what a tap sees there has not left, for a port carries it on
    """

    def __init__(self, *, rate_pps: float, bridges: Collection[str] = ()) -> None:
        self._pacer = Pacer(rate_pps=rate_pps)
        self._quota = Quota()
        self._bridges = frozenset(bridges)
        self._book = FlowBook()
        self._tracks: dict[int, Track] = {}
        self._courtesies: list[Action] = []

    def submit(
        self, probes: Iterable[Probe], *, now_s: float, next_hops: Mapping[int, NextHop]
    ) -> None:
        """Take probes in; those sent at the link layer need their next hop, by probe id."""
        for probe in probes:
            track = new_track(probe, now_s=now_s, next_hop=next_hops.get(probe.id))
            if is_carried(probe):
                track.carrier = self._book.carrier(probe.flow)
            self._tracks[probe.id] = track
            self._book.add(track)
            self._quota.add(track)

    def due(self, now_s: float) -> tuple[Action, ...]:
        """What is to be done now, within the pace."""
        actions = self._polite(now_s)
        for track in self._tracks.values():
            if is_settled(track, now_s):
                actions.extend(closing(track))
                continue
            due_s = track.next_try_s
            if due_s is None or due_s > now_s:
                continue
            if not track.tries and not self._quota.admits(track, now_s):
                track.is_withheld = True
            elif self._pacer.take(now_s):
                actions.append(try_next(track, now_s, late_s=now_s - due_s))
        return tuple(actions)

    def wakeup_s(self, now_s: float) -> float | None:
        """When something will be due or settled next; None when all is settled."""
        moments: list[float] = []
        for track in self._tracks.values():
            if is_over(track, now_s):
                continue
            due_s = track.next_try_s
            if due_s is not None:
                moments.append(max(due_s, self._pacer.ready_s(now_s)))
            moments.append(track.deadline_s)
        return min(moments, default=None)

    def is_over(self, probe_ids: Iterable[int], now_s: float) -> bool:
        """True once nothing is to be waited for: what is withheld never has an outcome."""
        return all(is_over(self._tracks[id_], now_s) for id_ in probe_ids)

    def is_settled(self, probe_ids: Iterable[int], now_s: float) -> bool:
        """True once all of these probes have their outcome."""
        return all(is_settled(self._tracks[id_], now_s) for id_ in probe_ids)

    def is_withheld(self, probe: Probe) -> bool:
        """True if a probe is not asked, because its gateway was asked as often as it may be."""
        return self._tracks[probe.id].is_withheld

    def withheld(self) -> Mapping[Address, int]:
        """How many probes were withheld from each gateway."""
        return self._quota.withheld()

    def outcome(self, probe: Probe, now_s: float) -> Outcome | None:
        """The outcome of a probe, None while it is outstanding."""
        track = self._tracks[probe.id]
        return outcome_of(track, now_s) if is_settled(track, now_s) else None

    def outcomes(self, probes: Iterable[Probe], now_s: float) -> tuple[Outcome, ...]:
        """The outcome of each probe as it stands, in the order given."""
        return tuple(outcome_of(self._tracks[probe.id], now_s) for probe in probes)

    def left_s(self, version: int, hop_limit: int) -> tuple[float, ...]:
        """When packets of an IP version were sent that end at a hop limit, in no order."""
        return tuple(
            at_s
            for track in self._tracks.values()
            if track.probe.hop_limit == hop_limit
            and track.probe.flow.destination.version == version
            for at_s in track.sent_s
        )

    def tell(self, event: Event) -> None:
        """Take note of what happened."""
        match event:
            case Handed(probe=id_):
                track = self._tracks[id_]
                track.sent_s.append(event.at_s)
                if event.number:
                    note_sighted(track, event.number, event.sighting, "")
            case Refused(probe=id_):
                note_refused(self._tracks[id_], event)
            case Delivered(probe=id_):
                note_delivered(self._tracks[id_], event)
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
        own = self._book.own(packet, observation.seen_s)
        if own is not None:
            note_left(own, packet)
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
                rewritten=rewritten(track, observation),
            )
        )

    def _observed_error(self, observation: Observation, error: IcmpError) -> None:
        if error.quote is None:
            return
        version = observation.packet.flow.source.version
        kind = icmp_kind(version, error.type_, error.code)
        has_expired = kind is IcmpKind.TIME_EXCEEDED
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
            note_segment(track.stream, observation)
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
            self._courtesies.append(send_packet(track, rst))
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
            self._courtesies.append(send_packet(track, end))
        track.carrier.stream.is_spent = True
        if track.direct is None:
            track.direct = reply
            track.answered_s = observation.seen_s
