"""Where a loss begins: questions of one check expire at every router, until their counts tell.

A router that saves its answers looks like loss: so each is asked only when it surely has an error
left, all of them alike, at first as many as they have at once and then one a second. After each
question the counts are looked at, and the walk ends as soon as they tell. Those flows go first of
which a question was lost: where paths are equal and one of them loses, they take that one.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import cycle, islice

from edgediag.checked import Checked, hop_limit_of, lead
from edgediag.instruments import Bench
from edgediag.losses.errors import REFILL_S, Errors
from edgediag.losses.stopping import AT_MOST, may_end
from edgediag.losses.train import PATIENCE_S, expiring_train
from edgediag.meaning import distance
from edgediag.model.flow import Flow, Protocol
from edgediag.model.probe import Probe, Schedule
from edgediag.model.train import Train
from edgediag.plan import draw_alike

# Where two paths are equal, all eight take one of them in one run of 128.
FLOWS = 8
MAX_HOPS = 12

# What routers have errors for at once comes a fifth of a second apart, for those that have fewer.
SPACING_S = 0.2
BURST_S = 0.9


class LossWalk:
    """The walk of one check, a turn at a time.

    known  says what was counted so far of all the way, and the flows of which a question was lost
    """

    def __init__(
        self,
        bench: Bench,
        check: Checked,
        known: tuple[Callable[[], Sequence[Train]], Sequence[Flow]],
    ) -> None:
        self._counted, lost = known
        self._bench = bench
        self._asked = lead(check).probe
        hop_limit = hop_limit_of(check)
        self._hops = 0 if hop_limit is None else min(distance(hop_limit) - 1, MAX_HOPS)
        self._flows = cycle(_flows(bench, self._asked, lost) if self._hops else ())
        version = self._asked.flow.destination.version
        self._errors = Errors.of(bench.loop, version, self._hops)
        self._turns: list[tuple[Probe, ...]] = []

    def turn(self) -> tuple[Probe, ...]:
        """The next questions, submitted; none where the segment is known or cannot be."""
        if not self._hops or (self._turns and self._is_over()):
            return ()
        now_s = self._bench.loop.now_s()
        starts_s = self._starts_s(now_s)
        questions = tuple(
            self._question(flow, limit, at_s - now_s)
            for flow, at_s in zip(islice(self._flows, len(starts_s)), starts_s, strict=True)
            for limit in range(1, self._hops + 1)
        )
        self._bench.loop.submit(questions, {})
        self._turns.append(questions)
        return questions

    def trains(self) -> tuple[Train, ...]:
        """What expired where, by hop and by flow."""
        sent = self.sent()
        if not self._bench.loop.is_settled(sent):
            return ()
        alike: dict[tuple[int, Flow], list[Probe]] = {}
        for probe in sorted(sent, key=lambda probe: probe.hop_limit):
            alike.setdefault((probe.hop_limit, probe.flow), []).append(probe)
        return tuple(
            expiring_train(self._bench.loop.outcomes(probes), REFILL_S)
            for probes in alike.values()
        )

    def sent(self) -> tuple[Probe, ...]:
        """All questions so far."""
        return tuple(probe for turn in self._turns for probe in turn)

    def _count(self) -> int:
        """How often each router was asked."""
        return len(self.sent()) // self._hops

    def _starts_s(self, now_s: float) -> list[float]:
        """When all routers are asked: as often as they have errors, or when the next one comes."""
        room = AT_MOST - self._count()
        starts_s: list[float] = []
        at_s = self._errors.next_s(now_s)
        while not starts_s or (at_s <= starts_s[0] + BURST_S and len(starts_s) < room):
            self._errors.spend(at_s)
            starts_s.append(at_s)
            at_s = self._errors.next_s(at_s + SPACING_S)
        return starts_s

    def _question(self, flow: Flow, hop_limit: int, start_s: float) -> Probe:
        asked = replace(self._asked, flow=flow, hop_limit=hop_limit)
        schedule = Schedule(offsets_s=(start_s,), timeout_s=start_s + PATIENCE_S)
        return draw_alike(asked, schedule, self._bench.supply)

    def _is_over(self) -> bool:
        return may_end(self._counted(), self.trains(), self._count())


def _flows(bench: Bench, asked: Probe, lost: Sequence[Flow]) -> tuple[Flow, ...]:
    if asked.flow.protocol is not Protocol.TCP:
        return (asked.flow,)
    others = range(FLOWS - len(lost))
    fresh = (replace(asked.flow, source_port=bench.supply.port()) for _ in others)
    return (*lost[:FLOWS], *fresh)
