"""Which other networks lie behind a segment that loses packets: two flows into each are walked.

What expires on the way asks nothing of a host, so that time servers too may be walked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Final

from edgediag.checked import Checked, hop_limit_of, host_of, is_answering, name_of
from edgediag.instruments import Bench
from edgediag.locate.controls import walk_of
from edgediag.locate.near import network_of
from edgediag.locate.pacing import ERROR_SPACING_S
from edgediag.locate.planned import Search
from edgediag.meaning import distance
from edgediag.model.flow import Flow
from edgediag.model.path import Ladder
from edgediag.model.probe import Probe, Purpose
from edgediag.path import Walk, draw_rungs, ladder_of

# One a second, for the routers' errors are spent: what a run may wait.
MAX_WALKS = 8

# Of a loss of a third one walk in thirty meets no router behind it, though it asks thrice.
OF_A_NETWORK = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """Flows that were walked for their networks.

    walks    in the order of their start
    ladders  by flow
    walked   by check: those whose walks stand for its network
    """

    walks: tuple[Walk, ...]
    ladders: Mapping[Flow, Ladder]
    walked: Mapping[str, tuple[str, ...]]
    sent: tuple[Probe, ...]


NOBODY: Final = Paths(walks=(), ladders={}, walked={}, sent=())


def walk_networks(
    bench: Bench, checks: Sequence[Checked], lossy: Sequence[Checked]
) -> Paths:
    """Walk flows into each network that no lossy check is in, of the same IP version."""
    known = {_network(check) for check in lossy}
    versions = {host_of(check).version for check in lossy}
    heard = [
        check
        for check in checks
        if is_answering(check) and hop_limit_of(check) and host_of(check).version in versions
    ]
    leaders: dict[tuple[int, int], list[Checked]] = {}
    for check in heard:
        if _network(check) not in known:
            leaders.setdefault(_network(check), []).append(check)
    # The first of every network before the second of any.
    turns = zip_longest(*(group[:OF_A_NETWORK] for group in leaders.values()))
    chosen = [check for turn in turns for check in turn if check is not None][:MAX_WALKS]
    walks = tuple(
        replace(_walk(check), start_s=place * ERROR_SPACING_S)
        for place, check in enumerate(chosen, start=1)
    )
    rungs = {walk.flow: draw_rungs(walk, bench.supply) for walk in walks}
    sent = tuple(probe for ladder in rungs.values() for probe in ladder)
    bench.loop.submit(sent, {})
    bench.loop.settle(sent)
    return Paths(
        walks=walks,
        ladders={
            flow: ladder_of(flow, bench.loop.outcomes(probes))
            for flow, probes in rungs.items()
            if bench.loop.is_settled(probes)
        },
        walked={
            name_of(check): own
            for check in heard
            if (own := tuple(name_of(one) for one in chosen if _network(one) == _network(check)))
        },
        sent=sent,
    )


def with_paths(search: Search, paths: Paths) -> Search:
    """The search with these walks beside its own; what was walked itself keeps its own."""
    return replace(
        search,
        walks=(*search.walks, *paths.walks),
        walked={**paths.walked, **search.walked},
    )


def _walk(check: Checked) -> Walk:
    hop_limit = hop_limit_of(check)
    hops = 0 if hop_limit is None else distance(hop_limit) - 1
    return walk_of(check, Purpose.LADDER, hops)


def _network(check: Checked) -> tuple[int, int]:
    return host_of(check).version, network_of(host_of(check))
