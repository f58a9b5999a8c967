"""Which other networks lie behind a segment that loses packets: a flow into each is walked.

What expires on the way asks nothing of a host, so that time servers too may be walked.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final, TypeAlias

from edgediag.checked import Checked, hop_limit_of, host_of, is_answering, name_of
from edgediag.instruments import Bench
from edgediag.locate.controls import walk_of
from edgediag.locate.near import network_of
from edgediag.locate.planned import Search
from edgediag.losses.errors import Errors
from edgediag.meaning import distance
from edgediag.model.flow import Address, Flow
from edgediag.model.path import Ladder
from edgediag.model.probe import Probe, Purpose
from edgediag.path import Walk, draw_rungs, ladder_of

# One a second, for the routers' errors are spent: what a run may wait.
MAX_WALKS = 8

# Of a loss of a third one walk in thirty meets no router behind it, though it asks thrice: then
# another flow into the network is walked.
OF_A_NETWORK = 2

_Network: TypeAlias = tuple[int, int]


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
    bench: Bench, checks: Sequence[Checked], found: tuple[Sequence[Checked], Collection[Address]]
) -> Paths:
    """Walk flows into each network that no lossy check is in, of the same IP version.

    found  the lossy checks, and the routers behind their losses
    """
    lossy, behind = found
    known = {_network(check) for check in lossy}
    versions = {host_of(check).version for check in lossy}
    networks: dict[_Network, list[Checked]] = {}
    for check in checks:
        is_heard = is_answering(check) and hop_limit_of(check)
        if is_heard and host_of(check).version in versions and _network(check) not in known:
            networks.setdefault(_network(check), []).append(check)
    chosen: dict[_Network, tuple[Checked, ...]] = {}
    paths = NOBODY
    for place in range(OF_A_NETWORK):
        room = MAX_WALKS - len(paths.walks)
        open_ = {
            network: group[place]
            for network, group in networks.items()
            if place < len(group) and not _has_met(paths, chosen.get(network, ()), behind)
        }
        turn = dict(islice(open_.items(), room))
        paths = _walked(bench, tuple(turn.values()), paths)
        for network, check in turn.items():
            chosen[network] = (*chosen.get(network, ()), check)
    return replace(
        paths,
        walked={
            name_of(check): tuple(map(name_of, chosen[network]))
            for network, group in networks.items()
            if network in chosen
            for check in group
        },
    )


def _has_met(paths: Paths, chosen: Sequence[Checked], behind: Collection[Address]) -> bool:
    """True if the walk of one of these checks met one of these routers."""
    names = set(map(name_of, chosen))
    ladders = (paths.ladders.get(walk.flow) for walk in paths.walks if walk.check in names)
    return any(hop.sender in behind for ladder in ladders if ladder for hop in ladder.hops)


def _walked(bench: Bench, chosen: Sequence[Checked], paths: Paths) -> Paths:
    """These paths, and the walks of some checks more, each when the routers have an error left."""
    walks = _paced(bench, list(map(_walk, chosen)))
    rungs = {walk.flow: draw_rungs(walk, bench.supply) for walk in walks}
    sent = tuple(probe for ladder in rungs.values() for probe in ladder)
    bench.loop.submit(sent, {})
    bench.loop.settle(sent)
    ladders = {
        flow: ladder_of(flow, bench.loop.outcomes(probes))
        for flow, probes in rungs.items()
        if bench.loop.is_settled(probes)
    }
    return replace(
        paths,
        walks=(*paths.walks, *walks),
        ladders={**paths.ladders, **ladders},
        sent=(*paths.sent, *sent),
    )


def _paced(bench: Bench, walks: Sequence[Walk]) -> tuple[Walk, ...]:
    """The walks, each with its start."""
    hops: dict[int, int] = {}
    for walk in walks:
        version = walk.flow.destination.version
        hops[version] = max(walk.hops, hops.get(version, 0))
    errors = {version: Errors.of(bench.loop, version, most) for version, most in hops.items()}
    now_s = bench.loop.now_s()
    paced: list[Walk] = []
    for walk in walks:
        left = errors[walk.flow.destination.version]
        at_s = left.next_s(now_s)
        left.spend(at_s)
        paced.append(replace(walk, start_s=at_s - now_s))
    return tuple(paced)


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
