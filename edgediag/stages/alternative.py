"""The same question another way: with another source, or handed to another next hop.

Only where this host's own choice of them is in doubt, and only to hold that choice against it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from edgediag.checked import Checked, host_of, is_answering, is_heard, is_ok, lead
from edgediag.meaning import has_come_back, has_left, is_sent_elsewhere, wire_flow
from edgediag.model.answer import NotChecked
from edgediag.model.evidence import Altered
from edgediag.model.flow import Address
from edgediag.model.host import HostState, NeighbourState
from edgediag.model.outcome import Outcome
from edgediag.model.probe import Probe
from edgediag.model.route import Route, RouteAnswer
from edgediag.plan import MAX_ALTERNATIVES, Supply, draw_alternative
from edgediag.source import fitting_source, is_foreign

# Each is one small broadcast, and a host has few next hops.
MAX_SOLICITED = 4

_NEIGHBOURS_ASKED = 2

# What the bridge plugin of CNI, kubenet and Docker call the bridges of their pods and containers.
# Behind a bridge of another name there may be the uplink itself.
POD_BRIDGES = ("cni0", "cbr0", "docker0")

_RESOLVED = (
    NeighbourState.REACHABLE,
    NeighbourState.STALE,
    NeighbourState.DELAY,
    NeighbourState.PROBE,
    NeighbourState.PERMANENT,
)

NextHopAddress: TypeAlias = tuple[str, Address]
"""A device, and whom frames that leave by it are addressed to."""

_Way: TypeAlias = tuple[Altered, Route, Address]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnotherWay:
    """A check's question with one thing changed; `via` is the route whose next hop gets it."""

    check: str
    change: Altered
    probe: Probe
    via: Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubts:
    """What this host itself may have done wrong, to be asked beside the walks.

    next_hops  to be asked for their link-layer address
    """

    alternatives: tuple[AnotherWay, ...]
    next_hops: tuple[NextHopAddress, ...]


def plan_doubts(
    checks: Sequence[Checked],
    routes: Mapping[str, RouteAnswer],
    state: HostState,
    supply: Supply,
) -> Doubts:
    """What to ask of the flows whose source or next hop this host may have chosen badly.

    Both in the order of the checks, and only so many as is polite.
    """
    ways = list(_ways(checks, routes, state))[:MAX_ALTERNATIVES]
    alternatives = tuple(
        AnotherWay(
            check=check.target.check,
            change=change,
            probe=draw_alternative(lead(check).probe, source, supply),
            via=via,
        )
        for check, (change, via, source) in ways
    )
    return Doubts(alternatives=alternatives, next_hops=_doubtful_next_hops(checks, routes))


def next_hop_address(route: Route, destination: Address) -> NextHopAddress:
    """Whom a frame on a route is addressed to."""
    return route.interface, route.gateway or destination


def _ways(
    checks: Sequence[Checked], routes: Mapping[str, RouteAnswer], state: HostState
) -> Iterator[tuple[Checked, _Way]]:
    heard = {
        wire_flow(item).source for check in checks for item in filter(is_heard, check.attempts)
    }
    serving = _serving(checks, routes)
    for check in filter(_is_in_question, checks):
        route = routes.get(check.target.check)
        if not isinstance(route, Route) or route.is_local:
            continue
        if is_sent_elsewhere(_last_left(check) or lead(check)):
            yield check, (Altered.TRANSLATION, route, lead(check).probe.flow.source)
            continue
        if wire_flow(_last_left(check) or lead(check)).source not in heard:
            yield from ((check, way) for way in _by_source(check, route, state))
        alike = [via for via in serving if via.gateway and via.gateway.version == _version(check)]
        yield from ((check, way) for way in _by_next_hop(check, route, state, alike))


def _by_source(check: Checked, route: Route, state: HostState) -> Iterator[_Way]:
    left = _last_left(check)
    if left is None or isinstance(state.addresses, NotChecked):
        return
    if is_foreign(wire_flow(left).source, route, state.addresses):
        source = fitting_source(route, host_of(check), state.addresses)
        if source is not None:
            yield Altered.SOURCE, route, source


def _by_next_hop(
    check: Checked, route: Route, state: HostState, serving: Sequence[Route]
) -> Iterator[_Way]:
    is_on_link = route.gateway is None and not _has_left(check)
    if not is_on_link and route.interface not in POD_BRIDGES:
        return
    others = serving or (() if is_on_link else tuple(_neighbours(state, route, _version(check))))
    for other in others[:_NEIGHBOURS_ASKED]:
        via = replace(route, interface=other.interface, gateway=other.gateway)
        yield Altered.NEXT_HOP, via, other.source or lead(check).probe.flow.source


def _neighbours(state: HostState, route: Route, version: int) -> Iterator[Route]:
    """Ways by whoever is known on other devices, the lowest address first: it is often a router."""
    if isinstance(state.neighbours, NotChecked) or isinstance(state.addresses, NotChecked):
        return
    for entry in sorted(state.neighbours, key=lambda item: int(item.address)):
        is_known = entry.mac and entry.state in _RESOLVED and entry.address.version == version
        if not is_known or entry.interface in (*POD_BRIDGES, route.interface):
            continue
        via = replace(route, interface=entry.interface, gateway=entry.address)
        source = fitting_source(via, entry.address, state.addresses)
        if source is not None:
            yield replace(via, source=source)


def _serving(
    checks: Sequence[Checked], routes: Mapping[str, RouteAnswer]
) -> tuple[Route, ...]:
    found: dict[NextHopAddress, Route] = {}
    for check in filter(is_answering, checks):
        route = routes.get(check.target.check)
        if isinstance(route, Route) and route.gateway is not None:
            found.setdefault((route.interface, route.gateway), route)
    return tuple(found.values())


def _doubtful_next_hops(
    checks: Sequence[Checked], routes: Mapping[str, RouteAnswer]
) -> tuple[NextHopAddress, ...]:
    """Next hops that frames were sent to and nothing came back by, in the order of the checks."""
    serving = set(_next_hops(filter(is_answering, checks), routes))
    lost = (check for check in checks if _is_unheard(check) and _has_left(check))
    doubtful = dict.fromkeys(hop for hop in _next_hops(lost, routes) if hop not in serving)
    return tuple(doubtful)[:MAX_SOLICITED]


def _next_hops(
    checks: Iterable[Checked], routes: Mapping[str, RouteAnswer]
) -> Iterator[NextHopAddress]:
    for check in checks:
        route = routes.get(check.target.check)
        if isinstance(route, Route) and not route.is_local:
            yield next_hop_address(route, host_of(check))


def _version(check: Checked) -> int:
    return host_of(check).version


def _is_unheard(check: Checked) -> bool:
    return not is_ok(check) and not any(map(has_come_back, check.attempts))


def _is_in_question(check: Checked) -> bool:
    """True for what was not heard, and for what somebody answered who was not asked."""
    left = _last_left(check)
    return _is_unheard(check) or not is_ok(check) and left is not None and is_sent_elsewhere(left)


def _has_left(check: Checked) -> bool:
    return any(map(has_left, check.attempts))


def _last_left(check: Checked) -> Outcome | None:
    return next((item for item in reversed(check.attempts) if has_left(item)), None)
