"""A next hop whose link-layer address nobody tells."""

from edgediag.inference.claim import finding, on_this_host
from edgediag.inference.reading import outcome_of
from edgediag.meaning import has_left
from edgediag.model.culprit import NeighbourObject
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState, Neighbour, NeighbourState, Route
from edgediag.model.outcome import SendFailed
from edgediag.model.verdict import Finding, Mechanism

ID = "neighbour-failed"

_UNRESOLVED = (NeighbourState.INCOMPLETE, NeighbourState.FAILED)


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """The next hop does not answer address resolution.

    Holds because   the route is there, the packet waits for the neighbour entry and never leaves
    Does not hold   an entry in any other state lets packets pass, and a send that was refused at
                    once did not get as far as the neighbour table
    Asks for        the route answer, the neighbour entry after the probes, the tap
    """
    neighbour = evidence.neighbour
    outcome = outcome_of(evidence)
    if not isinstance(neighbour, Neighbour) or neighbour.state not in _UNRESOLVED:
        return None
    if isinstance(outcome, SendFailed) or has_left(outcome):
        return None
    if not isinstance(evidence.route, Route):
        return None
    culprit = NeighbourObject(
        interface=neighbour.interface, address=neighbour.address, state=neighbour.state.value
    )
    text = (
        f"the next hop {neighbour.address} on {neighbour.interface} does not answer address "
        f"resolution ({neighbour.state.value})"
    )
    remedy = (
        f"is {neighbour.address} the right gateway, and is it alive? "
        f"ip neigh show {neighbour.address} dev {neighbour.interface}"
    )
    claim = on_this_host(Mechanism.NEIGHBOUR_FAILED, culprit)
    return finding(ID, evidence, claim, (text, remedy, ()))
