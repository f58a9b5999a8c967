"""Raven's gateway in the cloud: the proxy ports and the tunnel."""

import re
from collections.abc import Callable, Mapping

from edgediag.endpoints import document
from edgediag.model.answer import Answer
from edgediag.model.cluster import ClusterFacts, Phase
from edgediag.model.endpoint import Direction, Endpoint, Generation, HostSource, ProbeKind
from edgediag.model.flow import Protocol
from edgediag.model.gateway import Role

_FIRST_WITH_RAVEN = (1, 26, 3)
_STATES_ITS_PATCH = re.compile(r"v?[0-9]+\.[0-9]+\.[0-9]")
_MEMBER = "not needed on this node: another node of its pool is the gateway, which alone dials"
_NO_TUNNEL: Mapping[Role | None, str] = {
    Role.MEMBER: _MEMBER,
    Role.SOLO: "not needed on this node: no Gateway lists it, so it has no tunnel",
}

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        id="raven-proxy",
        purpose="Raven proxy mode (gRPC over TLS)",
        direction=Direction.OUTBOUND,
        protocol=Protocol.TCP,
        host_source=HostSource.RAVEN_PROXY,
        host_pattern="Service kube-system/x-raven-proxy-svc-gw-cloud-xxx",
        ports=(10280, 10281, 10282, 10283, 10284),
        phases=(Phase.INSTALL, Phase.RUN),
        generation=Generation.SINCE_1_26,
        is_required=True,
        kinds=(ProbeKind.TCP_SYN, ProbeKind.TLS_CLIENT_HELLO),
        note="the gateway listens on those of the five that its Gateway object advertises",
        source=document.OUTBOUND,
    ),
    Endpoint(
        id="raven-tunnel",
        purpose="Raven tunnel (IKE and ESP in UDP)",
        direction=Direction.OUTBOUND,
        protocol=Protocol.UDP,
        host_source=HostSource.RAVEN_TUNNEL,
        host_pattern="Service kube-system/x-raven-tunnel-svc-gw-cloud-xxx",
        ports=(4500,),
        phases=(Phase.INSTALL, Phase.RUN),
        generation=Generation.SINCE_1_26,
        is_required=True,
        kinds=(ProbeKind.IKE_SA_INIT,),
        note="tunnel mode only, which is off in a new cluster; IKE never uses UDP 500 here",
        source=document.OUTBOUND,
    ),
    Endpoint(
        id="raven-vxlan",
        purpose="Raven VXLAN between the nodes of a pool",
        direction=Direction.INBOUND,
        protocol=Protocol.UDP,
        host_source=HostSource.THIS_NODE,
        host_pattern="this node",
        ports=(4472,),
        phases=(Phase.RUN,),
        generation=Generation.SINCE_1_26,
        is_required=True,
        kinds=(),
        note="tunnel mode in a pool of several nodes only; the published table leaves it out",
        source="openyurtio/raven pkg/networkengine/routedriver/vxlan/vxlan.go (vxlanPort)",
    ),
)

TUNNEL: Endpoint = next(endpoint for endpoint in ENDPOINTS if endpoint.id == "raven-tunnel")
OVERLAY: Endpoint = next(endpoint for endpoint in ENDPOINTS if endpoint.id == "raven-vxlan")


def may_have_raven(facts: ClusterFacts) -> bool:
    """Whether Raven may exist in a cluster of this version."""
    version = facts.version
    if version is None:
        return True
    if (version.major, version.minor, version.patch) >= _FIRST_WITH_RAVEN:
        return True
    # "1.26" without a patch means some 1.26, and ACK Edge speaks of 1.26 as of one generation.
    is_1_26 = (version.major, version.minor) == _FIRST_WITH_RAVEN[:2]
    return is_1_26 and _STATES_ITS_PATCH.match(version.text) is None


def why_no_proxy(facts: ClusterFacts) -> str:
    """Why this node does not dial the proxy, "" where it may.

    source  raven pkg/engine/proxy.go (getRole): the elected node of a pool and a solo node do
    """
    if facts.proxy_mode is Answer.NO:
        return "not needed: proxy mode is off"
    return _MEMBER if facts.proxy_role is Role.MEMBER else ""


def why_no_tunnel(facts: ClusterFacts) -> str:
    """Why this node keeps no tunnel to the cloud, "" where it may.

    source  raven pkg/engine/tunnel.go (enableTunnel), vpndriver/libreswan (only the gateway)
    """
    if facts.tunnel_mode is Answer.NO:
        is_proxy = facts.proxy_mode is Answer.YES
        return f"not needed{' in proxy mode' if is_proxy else ''}: tunnel mode is off"
    return _NO_TUNNEL.get(facts.tunnel_role, "")


def why_no_overlay(facts: ClusterFacts) -> str:
    """Why this node needs no VXLAN of Raven's, "" where it may.

    source  raven pkg/networkengine/routedriver/vxlan/vxlan.go (Apply): none for a single node
    """
    if facts.tunnel_mode is Answer.NO or facts.tunnel_role is Role.SOLO:
        return why_no_tunnel(facts)
    if facts.tunnel_role is Role.SINGLE_NODE:
        return "not needed on this node: it is the only one of its pool"
    return ""


def why_overlay_not_asked(facts: ClusterFacts) -> str:
    """Why it cannot be told whether this node must be reached on it, "" where it must."""
    if facts.tunnel_mode is Answer.YES and facts.tunnel_role is not None:
        return ""
    return (
        "whether this node needs it hangs on Raven's mode and its role, which are not known; give "
        "--tunnel-mode and --role"
    )


def why_not_asked(facts: ClusterFacts) -> str:
    """Why the tunnel's port cannot be asked from here, "" where it can.

    source  WireGuard answers no packet without a key it knows: Donenfeld, "WireGuard", §5.1
    """
    if facts.vpn_driver == "wireguard":
        return "the VPN driver is WireGuard, which does not answer a stranger's probe"
    return ""


APPLIES: Mapping[str, Callable[[ClusterFacts], bool]] = {
    "raven-proxy": may_have_raven,
    "raven-tunnel": may_have_raven,
    "raven-vxlan": may_have_raven,
}

NOT_NEEDED: Mapping[str, Callable[[ClusterFacts], str]] = {
    "raven-proxy": why_no_proxy,
    "raven-tunnel": why_no_tunnel,
    "raven-vxlan": why_no_overlay,
}

NOT_ASKED: Mapping[str, Callable[[ClusterFacts], str]] = {
    "raven-tunnel": why_not_asked,
    "raven-vxlan": why_overlay_not_asked,
}
