"""What this node asked through a tunnel that nothing comes back by, out of what it tracks.

ESP is sealed: that packets left does not tell whether any of them wants an answer. Connection
tracking saw them before they were sealed, and knows which drew none.
"""

from collections.abc import Sequence
from typing import Final

from edgediag.checked import Checked, is_ok, lead
from edgediag.host.xfrm_match import deciding_policy
from edgediag.instruments import Bench
from edgediag.model.answer import NotChecked
from edgediag.model.endpoint import ProbeKind
from edgediag.model.flow import Address, Flow
from edgediag.model.host import HostState
from edgediag.model.route import Route
from edgediag.tunnel.heard import heard_of

# Each is a question to the kernel, for its way; the first speak for all.
MAX_FLOWS: Final = 64

_TUN: Final = "tun"

NO_NEED: Final = NotChecked(reason="no tunnel is known to carry ESP in one direction alone")


def asked_through(
    bench: Bench, checks: Sequence[Checked], state: HostState
) -> tuple[Flow, ...] | NotChecked:
    """Connections that drew no answer and go into a tunnel whose gateway sends no ESP.

    A policy of the kernel's leads to that gateway, or, where a daemon seals in user space, the
    kernel's way leads into a tun device and there is one such gateway.
    """
    gateways = _one_way(checks, state)
    if not gateways:
        return NO_NEED
    unreplied = bench.host.unreplied()
    if isinstance(unreplied, NotChecked):
        return unreplied
    return tuple(flow for flow in unreplied[:MAX_FLOWS] if _is_sealed(bench, flow, gateways, state))


def _one_way(checks: Sequence[Checked], state: HostState) -> tuple[Address, ...]:
    if isinstance(state.tunnel_traffic, NotChecked):
        return ()
    found: list[Address] = []
    for check in checks:
        flow = lead(check).probe.flow
        if ProbeKind.IKE_SA_INIT in check.target.kinds and is_ok(check):
            heard = heard_of(flow, state.tunnel_traffic)
            if heard.packets(is_sent=True) and not heard.is_fed:
                found.append(flow.destination)
    return tuple(dict.fromkeys(found))


def _is_sealed(
    bench: Bench, flow: Flow, gateways: tuple[Address, ...], state: HostState
) -> bool:
    policies = () if isinstance(state.xfrm_policies, NotChecked) else state.xfrm_policies
    policy = deciding_policy(policies, "out", flow)
    if policy is not None:
        return any(item.destination in gateways for item in policy.templates)
    way = bench.host.route(flow) if len(gateways) == 1 else None
    links = () if isinstance(state.links, NotChecked) else state.links
    tuns = [link.name for link in links if link.kind == _TUN]
    return isinstance(way, Route) and way.interface in tuns
