"""The first stage: resolve the names and put every check's probes to the network, all at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import TypeAlias

from edgediag.instruments import Bench
from edgediag.matrix import with_addresses
from edgediag.model.answer import NotChecked
from edgediag.model.certificate import Anchors
from edgediag.model.cluster import HostsEntry, ResolverLine
from edgediag.model.endpoint import Direction, HostSource, Matrix, ProbeKind, Target
from edgediag.model.flow import Address, Flow
from edgediag.model.host import HostState, Route, RouteAnswer
from edgediag.model.overlay import NodeEnd
from edgediag.model.probe import Probe
from edgediag.names import addresses_in, names_in, overridden, resolved
from edgediag.plan import Conditions, plan_checks, plan_queries

RESOLVER = HostSource.RESOLVER.value
_UNSPECIFIED = IPv4Address(0)

_Key: TypeAlias = tuple[Flow, str, tuple[ProbeKind, ...]]
"""What makes two targets one question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What is to be diagnosed.

    hosts_entries  the names that this node settles by itself
    resolver_lines  that name the resolvers; empty where they are asked by default
    anchors  that certificates are held against
    is_traced      what passes is walked as well
    peers  other nodes of the site, which are asked through the overlay
    node_ends  of flannel's overlay, as the nodes' own objects have them
    """

    matrix: Matrix
    hosts_entries: tuple[HostsEntry, ...]
    resolver_lines: tuple[ResolverLine, ...] | NotChecked
    timeout_s: float
    anchors: Anchors
    is_traced: bool = False
    peers: tuple[Address, ...] = ()
    node_ends: tuple[NodeEnd, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Surveyed:
    """What was asked.

    targets  all of the matrix, those with several addresses taken apart
    checks   the CHECK probes by check id
    queries  the RESOLVE probes, by name first
    routes   the kernel's way by check id
    state    of this host before the first probe
    """

    state: HostState
    targets: tuple[Target, ...]
    checks: Mapping[str, tuple[Probe, ...]]
    queries: tuple[Probe, ...]
    routes: Mapping[str, RouteAnswer]


def survey(bench: Bench, assignment: Assignment) -> Surveyed:
    """Ask everything that can be asked, and wait until all of it has its outcome.

    What is known by address starts together with the name queries; what is known by name follows
    as soon as the names are resolved.
    """
    state = bench.host.read()
    entries = overridden(names_in(assignment.matrix), assignment.hosts_entries)
    first = with_addresses(assignment.matrix, entries)
    asked = _Asked(bench, state, assignment.timeout_s)
    # What a hosts file settles is asked as well: only so it shows that the line is another's.
    names = (*names_in(first), *entries)
    queries = asked.queries(names, _outbound(first.targets))
    asked.checks(_outbound(first.targets))
    known = {**_wait_for_names(bench, queries), **entries}
    last = with_addresses(assignment.matrix, known)
    asked.checks(_outbound(last.targets))
    bench.loop.settle([probe for probes in asked.probes.values() for probe in probes])
    return Surveyed(
        state=state,
        targets=last.targets,
        checks={target.check: asked.probes.get(_key(target), ()) for target in last.targets},
        queries=queries,
        routes={
            target.check: asked.routes[_way(target)]
            for target in last.targets
            if _way(target) in asked.routes
        },
    )


class _Asked:
    """What was planned so far, so that nothing is asked twice; ids may change, keys do not."""

    def __init__(self, bench: Bench, state: HostState, timeout_s: float) -> None:
        self._bench = bench
        self._fallback = _own_address(state)
        self._timeout_s = timeout_s
        self.probes: dict[_Key, tuple[Probe, ...]] = {}
        self.routes: dict[Flow, RouteAnswer] = {}

    def checks(self, targets: Sequence[Target]) -> None:
        """Plan and submit the checks of these targets that were not asked yet."""
        for target in targets:
            if target.address is None or _key(target) in self.probes:
                continue
            probes = plan_checks([target], self._conditions(target), self._bench.supply)
            self.probes[_key(target)] = probes
            self._bench.loop.submit(probes, {})

    def queries(self, names: Iterable[str], targets: Iterable[Target]) -> tuple[Probe, ...]:
        """Plan and submit the queries of all names to all resolvers."""
        resolvers = [target for target in targets if target.endpoint == RESOLVER]
        sources: dict[Address, Address] = {}
        for resolver in resolvers:
            sources.update(self._conditions(resolver).sources)
        conditions = Conditions(sources=sources, timeout_s=self._timeout_s)
        probes = plan_queries(names, resolvers, conditions, self._bench.supply)
        self._bench.loop.submit(probes, {})
        return probes

    def _conditions(self, target: Target) -> Conditions:
        # A flow that the kernel has no way for is sent all the same: how it is refused is evidence.
        if target.address is None or target.address.version != 4:
            return Conditions(sources={}, timeout_s=self._timeout_s)
        route = self._route(_way(target))
        if ProbeKind.IKE_SA_INIT in target.kinds and is_own(route):
            return Conditions(sources={}, timeout_s=self._timeout_s)
        source = route.source if isinstance(route, Route) else None
        return Conditions(
            sources={target.address: source or self._fallback}, timeout_s=self._timeout_s
        )

    def _route(self, flow: Flow) -> RouteAnswer:
        if flow not in self.routes:
            self.routes[flow] = self._bench.host.route(flow)
        return self.routes[flow]


def is_own(route: RouteAnswer | None) -> bool:
    """True if the kernel would deliver the flow to this very host."""
    return isinstance(route, Route) and route.is_local


def _wait_for_names(bench: Bench, queries: Sequence[Probe]) -> Mapping[str, tuple[Address, ...]]:
    by_name: dict[str, list[Probe]] = {}
    for query in queries:
        by_name.setdefault(query.name, []).append(query)
    waiting = dict(by_name)

    def is_done(_: object, __: float) -> bool:
        for name, probes in list(waiting.items()):
            answers = bench.loop.outcomes(probes)
            if any(map(addresses_in, answers)) or bench.loop.is_settled(probes):
                del waiting[name]
        return not waiting

    bench.loop.until(is_done)
    return resolved(bench.loop.outcomes(queries))


def _outbound(targets: Iterable[Target]) -> tuple[Target, ...]:
    return tuple(target for target in targets if target.direction is Direction.OUTBOUND)


def _key(target: Target) -> _Key:
    # One address serves several names, and a filter or a server may tell them apart.
    query = "" if isinstance(target.query, NotChecked) else f"/{target.query}"
    return _way(target), target.host + query, target.kinds


def _way(target: Target) -> Flow:
    return Flow(
        protocol=target.protocol,
        source=_UNSPECIFIED,
        source_port=0,
        destination=target.address or _UNSPECIFIED,
        destination_port=target.port,
    )


def _own_address(state: HostState) -> Address:
    if isinstance(state.addresses, NotChecked):
        return _UNSPECIFIED
    usable = [
        item.address
        for item in state.addresses
        if item.address.version == 4 and not item.address.is_loopback
    ]
    return usable[0] if usable else _UNSPECIFIED
