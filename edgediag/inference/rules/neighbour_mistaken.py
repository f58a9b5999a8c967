"""A neighbour entry that sends frames to somebody who is not the next hop."""

from edgediag.inference.claim import finding, on_this_host
from edgediag.inference.ladders import distance_reached
from edgediag.inference.reading import is_silent, outcome_of, packets_of
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import NeighbourObject
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState, Neighbour
from edgediag.model.verdict import Finding, Mechanism

ID = "neighbour-mistaken"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """The next hop lives at another link-layer address than this host sends to.

    Holds because   an ARP request of our own is answered, by another address than the neighbour
                    entry has, and nothing that was sent to that entry came back, not even from the
                    first hop
    Does not hold   where the entry's address is among those that answer, or where nobody answers:
                    some next hops tell their address to nobody who has none
    Asks for        the neighbour entry after the probes, the answers to an ARP request
    source          RFC 826; RFC 5227 §2.1.1
    """
    neighbour, answers = evidence.neighbour, evidence.link_answers
    if isinstance(answers, NotChecked) or not isinstance(neighbour, Neighbour):
        return None
    if not answers or not neighbour.mac or neighbour.mac in answers:
        return None
    if not is_silent(evidence) or distance_reached(evidence):
        return None
    culprit = NeighbourObject(
        interface=neighbour.interface, address=neighbour.address, state=neighbour.state.value
    )
    text = (
        f"frames for {neighbour.address} go to {neighbour.mac} ({neighbour.state.value}), and "
        f"asked on {neighbour.interface} it answers from {' and '.join(answers)}"
    )
    if len(answers) > 1:
        text += ": several hosts claim this address"
    remedy = f"ip neigh del {neighbour.address} dev {neighbour.interface}, and look for who set it"
    claim = on_this_host(Mechanism.NEIGHBOUR_FAILED, culprit)
    return finding(ID, evidence, claim, (text, remedy, packets_of([outcome_of(evidence)])))
