"""Raven's gateway in the cloud: the proxy ports and the tunnel."""

import re
from collections.abc import Callable, Mapping

from edgediag.endpoints import document
from edgediag.model.answer import Answer
from edgediag.model.cluster import ClusterFacts, Phase, Version
from edgediag.model.endpoint import Direction, Endpoint, Generation, HostSource, ProbeKind
from edgediag.model.flow import Protocol

_FIRST_WITH_RAVEN = (1, 26, 3)
_STATES_ITS_PATCH = re.compile(r"v?[0-9]+\.[0-9]+\.[0-9]")

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
)


def is_proxy_used(facts: ClusterFacts) -> bool:
    """Whether the proxy ports may be needed: Raven may exist and its proxy mode is not off."""
    return _may_have_raven(facts.version) and facts.proxy_mode is not Answer.NO


def is_tunnel_used(facts: ClusterFacts) -> bool:
    """Whether the tunnel may be needed: Raven may exist and its tunnel mode is not off."""
    return _may_have_raven(facts.version) and facts.tunnel_mode is not Answer.NO


def _may_have_raven(version: Version | None) -> bool:
    if version is None:
        return True
    if (version.major, version.minor, version.patch) >= _FIRST_WITH_RAVEN:
        return True
    # "1.26" without a patch means some 1.26, and ACK Edge speaks of 1.26 as of one generation.
    is_1_26 = (version.major, version.minor) == _FIRST_WITH_RAVEN[:2]
    return is_1_26 and _STATES_ITS_PATCH.match(version.text) is None


APPLIES: Mapping[str, Callable[[ClusterFacts], bool]] = {
    "raven-proxy": is_proxy_used,
    "raven-tunnel": is_tunnel_used,
}
