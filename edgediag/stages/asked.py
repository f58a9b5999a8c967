"""What a survey has put to the network so far, so that nothing is asked twice."""

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import TypeAlias

from edgediag.instruments import Bench
from edgediag.model.answer import NotChecked
from edgediag.model.endpoint import ProbeKind, Target
from edgediag.model.flow import Address, Flow
from edgediag.model.host import HostState
from edgediag.model.probe import Probe
from edgediag.model.route import Route, RouteAnswer
from edgediag.names.over_tcp import Queries
from edgediag.plan import Conditions, plan_checks, plan_queries
from edgediag.stages.assignment import RESOLVER

UNSPECIFIED: Mapping[int, Address] = {4: IPv4Address(0), 6: IPv6Address(0)}

_Key: TypeAlias = tuple[Flow, str, tuple[ProbeKind, ...]]
"""What makes two targets one question."""


class Asked:
    """What was planned so far; ids of checks may change, what makes them one question does not."""

    def __init__(
        self, bench: Bench, timeout_s: float, before: Mapping[Target, tuple[Probe, ...]]
    ) -> None:
        """Begin with the checks that were asked before."""
        self._bench = bench
        self._timeout_s = timeout_s
        self._queries: dict[tuple[str, ProbeKind], tuple[Probe, ...]] = {}
        self._over_tcp: dict[int, Probe] = {}
        self._probes = {_key(target): probes for target, probes in before.items()}
        self._routes: dict[Flow, RouteAnswer] = {}

    def checks(self, targets: Sequence[Target]) -> None:
        """Plan and submit the checks of these targets that were not asked yet."""
        for target in targets:
            if target.address is None or _key(target) in self._probes:
                continue
            probes = plan_checks([target], self._conditions(target), self._bench.supply)
            self._probes[_key(target)] = probes
            self._bench.loop.submit(probes, {})

    def queries(
        self, questions: Sequence[tuple[str, ProbeKind]], targets: Iterable[Target]
    ) -> Queries:
        """The queries of all names to all resolvers; what was not asked yet is submitted."""
        resolvers = [target for target in targets if target.endpoint == RESOLVER]
        sources: dict[Address, Address] = {}
        for resolver in resolvers:
            sources.update(self._conditions(resolver).sources)
        conditions = Conditions(sources=sources, timeout_s=self._timeout_s)
        for question in questions:
            if question not in self._queries:
                probes = plan_queries([question], resolvers, conditions, self._bench.supply)
                self._queries[question] = probes
                self._bench.loop.submit(probes, {})
        by_datagram = tuple(probe for each in questions for probe in self._queries[each])
        return Queries(by_datagram=by_datagram, over_tcp=self._over_tcp)

    def ways(self, targets: Iterable[Target]) -> dict[str, RouteAnswer]:
        """The kernel's way by check, of those that it was asked for."""
        return {
            target.check: self._routes[_way(target)]
            for target in targets
            if _way(target) in self._routes
        }

    def of(self, target: Target) -> tuple[Probe, ...]:
        """The probes of a check, () where nothing was sent for it."""
        return self._probes.get(_key(target), ())

    def each(self) -> Iterable[tuple[Probe, ...]]:
        """The probes of every check, in the order asked."""
        return self._probes.values()

    def _conditions(self, target: Target) -> Conditions:
        # A flow that the kernel has no way for is sent all the same: how it is refused is evidence.
        if target.address is None or no_destination(target.address) is not None:
            return Conditions(sources={}, timeout_s=self._timeout_s)
        route = self._route(_way(target))
        if ProbeKind.IKE_SA_INIT in target.kinds and is_own(route):
            return Conditions(sources={}, timeout_s=self._timeout_s)
        source = None if isinstance(route, NotChecked) else route.source
        if source is None or isinstance(source, NotChecked):
            source = _own_address(self._bench.state, target.address.version)
        return Conditions(sources={target.address: source}, timeout_s=self._timeout_s)

    def _route(self, flow: Flow) -> RouteAnswer:
        if flow not in self._routes:
            self._routes[flow] = self._bench.host.route(flow)
        return self._routes[flow]


def no_destination(address: Address) -> NotChecked | None:
    """Why nothing is sent to an address of IPv6 that is of one link, of many or of no host.

    One of a link needs its device beside it (RFC 4007 §11), which no flow has. IPv4 has no such
    addresses but those of 169.254.0.0/16, for which the routing table knows a device.
    """
    if not isinstance(address, IPv6Address):
        return None
    if address.is_link_local or address.scope_id is not None:
        return NotChecked(reason="its address holds on one link alone, which is not probed yet")
    if address.is_multicast:
        return NotChecked(reason="its address is of a group, and not of one host")
    if address.ipv4_mapped is not None:
        return NotChecked(reason=f"it stands for {address.ipv4_mapped} of IPv4; give that")
    return None


def is_own(route: RouteAnswer | None) -> bool:
    """True if the kernel would deliver the flow to this very host."""
    return isinstance(route, Route) and route.is_local


def _key(target: Target) -> _Key:
    # One address serves several names, and a filter or a server may tell them apart.
    query = "" if isinstance(target.query, NotChecked) else f"/{target.query}"
    return _way(target), target.host + query, target.kinds


def _way(target: Target) -> Flow:
    version = 4 if target.address is None else target.address.version
    return Flow(
        protocol=target.protocol,
        source=UNSPECIFIED[version],
        source_port=0,
        destination=target.address or UNSPECIFIED[version],
        destination_port=target.port,
    )


def _own_address(state: HostState, version: int) -> Address:
    if isinstance(state.addresses, NotChecked):
        return UNSPECIFIED[version]
    own = (item.address for item in state.addresses if item.address.version == version)
    usable = [address for address in own if not address.is_loopback]
    # Of IPv6 every device has a link-local address, and from none does anything get far.
    usable.sort(key=lambda address: version == 6 and address.is_link_local)
    return usable[0] if usable else UNSPECIFIED[version]
