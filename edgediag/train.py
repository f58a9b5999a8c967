"""The stage that counts: where packets are lost at times, how many, and does the pace matter?

Three tries hide a loss of one in three from most checks. So where any first try went unanswered and
a later one did not, the tunnel and the API server are asked many times, quickly; what loses much
so is asked slowly as well, because a limit spares what keeps below it and loss does not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgediag.checked import Checked, is_answering, is_heard, is_ok, lead
from edgediag.instruments import Bench
from edgediag.limit_walk import walk_limit
from edgediag.meaning import has_left, is_rewritten
from edgediag.model.endpoint import HostSource
from edgediag.model.outcome import Answered, Outcome, Unanswered
from edgediag.model.probe import Probe, Schedule
from edgediag.model.train import Train
from edgediag.plan import STREAMS, draw_counted

# With 20, a loss of 14 in 100 or more shows in 19 runs of 20.
QUICK_COUNT = 20
QUICK_SPACING_S = 0.03

# Six that all pass, where of twenty quick ones half is lost, are chance once in fifty runs; no
# limit worth its name is below two a second.
SLOW_COUNT = 6
SLOW_SPACING_S = 0.7

# What lost so many quick packets is asked slowly.
MUCH_LOST = 4

PATIENCE_S = 0.9

_COUNTED = (HostSource.API_SERVER.value, HostSource.RAVEN_TUNNEL.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """The trains by check id, and every probe that was sent for them."""

    trains: Mapping[str, tuple[Train, ...]]
    sent: tuple[Probe, ...]


def count_losses(bench: Bench, checks: Sequence[Checked], *, is_lossy: bool) -> Counted:
    """Send trains to the tunnel and to the API server, if anything hints at a loss.

    is_lossy  a silent flow was served when it was asked again
    """
    if not is_lossy and not any(map(_is_hint, checks)):
        return Counted(trains={}, sent=())
    chosen = _chosen(checks)
    quick = _sent(bench, chosen, count=QUICK_COUNT, spacing_s=QUICK_SPACING_S)
    trains: dict[str, tuple[Train, ...]] = {
        check: (train,) for check, train in _read(bench, quick, QUICK_SPACING_S).items()
    }
    again = [
        check
        for check in chosen
        for train in trains.get(check.target.check, ())
        if train.sent - train.answered >= MUCH_LOST
    ]
    slow = _sent(bench, again, count=SLOW_COUNT, spacing_s=SLOW_SPACING_S)
    for name, train in _read(bench, slow, SLOW_SPACING_S).items():
        trains[name] = (*trains[name], train)
    walks = [
        walk_limit(bench, check) for check in again if _is_spared(trains[check.target.check])
    ]
    for walk in walks:
        for train in walk.trains:
            trains[train.check] = (*trains[train.check], train)
    sent = (probe for probes in (*quick.values(), *slow.values()) for probe in probes)
    walked = (probe for walk in walks for probe in walk.sent)
    return Counted(trains=trains, sent=(*sent, *walked))


def _is_spared(trains: tuple[Train, ...]) -> bool:
    """True if nothing of the slow train was lost: then a limit is likely, and where it begins."""
    return len(trains) > 1 and trains[-1].answered == trains[-1].sent


def _is_hint(check: Checked) -> bool:
    if any(map(is_rewritten, check.attempts)):
        # The answers to packets of our own come back on a flow that nobody here knows.
        return False
    packets = [item for item in check.attempts if item.probe.kind not in STREAMS]
    if any(isinstance(item, Answered) and item.tries > 1 for item in packets):
        return True
    return is_ok(check) and any(isinstance(item, Unanswered) for item in packets)


def _chosen(checks: Sequence[Checked]) -> list[Checked]:
    # The first of each kind that was heard at all: what is dark loses everything.
    chosen: dict[str, Checked] = {}
    for check in checks:
        is_counted = check.target.endpoint in _COUNTED and is_answering(check)
        if is_counted and not any(map(is_rewritten, check.attempts)):
            if lead(check).probe.flow.destination.version == 4:
                chosen.setdefault(check.target.endpoint, check)
    return list(chosen.values())


def _sent(
    bench: Bench, checks: Sequence[Checked], *, count: int, spacing_s: float
) -> dict[str, tuple[Probe, ...]]:
    starts_s = [place * spacing_s for place in range(count)]
    trains = {
        check.target.check: tuple(
            draw_counted(
                lead(check).probe,
                Schedule(offsets_s=(start_s,), timeout_s=start_s + PATIENCE_S),
                bench.supply,
            )
            for start_s in starts_s
        )
        for check in checks
    }
    probes = [probe for train in trains.values() for probe in train]
    bench.loop.submit(probes, {})
    bench.loop.settle(probes)
    return trains


def _read(
    bench: Bench, trains: Mapping[str, tuple[Probe, ...]], spacing_s: float
) -> dict[str, Train]:
    return {
        check: _train(bench.loop.outcomes(probes), spacing_s)
        for check, probes in trains.items()
        if bench.loop.is_settled(probes)
    }


def _train(outcomes: Sequence[Outcome], spacing_s: float) -> Train:
    first = outcomes[0].probe
    left = [outcome for outcome in outcomes if has_left(outcome)]
    return Train(
        check=first.check,
        protocol=first.flow.protocol,
        destination=first.flow.destination,
        spacing_s=spacing_s,
        sent=len(left),
        answered=sum(map(is_heard, left)),
        packets=tuple(sorted({seen.number for outcome in outcomes for seen in outcome.seen})),
    )
