"""Where a limit begins: quick expiring questions to each router, beside as many echoes.

A limit passes what comes slowly, so a walk of single packets shows nothing. Here the limit is spent
first; then every router in turn is sent a few questions of the limited kind and as many echoes, at
once, no more of both than it has errors for. In front of the limit it answers all, behind it the
echoes alone.
"""

from dataclasses import dataclass, replace

from edgediag.checked import Checked, hop_limit_of, lead
from edgediag.instruments import Bench
from edgediag.losses.train import expiring_train
from edgediag.meaning import distance
from edgediag.model.endpoint import ProbeKind
from edgediag.model.flow import Protocol
from edgediag.model.probe import Probe, Schedule
from edgediag.model.train import Train
from edgediag.plan import HOP_LIMIT, draw_counted

# Linux routers answer six expiring packets of one source at once.
OF_EACH_KIND = 3

# What a limit lets pass at once, in most rules that people write.
SPENT = 10
SPACING_S = 0.004

MAX_HOPS = 8

_PATIENCE_S = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitWalk:
    """The trains that expire, nearest router first, questions before echoes; and all probes."""

    trains: tuple[Train, ...]
    sent: tuple[Probe, ...]


def walk_limit(bench: Bench, check: Checked) -> LimitWalk:
    """Walk the limit that a check's questions meet; nothing where its distance is not known."""
    hop_limit = hop_limit_of(check)
    hops = 0 if hop_limit is None else min(distance(hop_limit) - 1, MAX_HOPS)
    if hops < 1:
        return LimitWalk(trains=(), sent=())
    asked = lead(check).probe
    spent = tuple(
        _drawn(bench, asked, HOP_LIMIT, place * SPACING_S) for place in range(SPENT)
    )
    start_s = SPENT * SPACING_S
    trains: list[tuple[Probe, ...]] = []
    for hop in range(1, hops + 1):
        at_s = start_s + (hop - 1) * 2 * OF_EACH_KIND * SPACING_S
        for kind in (asked, _echo(bench, asked)):
            # One of each kind in turn, so that neither has the router's errors to itself.
            offset_s = at_s + SPACING_S * (kind is not asked)
            trains.append(
                tuple(
                    _drawn(bench, kind, hop, offset_s + 2 * place * SPACING_S)
                    for place in range(OF_EACH_KIND)
                )
            )
    sent = (*spent, *(probe for train in trains for probe in train))
    bench.loop.submit(sent, {})
    bench.loop.settle(sent)
    is_whole = bench.loop.is_settled(sent)
    outcomes = (bench.loop.outcomes(train) for train in trains if is_whole)
    read = (expiring_train(items, 2 * SPACING_S) for items in outcomes)
    return LimitWalk(trains=tuple(read), sent=sent)


def _echo(bench: Bench, asked: Probe) -> Probe:
    identifier = bench.supply.port()
    flow = replace(
        asked.flow,
        protocol=Protocol.ICMP,
        source_port=identifier,
        destination_port=identifier,
    )
    return replace(asked, kind=ProbeKind.ICMP_ECHO, flow=flow)


def _drawn(bench: Bench, asked: Probe, hop_limit: int, start_s: float) -> Probe:
    schedule = Schedule(offsets_s=(start_s,), timeout_s=start_s + _PATIENCE_S)
    return replace(draw_counted(asked, schedule, bench.supply), hop_limit=hop_limit)
