"""Trains of single questions: drawn at a pace, sent, and read as counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from edgediag.checked import Checked, is_heard, lead, name_of
from edgediag.instruments import Bench
from edgediag.meaning import has_left
from edgediag.model.outcome import Answered, Outcome
from edgediag.model.packet import Sighting
from edgediag.model.probe import Probe, Schedule
from edgediag.model.reply import IcmpKind, IcmpReply
from edgediag.model.train import WHOLE, Train
from edgediag.plan import draw_counted

PATIENCE_S = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How many questions a train has, and the time between two of them."""

    count: int
    spacing_s: float


# With 20, a loss of 14 in 100 or more shows in 19 runs of 20.
QUICK = Pace(count=20, spacing_s=0.03)

# Six that all pass, where of twenty quick ones 13 are lost, are chance once in a hundred runs; no
# limit worth its name is below two a second.
SLOW = Pace(count=6, spacing_s=0.7)


def draw_trains(
    bench: Bench, checks: Sequence[Checked], pace: Pace
) -> dict[str, tuple[Probe, ...]]:
    """A train of the own question of each check, by check id; not sent yet.

    Before the first as much time passes as between two of them: another train may have just ended.
    """
    starts_s = [place * pace.spacing_s for place in range(1, pace.count + 1)]
    return {
        name_of(check): tuple(once(bench, lead(check).probe, start_s) for start_s in starts_s)
        for check in checks
    }


def once(bench: Bench, asked: Probe, start_s: float) -> Probe:
    """A question asked at one moment and not again."""
    schedule = Schedule(offsets_s=(start_s,), timeout_s=start_s + PATIENCE_S)
    return draw_counted(asked, schedule, bench.supply)


def read_trains(
    bench: Bench, trains: Mapping[str, tuple[Probe, ...]], pace: Pace
) -> dict[str, Train]:
    """What came of the trains, by check id; one that was interrupted is left out."""
    return {
        check: whole_train(bench.loop.outcomes(probes), pace.spacing_s)
        for check, probes in trains.items()
        if bench.loop.is_settled(probes)
    }


def whole_train(outcomes: Sequence[Outcome], spacing_s: float) -> Train:
    """The count of questions that the destination is to answer."""
    left = [outcome for outcome in outcomes if has_left(outcome)]
    return _train(outcomes, spacing_s, sum(map(is_heard, left)))


def is_lost(outcome: Outcome) -> bool:
    """True if a question that the destination is to answer left this host and was not answered."""
    return has_left(outcome) and not is_heard(outcome)


def expiring_train(outcomes: Sequence[Outcome], spacing_s: float) -> Train:
    """The count of questions that expire at one router."""
    expired = [
        outcome.reply
        for outcome in outcomes
        if isinstance(outcome, Answered)
        and isinstance(outcome.reply, IcmpReply)
        and outcome.reply.kind is IcmpKind.TIME_EXCEEDED
    ]
    return replace(
        _train(outcomes, spacing_s, len(expired)),
        hop_limit=outcomes[0].probe.hop_limit,
        expired_at=expired[0].sender if expired else None,
    )


def _train(outcomes: Sequence[Outcome], spacing_s: float, answered: int) -> Train:
    first = outcomes[0].probe
    return Train(
        check=first.check,
        protocol=first.flow.protocol,
        destination=first.flow.destination,
        spacing_s=spacing_s,
        sent=sum(map(has_left, outcomes)),
        answered=answered,
        packets=tuple(sorted({seen.number for outcome in outcomes for seen in outcome.seen})),
        hop_limit=WHOLE,
        expired_at=WHOLE,
        reordered=_reordered(outcomes),
    )


def _reordered(outcomes: Sequence[Outcome]) -> int:
    """How many answers came in behind one to a question that was asked later."""
    firsts = (_first_in(outcome) for outcome in outcomes)
    came = sorted((number, place) for place, number in enumerate(firsts) if number is not None)
    places = [place for _, place in came]
    return sum(place < max(places[:count]) for count, place in enumerate(places) if count)


def _first_in(outcome: Outcome) -> int | None:
    # A server sends its SYN-ACK again where our reset to it was lost.
    numbers = (seen.number for seen in outcome.seen if seen.sighting is Sighting.TAP_IN)
    return min(numbers, default=None)
