"""A rule that takes the pods' own address from what they send to another site."""

from typing import Final

from edgediag.inference.fault import Fault
from edgediag.inference.overtaken import overtaken
from edgediag.model.flow import Address
from edgediag.model.host import HostState
from edgediag.tunnel.pod_traffic import EXEMPTION

ID = "raven-masquerade"

_REMEDY: Final = (
    f"restart this node's raven-agent, which puts its jump to {EXEMPTION} before all others"
)


def judge(destination: Address | None, host: HostState) -> Fault | None:
    """What pods send to another site gets another source before Raven's exemption is asked.

    Holds because   the rules of this host, followed for a new packet that a pod sends to a subnet
                    of another site, rewrite its source whichever way it takes, and one of the rules
                    that lead there stands before the jump to RAVEN-POSTROUTING: the tunnel's
                    policies and the way back know the pods' subnets alone, and Raven exempts that
                    traffic from NAT first of all
    Does not hold   where no policy or route tells of another site; without a bridge of pods or that
                    chain; where the packet may keep its source, or where another table rewrites it
                    behind the exemption
    Asks for        the walk through the rules, the policies of IPsec, the routes of the overlay
    source          openyurtio/raven pkg/networkengine/vpndriver/libreswan (RAVEN-POSTROUTING is put
                    first in nat POSTROUTING)
    """
    said = (
        "what pods of this node send to another site gets another source",
        f"leads to it before {EXEMPTION} is asked",
    )
    return overtaken(host.before_exemption, said, _REMEDY)
