"""All rules on the state that a row of the matrix needs beside its own flow.

A tunnel may be reached and carry nothing: what the kernel was given for it is then at fault.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from edgediag.endpoints import api_server, flannel_vxlan, raven_gateway
from edgediag.host.vxlan import FLANNEL_PREFIX, RAVEN_DEVICE
from edgediag.inference.fault import Fault
from edgediag.inference.overlay_trials import answering, asked_nodes, only
from edgediag.inference.states import (
    agent_certificate,
    hub_gone,
    hub_silent,
    hub_unready,
    ike_daemon_gone,
    ipsec_differs,
    no_ephemeral_port,
    overlay_answer_kept,
    overlay_form_lost,
    overlay_mtu,
    overlay_neighbour_mistaken,
    overlay_node_differs,
    overlay_one_way,
    overlay_other_vni,
    overlay_peer_elsewhere,
    overlay_peer_unknown,
    overlay_refused,
    overlay_unanswered,
    pods_closed_off,
    pods_not_forwarded,
    pods_unanswered,
    raven_certificate,
    raven_mark_overtaken,
    raven_masquerade,
    raven_set_differs,
    raven_strict,
    raven_unready,
    vxlan_source_gone,
    vxlan_vni_differs,
    wireguard_differs,
    wireguard_unanswered,
    wireguard_unready,
    xfrm_counter_rose,
)
from edgediag.model.endpoint import Direction, HostSource, Omitted, Target
from edgediag.model.flow import Address
from edgediag.model.host import HostState
from edgediag.model.verdict import Finding, Strength

Row: TypeAlias = Target | Omitted


@dataclass(frozen=True, slots=True, kw_only=True)
class StateRule:
    """One rule: destination of a flow (None for an inbound row) and state in, a fault or None out.

    is_for  whether it judges a row
    """

    id: str
    is_for: Callable[[Row], bool]
    judge: Callable[[Address | None, HostState], Fault | None]


_API_SERVER = api_server.ENDPOINTS[0].id
_TUNNEL = raven_gateway.TUNNEL.id
_FLANNEL = flannel_vxlan.ENDPOINTS[0].id


def _is_tunnel(target: Row) -> bool:
    return target.endpoint == _TUNNEL


def _is_flannel(target: Row) -> bool:
    return target.endpoint == _FLANNEL


def _is_api_server(target: Row) -> bool:
    return target.endpoint == _API_SERVER


def _is_proxy(target: Row) -> bool:
    return target.endpoint == HostSource.RAVEN_PROXY.value


def _is_connected(target: Row) -> bool:
    # The IKE daemon sends from a port of its own.
    return target.direction is Direction.OUTBOUND and not _is_tunnel(target)


def _is_raven_overlay(target: Row) -> bool:
    return target.endpoint == raven_gateway.OVERLAY.id


def _is_overlay(target: Row) -> bool:
    return _is_flannel(target) or _is_raven_overlay(target)


STATE_RULES: tuple[StateRule, ...] = tuple(
    StateRule(id=module.ID, is_for=is_for, judge=module.judge)
    for is_for, module in (
        (_is_tunnel, ike_daemon_gone),
        (_is_tunnel, ipsec_differs),
        (_is_tunnel, xfrm_counter_rose),
        (_is_tunnel, raven_unready),
        (_is_tunnel, raven_set_differs),
        (_is_tunnel, raven_strict),
        (_is_tunnel, raven_masquerade),
        (_is_tunnel, wireguard_unready),
        (_is_tunnel, wireguard_differs),
        (_is_tunnel, wireguard_unanswered),
        (_is_flannel, vxlan_source_gone),
        (_is_flannel, overlay_peer_unknown),
        (_is_flannel, vxlan_vni_differs),
        (_is_flannel, overlay_node_differs),
        (_is_flannel, overlay_mtu),
        (_is_flannel, pods_not_forwarded),
        (_is_flannel, pods_closed_off),
        (_is_flannel, pods_unanswered),
        (_is_raven_overlay, raven_mark_overtaken),
        (_is_overlay, overlay_neighbour_mistaken),
        (_is_overlay, overlay_peer_elsewhere),
        (_is_overlay, overlay_refused),
        (_is_overlay, overlay_other_vni),
        (_is_overlay, overlay_form_lost),
        (_is_overlay, overlay_one_way),
        (_is_overlay, overlay_answer_kept),
        (_is_overlay, overlay_unanswered),
        (_is_connected, no_ephemeral_port),
        (_is_api_server, agent_certificate),
        (_is_api_server, hub_gone),
        (_is_api_server, hub_unready),
        (_is_api_server, hub_silent),
        (_is_proxy, raven_certificate),
    )
)


def overlay_nodes(
    target: Target, host: HostState
) -> tuple[tuple[Address, ...], tuple[Address, ...]]:
    """The nodes that were asked through a row's overlay, and those of them that answered.

    returns  () twice for a row of no overlay
    """
    if not _is_overlay(target):
        return (), ()
    seen = _of_row(target, host)
    return asked_nodes(seen), answering(seen)


def find_faults(
    target: Row, destination: Address | None, host: HostState, strength: Strength
) -> tuple[Finding, ...]:
    """What the rules of a row's endpoint find, in their order.

    strength  PROVES where the row shows no other fault. Where its flow fails, the flow says more
              of the place than any state can, and a fault found here only supports.
    """
    seen = _of_row(target, host)
    judged = [
        (rule.id, rule.judge(destination, seen))
        for rule in STATE_RULES
        if rule.is_for(target)
    ]
    return tuple(
        Finding(
            id=f"{target.check}/{rule}",
            rule=rule,
            strength=strength,
            claim=fault.claim,
            text=fault.text,
            remedy=fault.remedy,
            packets=(),
        )
        for rule, fault in judged
        if fault is not None
    )


def _of_row(target: Row, host: HostState) -> HostState:
    """The state with the trials of the row's own overlay alone."""
    return only(host, RAVEN_DEVICE if _is_raven_overlay(target) else FLANNEL_PREFIX)
