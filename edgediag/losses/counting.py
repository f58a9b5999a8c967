"""What is counted of checks: trains at a pace, the walk of a loss, the roll call of the rest."""

from collections.abc import Iterable, Sequence

from edgediag.checked import Checked, host_of, name_of, with_later
from edgediag.inference.counts import lost_of
from edgediag.inference.limits import at_two_paces, limit_begins
from edgediag.inference.losses import is_lossy
from edgediag.instruments import Bench
from edgediag.losses.limit_walk import walk_limit
from edgediag.losses.loss_walk import LossWalk
from edgediag.losses.roll_call import RollCall, to_be_called
from edgediag.losses.train import Pace, draw_trains, read_trains
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
        drawn = draw_trains(self._bench, checks, pace)
        probes = [probe for train in drawn.values() for probe in train]
        self._bench.loop.submit(probes, {})
        self._settle(probes)
        for name, train in read_trains(self._bench, drawn, pace).items():
            self._add(name, (train,))
            told = self._bench.loop.outcomes(drawn[name])
            self._outcomes[name] = (*self._outcomes.get(name, ()), *told)

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
        roll = RollCall(self._bench, to_be_called(checks, chosen, versions))
        walks = {name_of(check): self._walk(check) for check in lossy}
        while probes := [
            *(probe for walk in walks.values() for probe in walk.turn()),
            *roll.turn(is_limit=not lossy),
        ]:
            self._settle(probes)
        for name, walk in walks.items():
            self._add(name, walk.trains())
        for name, train in roll.trains().items():
            self._add(name, (train,))

    def _walk(self, check: Checked) -> LossWalk:
        return LossWalk(self._bench, self._told(check), self.trains[name_of(check)])

    def _told(self, check: Checked) -> Checked:
        """The check with what its trains brought: its first packets may have told no distance."""
        return with_later(check, self._outcomes.get(name_of(check), ()))

    def _settle(self, probes: Sequence[Probe]) -> None:
        self.sent += probes
        self._bench.loop.settle(probes)

    def _add(self, name: str, trains: Iterable[Train]) -> None:
        self.trains[name] = (*self.trains.get(name, ()), *trains)
