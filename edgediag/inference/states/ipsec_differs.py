"""The policies of Raven's tunnel beside the networks that a Gateway object lists."""

from collections.abc import Iterator
from typing import Final

from edgediag.inference.claim import on_this_host
from edgediag.inference.fault import Fault
from edgediag.inference.networks import lacking
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import RavenStateObject
from edgediag.model.flow import Address
from edgediag.model.host import HostState
from edgediag.model.verdict import Mechanism
from edgediag.model.wireguard import GatewayEnd
from edgediag.model.xfrm import XfrmPolicy

ID = "ipsec-differs"

_REMEDY: Final = (
    "see in the log of this node's raven-agent why it did not take over the object; it compares "
    "both again at its next sync, or when it is restarted"
)


def judge(destination: Address | None, host: HostState) -> Fault | None:
    """No policy sends to a network that the Gateway at the tunnel's other end lists.

    Holds because   Raven makes a connection for each pair of subnets, and its daemon a policy for
                    each connection before it negotiates: what no policy selects leaves unsealed,
                    by whatever route there is
    Does not hold   without a policy that leads to this very gateway, for then the tunnel may be
                    off, or not made yet; where a policy to another gateway has the network, as a
                    relay's has; without the object; where policies were not read
    Asks for        xfrm policies, the Gateway objects
    source          openyurtio/raven pkg/networkengine/vpndriver/libreswan/libreswan.go (a
                    connection for each local and each remote subnet; `whack --route`)
    """
    if isinstance(host.gateway_ends, NotChecked) or isinstance(host.xfrm_policies, NotChecked):
        return None
    policies = [item for item in host.xfrm_policies if item.direction == "out"]
    ends = [item for item in host.gateway_ends if destination in (None, item.address)]
    for end in ends:
        missing = lacking(end.networks, _selected(policies)) if _leads(policies, end) else ()
        if missing:
            text = (
                f"no policy of IPsec sends to {missing[0]}, which is behind Gateway {end.gateway} "
                f"({end.source}), while others lead to it at {end.address}"
            )
            culprit = RavenStateObject(part="ipsec-policies", state=f"without {missing[0]}")
            claim = on_this_host(Mechanism.RAVEN_NOT_READY, culprit)
            return Fault(claim=claim, text=text, remedy=_REMEDY)
    return None


def _leads(policies: list[XfrmPolicy], end: GatewayEnd) -> bool:
    return any(
        item.destination == end.address for policy in policies for item in policy.templates
    )


def _selected(policies: list[XfrmPolicy]) -> Iterator[str]:
    for policy in policies:
        if policy.templates:
            address, length = policy.selector.destination
            yield f"{address}/{length}"
