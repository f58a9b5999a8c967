"""The parts of the host's state that its tables do not hold: objects, tunnels in use, pods."""

from dataclasses import replace

from edgediag.host.wireguard import grown
from edgediag.instruments import Bench
from edgediag.model.answer import NotChecked
from edgediag.model.host import HostState
from edgediag.model.pod_echo import NO_ECHOES
from edgediag.model.wireguard import WireguardDevice
from edgediag.stages.survey import Assignment
from edgediag.tunnel.pod_traffic import (
    EXEMPTION,
    MARKING,
    answered_by_pods,
    asked_by_pods,
    brought_to_pods,
    sent_to_other_site,
)


def with_objects(state: HostState, assignment: Assignment) -> HostState:
    """The state with what the cluster's objects say that it should be."""
    return replace(
        state,
        node_ends=assignment.node_ends,
        gateway_ends=assignment.gateway_ends,
        hub_ends=assignment.hub_ends,
    )


def with_tunnels(bench: Bench, before: HostState, state: HostState) -> HostState:
    """The state with what passed in the tunnels since it was read before.

    Listened to last: by then the daemon had the whole run to speak in.
    """
    traffic = bench.listening.conclude()
    return replace(
        state, tunnel_traffic=traffic, wireguard=_wireguard_since(bench, before)
    )


def _wireguard_since(
    bench: Bench, before: HostState
) -> tuple[WireguardDevice, ...] | NotChecked:
    """WireGuard devices now, with what their peers were sent since the run began."""
    if isinstance(before.wireguard, NotChecked) or not before.wireguard:
        return before.wireguard
    after = bench.host.read().wireguard
    return after if isinstance(after, NotChecked) else grown(before.wireguard, after)


def with_pod_traffic(bench: Bench, state: HostState) -> HostState:
    """The state with what the rules of this host do to packets of pods, and what a pod is told."""
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
