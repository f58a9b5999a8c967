"""The parts of the host's state that its tables do not hold: objects, tunnels in use, pods."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import Final, TypeVar

from edgediag.checked import Checked, clock_of
from edgediag.endpoints import flannel_vxlan, raven_gateway
from edgediag.host.wireguard import grown
from edgediag.host.xfrm import grown_counts
from edgediag.instruments import Bench
from edgediag.model.answer import NotChecked
from edgediag.model.host import HostState
from edgediag.model.node_certificate import Moment
from edgediag.model.pod_echo import NO_ECHOES
from edgediag.stages.assignment import Assignment
from edgediag.stages.hub import ask_hub
from edgediag.tunnel.pod_traffic import (
    EXEMPTION,
    MARKING,
    answered_by_pods,
    asked_by_pods,
    brought_to_pods,
    sent_to_other_site,
)

_Entry = TypeVar("_Entry")

_CARRY_PODS: Final = frozenset(
    endpoint.id
    for endpoint in (raven_gateway.TUNNEL, raven_gateway.OVERLAY, *flannel_vxlan.ENDPOINTS)
)


def with_objects(state: HostState, assignment: Assignment) -> HostState:
    """The state with what the cluster's objects say that it should be."""
    return replace(
        state,
        node_ends=assignment.node_ends,
        gateway_ends=assignment.gateway_ends,
        hub_ends=assignment.hub_ends,
        gateway_pools=assignment.gateway_pools,
        node_certificates=assignment.certificates,
    )


def with_moment(bench: Bench, state: HostState, checks: Iterable[Checked]) -> HostState:
    """The state with the time that it is, by all clocks that were heard of."""
    here_s = bench.loop.now_s()
    clocks = {
        clock for check in checks for clock in map(clock_of, check.attempts) if clock is not None
    }
    others_s = tuple(sorted(here_s + clock.offset_s for clock in clocks))
    return replace(state, moment=Moment(here_s=here_s, others_s=others_s))


def with_hub(bench: Bench, state: HostState) -> HostState:
    """The state with what this node's hub says of itself."""
    ends = () if isinstance(state.hub_ends, NotChecked) else state.hub_ends
    return replace(state, hub_words=ask_hub(bench, ends))


def with_tunnels(bench: Bench, before: HostState, state: HostState) -> HostState:
    """The state with what passed in the tunnels since it was read before.

    Listened to last: by then the daemon had the whole run to speak in.
    """
    traffic = bench.listening.conclude()
    state = replace(state, tunnel_traffic=traffic)
    tables = (before.wireguard, before.xfrm_policies)
    if not any(bool(table) for table in tables if not isinstance(table, NotChecked)):
        return replace(state, wireguard=before.wireguard)
    after = bench.host.read()
    return replace(
        state,
        wireguard=_since(grown, before.wireguard, after.wireguard),
        xfrm_counts=_since(grown_counts, before.xfrm_counts, after.xfrm_counts),
    )


def _since(
    grown_: Callable[[tuple[_Entry, ...], tuple[_Entry, ...]], tuple[_Entry, ...]],
    before: tuple[_Entry, ...] | NotChecked,
    after: tuple[_Entry, ...] | NotChecked,
) -> tuple[_Entry, ...] | NotChecked:
    """The entries now, with what they counted since the run began; as before where unreadable."""
    if isinstance(before, NotChecked):
        return before
    return after if isinstance(after, NotChecked) else grown_(before, after)


def with_pod_traffic(
    bench: Bench, state: HostState, endpoints: Collection[str]
) -> HostState:
    """The state with what the rules of this host do to packets of pods, and what a pod is told.

    endpoints  that are checked; where none of them carries pods' traffic nothing is asked
    """
    if _CARRY_PODS.isdisjoint(endpoints):
        return state
    host = bench.host
    sent, answer, brought = (
        traffic(state) for traffic in (sent_to_other_site, answered_by_pods, brought_to_pods)
    )
    asked = NO_ECHOES if bench.loop.is_interrupted() else asked_by_pods(state)
    return replace(
        state,
        pod_echoes=asked if isinstance(asked, NotChecked) else host.echo_from_pod(asked),
        before_exemption=sent
        if isinstance(sent, NotChecked)
        else host.translated_before(sent, EXEMPTION),
        before_marking=answer
        if isinstance(answer, NotChecked)
        else host.accepted_before(answer, MARKING),
        to_pods=brought if isinstance(brought, NotChecked) else host.explain_arrival(brought),
    )
