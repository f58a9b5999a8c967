"""A remote destination that this host takes for its own address."""

from edgediag.inference.claim import finding, on_this_host
from edgediag.inference.reading import misrouted_here
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.route import Route
from edgediag.model.verdict import Finding, Mechanism

ID = "route-to-self"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """The kernel delivers the flow to this very host.

    Holds because   the route answer is of type local: the packet will never be sent out
    Does not hold   destinations that are meant to be here (loopback, a stub resolver) are judged
                    elsewhere
    Asks for        the route answer
    source          kubernetes/kubernetes issue 75262: kube-proxy in IPVS mode binds load-balancer
                    addresses to kube-ipvs0
    """
    route = evidence.route
    if not isinstance(route, Route) or not route.is_local:
        return None
    text, remedy, culprit = misrouted_here(evidence.flow.destination, route, host)
    claim = on_this_host(Mechanism.MISROUTE, culprit)
    return finding(ID, evidence, claim, (text, remedy, ()))
