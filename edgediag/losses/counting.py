"""What is counted of checks: trains at a pace, the walk of a loss, the roll call of the rest."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from edgediag.checked import Checked, host_of, lead, name_of, with_later
from edgediag.inference.counts import lost_of
from edgediag.inference.limits import at_two_paces, is_spared, limit_begins
from edgediag.inference.losses import is_lossy
from edgediag.instruments import Bench
from edgediag.losses.limit_walk import walk_limit
from edgediag.losses.loss_walk import LossWalk
from edgediag.losses.roll_call import RollCall, to_be_called
from edgediag.losses.train import SLOW, Pace, draw_trains, is_lost, read_trains
from edgediag.losses.turns import take_turns
from edgediag.model.flow import Protocol
from edgediag.model.outcome import Outcome
from edgediag.model.probe import Probe
from edgediag.model.train import Train


class Counting:
    """What was counted so far.

    trains  by check id
    sent    every probe
    """

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.trains: dict[str, tuple[Train, ...]] = {}
        self.sent: list[Probe] = []
        self._outcomes: dict[str, tuple[Outcome, ...]] = {}

    def ask(self, checks: Sequence[Checked], pace: Pace) -> None:
        """Send each check's question at a pace, and wait."""
        self._read(self._sent(checks, pace), pace)

    def ask_slowly(self, checks: Sequence[Checked]) -> None:
        """Ask as long as a limit may still show: that the pace decides and not chance."""
        drawn: dict[str, tuple[Probe, ...]] = {}
        for place in range(SLOW.count):
            left = SLOW.count - place
            trains = read_trains(self._bench, drawn, SLOW)
            open_ = [check for check in checks if self._may_be_spared(check, trains, left)]
            for name, probes in self._sent(open_, replace(SLOW, count=1)).items():
                drawn[name] = (*drawn.get(name, ()), *probes)
        self._read(drawn, SLOW)

    def _sent(self, checks: Sequence[Checked], pace: Pace) -> dict[str, tuple[Probe, ...]]:
        drawn = draw_trains(self._bench, checks, pace)
        probes = [probe for train in drawn.values() for probe in train]
        self._bench.loop.submit(probes, {})
        self._settle(probes)
        return drawn

    def _read(self, drawn: Mapping[str, tuple[Probe, ...]], pace: Pace) -> None:
        for name, train in read_trains(self._bench, drawn, pace).items():
            self._add(name, (train,))
            told = self._bench.loop.outcomes(drawn[name])
            self._outcomes[name] = (*self._outcomes.get(name, ()), *told)

    def _may_be_spared(self, check: Checked, slow: Mapping[str, Train], left: int) -> bool:
        """True if a limit shows where all slow questions that are left pass."""
        lost, sent = lost_of(train for name, train in slow.items() if name == name_of(check))
        return is_spared((lost, sent + left), lost_of(self.trains.get(name_of(check), ())))

    def lost(self, check: Checked) -> int:
        """How many questions of a check were lost."""
        return lost_of(self.trains.get(name_of(check), ()))[0]

    def is_spared(self, check: Checked) -> bool:
        """True if so much more of the quick train than of the slow one was lost: a limit."""
        return bool(at_two_paces(self.trains.get(name_of(check), ())))

    def lossy(self, checks: Iterable[Checked]) -> list[Checked]:
        """Of each IP version the first check that loses for certain, over TCP if there is one."""
        found: dict[int, Checked] = {}
        # Flows of TCP differ in their ports and take all paths that are equal.
        for check in sorted(checks, key=lambda item: item.target.protocol is not Protocol.TCP):
            if is_lossy(lost_of(self.trains.get(name_of(check), ()))):
                found.setdefault(host_of(check).version, check)
        return list(found.values())

    def has_limit(self, check: Checked) -> bool:
        """True if the walk of a check shows where a limit begins."""
        walk, name = walk_limit(self._bench, self._told(check)), name_of(check)
        self.sent += walk.sent
        self._add(name, walk.trains)
        return limit_begins(self.trains[name], name) is not None

    def call_roll(
        self,
        checks: Sequence[Checked],
        chosen: Sequence[Checked],
        why: tuple[Sequence[Checked], Sequence[Checked]],
    ) -> None:
        """Walk what loses, and count the other hosts of its IP version meanwhile.

        why  the checks that meet a limit, and those that are walked
        """
        limited, lossy = why
        versions = {host_of(check).version for check in (*limited, *lossy)}
        # What drew the walk was chosen for its loss: its host is counted anew with the others.
        anew = [check for check in lossy if lead(check).probe.flow.protocol is Protocol.TCP]
        roll = RollCall(self._bench, (*anew, *to_be_called(checks, chosen, versions)))
        walks = {name_of(check): self._walk(check, roll) for check in lossy}
        self.sent += take_turns(
            self._bench.loop,
            (*(walk.turn for walk in walks.values()), lambda: roll.turn(is_limit=not lossy)),
        )
        for name, walk in walks.items():
            self._add(name, walk.trains())
        for name, train in roll.trains().items():
            self._add(name, (train,))

    def _walk(self, check: Checked, roll: RollCall) -> LossWalk:
        name = name_of(check)
        lost = [told.probe.flow for told in self._outcomes.get(name, ()) if is_lost(told)]

        def counted() -> tuple[Train, ...]:
            anew = roll.trains().get(name)
            return self.trains[name] if anew is None else (*self.trains[name], anew)

        return LossWalk(self._bench, self._told(check), (counted, lost))

    def _told(self, check: Checked) -> Checked:
        """The check with what its trains brought: its first packets may have told no distance."""
        return with_later(check, self._outcomes.get(name_of(check), ()))

    def _settle(self, probes: Sequence[Probe]) -> None:
        self.sent += probes
        self._bench.loop.settle(probes)

    def _add(self, name: str, trains: Iterable[Train]) -> None:
        self.trains[name] = (*self.trains.get(name, ()), *trains)
