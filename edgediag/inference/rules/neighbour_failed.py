"""A next hop whose link-layer address nobody tells."""

from dataclasses import replace

from edgediag.inference.claim import finding, on_this_host, one_of
from edgediag.inference.reading import is_unresolved, outcome_of
from edgediag.meaning import has_left
from edgediag.model.culprit import NeighbourObject
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState, Neighbour
from edgediag.model.outcome import SendFailed
from edgediag.model.route import Route
from edgediag.model.verdict import Certainty, Claim, Finding, Mechanism, Place

ID = "neighbour-failed"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """The next hop does not answer address resolution.

    Holds because   the route is there, the packet waits for the neighbour entry and never leaves.
                    Where another next hop serves other flows, this host chose a dead one; where
                    none does, a dead gateway and a wrong setting here look the same, and so do a
                    destination on the link that is dead and one that is not there
    Does not hold   an entry in any other state lets packets pass, and a send that was refused at
                    once did not get as far as the neighbour table
    Asks for        the route answer, the neighbour entry after the probes, the tap, the next hops
                    behind which something answered
    """
    neighbour = evidence.neighbour
    outcome = outcome_of(evidence)
    if not isinstance(neighbour, Neighbour) or not is_unresolved(neighbour):
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
    return finding(ID, evidence, _claim(evidence, culprit), (text, remedy, ()))


def _claim(evidence: FlowEvidence, culprit: NeighbourObject) -> Claim:
    if culprit.address == evidence.flow.destination:
        return replace(
            one_of((Place.LOCAL, Place.REMOTE), None, Mechanism.NEIGHBOUR_FAILED), culprit=culprit
        )
    # The router of the other IP version, be it the same machine, serves nothing of this one.
    version = culprit.address.version
    serving = (item for item in evidence.surroundings.gateways if item.version == version)
    if set(serving) - {culprit.address}:
        return on_this_host(Mechanism.NEIGHBOUR_FAILED, culprit)
    return Claim(
        where=(Place.LOCAL, Place.ON_PATH),
        certainty=Certainty.AMBIGUOUS,
        after=None,
        upto=culprit.address,
        mechanism=Mechanism.NEIGHBOUR_FAILED,
        culprit=culprit,
    )
