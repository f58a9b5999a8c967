"""The rows of the matrix to which nothing is sent: inbound, on this host, or not to be asked."""

from edgediag.endpoints.system_tools import TOOL_GROUPS
from edgediag.evidence import NO_FIX, left_out
from edgediag.instruments import Bench
from edgediag.model.answer import NotChecked
from edgediag.model.endpoint import Direction, ProbeKind, Target
from edgediag.model.evidence import Evidence, ListenerEvidence, SparedEvidence, ToolsEvidence
from edgediag.model.explained import Explained
from edgediag.model.flow import Flow
from edgediag.model.host import HostState
from edgediag.model.route import Route, RouteAnswer
from edgediag.stages.arrival import agreed, arrivals_at, is_open
from edgediag.stages.asked import is_own, no_destination
from edgediag.stages.inquiry import WITHHELD
from edgediag.stages.visits import listeners_of

# libreswan 4.10 aborts when an IKE_SA_INIT comes from its own host while a connection to anybody is
# loaded; no IKE daemon expects to hear from itself.
OWN_ADDRESS = NotChecked(reason="its address is this node's own, where nothing may be asked of IKE")
INTERRUPTED = NotChecked(reason="the run was interrupted before its outcome was known")


NOBODY_LISTENS = NotChecked(reason="nobody listens for others there")


def without_flow(
    bench: Bench, target: Target, route: RouteAnswer | None, state: HostState
) -> Evidence:
    """What is known of a row without a flow of its own.

    route  the kernel's way where it was asked for
    """
    if target.direction is Direction.ON_HOST:
        names = [name for group in TOOL_GROUPS for name in group]
        return ToolsEvidence(
            target=target, groups=TOOL_GROUPS, present=bench.host.programs(names)
        )
    if target.direction is Direction.INBOUND:
        return _listened(bench, target, state)
    spared = _spared(bench, target, route)
    return spared or left_out(target, _unasked(bench, target))


def _listened(bench: Bench, target: Target, state: HostState) -> ListenerEvidence:
    listeners = listeners_of(target, state)
    explained: Explained | NotChecked = NOBODY_LISTENS
    if not isinstance(listeners, NotChecked) and is_open(listeners):
        arrivals = arrivals_at(target, state, listeners)
        explained = (
            arrivals
            if isinstance(arrivals, NotChecked)
            else agreed(map(bench.host.explain_arrival, arrivals))
        )
    return ListenerEvidence(
        target=target, listeners=listeners, explained=explained, tried_fix=NO_FIX
    )


def _spared(bench: Bench, target: Target, route: RouteAnswer | None) -> SparedEvidence | None:
    is_spared = is_own(route) and ProbeKind.IKE_SA_INIT in target.kinds
    if not is_spared or not isinstance(route, Route) or target.address is None:
        return None
    flow = Flow(
        protocol=target.protocol,
        source=route.source or target.address,
        source_port=target.port,
        destination=target.address,
        destination_port=target.port,
    )
    return SparedEvidence(
        target=target, because=OWN_ADDRESS, route=route, explained=bench.host.explain(flow)
    )


def _unasked(bench: Bench, target: Target) -> NotChecked:
    impossible = None if target.address is None else no_destination(target.address)
    if impossible is not None:
        return impossible
    return INTERRUPTED if bench.loop.is_interrupted() else WITHHELD
