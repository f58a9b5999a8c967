"""A flow that is answered as soon as another next hop gets it."""

from edgediag.inference.alternatives import answered_otherwise, way_object
from edgediag.inference.claim import finding, on_this_host
from edgediag.inference.reading import is_silent, is_unresolved, outcome_of, packets_of
from edgediag.meaning import has_left
from edgediag.model.evidence import Altered, FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.route import Route
from edgediag.model.verdict import Finding, Mechanism

ID = "answered-another-way"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """The route leads where the destination is not.

    Holds because   the kernel looks for the destination on the link and nobody there has it, or
                    hands the packet to a bridge of pods, while the same question, handed to another
                    next hop of this host, is answered by the destination
    Does not hold   where the other next hop brings no answer either, or where nothing was asked
                    another way: a gateway that serves others is no proof against one that is broken
    Asks for        the route and the policy rules, the neighbour entry, the question by another
                    next hop
    source          RFC 1122 §3.3.1.1
    """
    other = answered_otherwise(evidence, Altered.NEXT_HOP)
    outcome = outcome_of(evidence)
    is_stuck = is_unresolved(evidence.neighbour) and not has_left(outcome)
    if other is None or not isinstance(evidence.route, Route):
        return None
    if not is_stuck and not is_silent(evidence):
        return None
    route = evidence.route
    whom = "looks for it on the link" if route.gateway is None else f"hands it to {route.gateway}"
    text = (
        f"the route {route.prefix} (table {route.table}) {whom} by {route.interface} and nothing "
        f"comes back; handed to {other.next_hop} by {other.interface} it is answered"
    )
    remedy = f"ip route get {evidence.flow.destination}: mend or remove the route {route.prefix}"
    claim = on_this_host(Mechanism.MISROUTE, way_object(route, host))
    return finding(ID, evidence, claim, (text, remedy, packets_of([outcome, other.outcome])))
