"""Where a loss begins: questions of one check expire at every router, until their counts tell.

Linux routers answer one expiring packet of a source in a second, and one that saves its answers
looks like loss: so each is asked once a second, all of them alike. Eight flows take turns: where
two paths are equal, all eight take one of them in one run of 128.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle, islice

from edgediag.checked import Checked, hop_limit_of, lead
from edgediag.inference.losses import loss_begins
from edgediag.instruments import Bench
from edgediag.losses.train import PATIENCE_S, expiring_train
from edgediag.meaning import distance
from edgediag.model.flow import Flow, Protocol
from edgediag.model.probe import Probe, Schedule
from edgediag.model.train import Train
from edgediag.plan import draw_alike

FLOWS = 8
MAX_HOPS = 12

OF_A_TURN = 5
SPACING_S = 1.05

# In so many turns each router is asked 40 times, which takes 45 seconds: of a loss of a third the
# place is then known in 99 runs of 100, and mostly after half the time.
TURNS = 8


class LossWalk:
    """The walk of one check, a turn at a time.

    counted  the trains of the check that went all the way
    """

    def __init__(self, bench: Bench, check: Checked, counted: Sequence[Train]) -> None:
        self._bench = bench
        self._asked = lead(check).probe
        self._counted = tuple(counted)
        hop_limit = hop_limit_of(check)
        self._hops = 0 if hop_limit is None else min(distance(hop_limit) - 1, MAX_HOPS)
        self._flows = cycle(_flows(bench, self._asked) if self._hops else ())
        self._turns: list[tuple[Probe, ...]] = []

    def turn(self) -> tuple[Probe, ...]:
        """The next questions, submitted; none where the segment is known or cannot be."""
        if not self._hops or len(self._turns) == TURNS or self._is_over():
            return ()
        flows = list(islice(self._flows, OF_A_TURN))
        questions = tuple(
            # None at once: where all answer, the last turn has only just ended.
            self._question(flow, limit, place * SPACING_S)
            for place, flow in enumerate(flows, start=1)
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
            expiring_train(self._bench.loop.outcomes(probes), SPACING_S)
            for probes in alike.values()
        )

    def sent(self) -> tuple[Probe, ...]:
        """All questions so far."""
        return tuple(probe for turn in self._turns for probe in turn)

    def _question(self, flow: Flow, hop_limit: int, start_s: float) -> Probe:
        asked = replace(self._asked, flow=flow, hop_limit=hop_limit)
        schedule = Schedule(offsets_s=(start_s,), timeout_s=start_s + PATIENCE_S)
        return draw_alike(asked, schedule, self._bench.supply)

    def _is_over(self) -> bool:
        if len(self._turns) < 2:
            return False
        check = self._asked.check
        found = loss_begins((*self._counted, *self.trains()), check)
        return found is None or found.is_narrow


def _flows(bench: Bench, asked: Probe) -> tuple[Flow, ...]:
    if asked.flow.protocol is not Protocol.TCP:
        return (asked.flow,)
    return tuple(replace(asked.flow, source_port=bench.supply.port()) for _ in range(FLOWS))
