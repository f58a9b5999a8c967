"""A rule that accepts the pods' answers before Raven can mark them."""

from typing import Final

from edgediag.inference.fault import Fault
from edgediag.inference.overtaken import overtaken
from edgediag.model.flow import Address
from edgediag.model.host import HostState
from edgediag.tunnel.pod_traffic import MARKING

ID = "raven-mark-overtaken"

_REMEDY: Final = (
    f"let {MARKING} be asked first: of Calico by FELIX_IPTABLESMANGLEALLOWACTION=Return; else "
    "restart raven-agent when the other rules stand"
)


def judge(destination: Address | None, host: HostState) -> Fault | None:
    """Answers of this node's pods to other sites lose the mark that leads them into raven0.

    Holds because   Raven's own table leads to its gateway by a default route, for which alone its
                    chain marks packets; the rules of this host, followed for a packet of a standing
                    connection that a pod sends, accept it whichever way it takes, and one of the
                    rules that lead there stands before the jump to RAVEN-MARK-CHAIN
    Does not hold   where it may come to that chain; without that route, a bridge of pods or the
                    chain: a gateway marks what comes from other sites, and no answer of its pods
    Asks for        the walk through the rules, the routes of the overlay
    source          openyurtio/raven issue 136; pkg/networkengine/routedriver/vxlan/vxlan.go
                    (RAVEN-MARK-CHAIN is appended to mangle PREROUTING)
    """
    said = (
        "answers of this node's pods to other sites are not marked and leave by the default route",
        f"leads to their acceptance before {MARKING} is asked",
    )
    return overtaken(host.before_marking, said, _REMEDY)
