"""Verdicts on rows whose address is this host's own, where nothing may be asked."""

from typing import Final

from edgediag.inference.blocked_here import blocked_here
from edgediag.inference.reading import KUBE_PROXY_DEVICE, holder_of, misrouted_here
from edgediag.inference.unjudged import unjudged
from edgediag.model.answer import NotChecked
from edgediag.model.evidence import SparedEvidence
from edgediag.model.explained import Disposition
from edgediag.model.host import HostState
from edgediag.model.report import CheckReport
from edgediag.model.verdict import Mechanism, Status

OWN_GATEWAY_RULE: Final = "gateway-on-node"


def judge_spared(evidence: SparedEvidence, host: HostState) -> CheckReport:
    """Whether a gateway that this host takes for itself can still be one elsewhere.

    Holds because   the kernel delivers to this very host what is sent to the gateway, and here
                    nothing takes it: no socket, and no rule or service of IPVS that sends it on; or
                    the address is kube-proxy's, which is a Service's, and a socket here takes it
    Does not hold   where a daemon of this node holds the port at an address of another device:
                    this node may be that gateway; nor where it hangs on something, or a rule
                    translates it
    Asks for        the route answer, the walk through the rules down to the socket, addresses
    source          kubernetes/kubernetes issue 75262: kube-proxy in IPVS mode binds load-balancer
                    addresses to kube-ipvs0
    """
    target, explained = evidence.target, evidence.explained
    unknown = unjudged(target, Status.NOT_CHECKED, evidence.because.reason)
    if target.address is None or isinstance(explained, NotChecked):
        return unknown
    if explained.hangs_on or explained.translations:
        return unknown
    device = holder_of(target.address, host)
    is_taken = explained.disposition is Disposition.PASSES
    if is_taken and device != KUBE_PROXY_DEVICE:
        return unknown
    text, remedy, culprit = misrouted_here(target.address, evidence.route, host)
    text += "; what is sent to it never leaves"
    said = (text, remedy, (Mechanism.MISROUTE, culprit))
    return blocked_here(target, OWN_GATEWAY_RULE, said)
