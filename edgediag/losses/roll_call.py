"""Which hosts share a loss or a limit that was counted: each is asked its own question as often.

One check stands for all ports of its host over one protocol. Time servers are spared: they take
many questions for abuse and answer by a limit of their own (RFC 5905 §7.4).
"""

from collections.abc import Collection, Iterable, Sequence

from edgediag.checked import Checked, host_of, is_answering, lead, name_of
from edgediag.inference.counts import lost_of
from edgediag.instruments import Bench
from edgediag.losses.train import Pace, draw_trains, whole_train
from edgediag.meaning import is_rewritten
from edgediag.model.endpoint import ProbeKind
from edgediag.model.flow import Address, Protocol
from edgediag.model.probe import Probe
from edgediag.model.train import Train

# Public resolvers answer 20 questions a second of one client, and few servers fewer.
PACE = Pace(count=20, spacing_s=0.1)

# A host that lost fewer than three of twenty is asked as often again: of a loss of a third, which
# leaves so few of twenty in one run of thirty, four of forty are lost in all but one of 1,500.
TURNS = 2
FEW_LOST = 3

# A source port is held for each question over TCP.
MAX_HOSTS = 8

_COUNTED = (ProbeKind.TCP_SYN, ProbeKind.DNS)


class RollCall:
    """Trains to hosts of which nothing was counted yet, a turn at a time."""

    def __init__(self, bench: Bench, checks: Sequence[Checked]) -> None:
        self._bench = bench
        self._checks = checks
        self._sent: list[dict[str, tuple[Probe, ...]]] = []

    def turn(self, *, is_limit: bool) -> tuple[Probe, ...]:
        """The next questions, submitted; none where all is known that may be asked.

        is_limit  a limit is looked for: it takes most of the first ones
        """
        if len(self._sent) == (1 if is_limit else TURNS):
            return ()
        trains = self.trains()
        wanted = [
            check for check in self._checks
            if not self._sent or _is_open(trains.get(name_of(check)))
        ]
        drawn = draw_trains(self._bench, wanted, PACE)
        self._sent.append(drawn)
        questions = tuple(probe for probes in drawn.values() for probe in probes)
        self._bench.loop.submit(questions, {})
        return questions

    def trains(self) -> dict[str, Train]:
        """What came of it, by check id."""
        asked: dict[str, tuple[Probe, ...]] = {}
        for drawn in self._sent:
            for check, probes in drawn.items():
                if self._bench.loop.is_settled(probes):
                    asked[check] = (*asked.get(check, ()), *probes)
        return {
            check: whole_train(self._bench.loop.outcomes(probes), PACE.spacing_s)
            for check, probes in asked.items()
        }


def to_be_called(
    checks: Iterable[Checked], counted: Iterable[Checked], versions: Collection[int]
) -> tuple[Checked, ...]:
    """The checks that stand for hosts of which nothing was counted, at most eight.

    versions  the IP versions in which something was lost for certain
    """
    known = set(map(_key, counted))
    chosen: dict[tuple[Address, Protocol], Checked] = {}
    for check in checks:
        is_fit = lead(check).probe.kind in _COUNTED and host_of(check).version in versions
        if not is_fit or not is_answering(check) or any(map(is_rewritten, check.attempts)):
            continue
        if _key(check) not in known:
            chosen.setdefault(_key(check), check)
    return tuple(chosen.values())[:MAX_HOSTS]


def _key(check: Checked) -> tuple[Address, Protocol]:
    return host_of(check), lead(check).probe.flow.protocol


def _is_open(train: Train | None) -> bool:
    return train is not None and lost_of([train])[0] < FEW_LOST
