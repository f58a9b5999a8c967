"""All rules on the state that a row of the matrix needs beside its own flow.

A tunnel may be reached and carry nothing: what the kernel was given for it is then at fault.
"""

from collections.abc import Callable
from dataclasses import dataclass

from edgediag.endpoints import flannel_vxlan, raven_gateway
from edgediag.inference.fault import Fault
from edgediag.inference.states import (
    ike_daemon_gone,
    overlay_mtu,
    overlay_peer_unknown,
    raven_strict,
    raven_unready,
    vxlan_source_gone,
    vxlan_vni_differs,
)
from edgediag.model.endpoint import Target
from edgediag.model.flow import Address
from edgediag.model.host import HostState
from edgediag.model.verdict import Finding, Strength


@dataclass(frozen=True, slots=True, kw_only=True)
class StateRule:
    """One rule: destination of a flow (None for an inbound row) and state in, a fault or None out.

    endpoint  whose rows it judges
    """

    id: str
    endpoint: str
    judge: Callable[[Address | None, HostState], Fault | None]


_TUNNEL = next(item.id for item in raven_gateway.ENDPOINTS if item.id == "raven-tunnel")
_FLANNEL = flannel_vxlan.ENDPOINTS[0].id

STATE_RULES: tuple[StateRule, ...] = tuple(
    StateRule(id=module.ID, endpoint=endpoint, judge=module.judge)
    for endpoint, module in (
        (_TUNNEL, ike_daemon_gone),
        (_TUNNEL, raven_unready),
        (_TUNNEL, raven_strict),
        (_FLANNEL, vxlan_source_gone),
        (_FLANNEL, overlay_peer_unknown),
        (_FLANNEL, vxlan_vni_differs),
        (_FLANNEL, overlay_mtu),
    )
)


def find_faults(
    target: Target, destination: Address | None, host: HostState, strength: Strength
) -> tuple[Finding, ...]:
    """What the rules of a row's endpoint find, in their order.

    strength  PROVES where the row shows no other fault. Where its flow fails, the flow says more
              of the place than any state can, and a fault found here only supports.
    """
    judged = [
        (rule.id, rule.judge(destination, host))
        for rule in STATE_RULES
        if rule.endpoint == target.endpoint
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
