"""Two hosts of the link that claim the next hop's address."""

from edgediag.inference.claim import between, finding, lost_outside
from edgediag.inference.ladders import distance_reached, ladders_of
from edgediag.inference.reading import is_silent, outcome_of, packets_of
from edgediag.model.answer import NotChecked
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState, Neighbour
from edgediag.model.verdict import Finding, Landmark, Mechanism, Place

ID = "next-hop-contested"

# One destination may be down.
_LEAST_SILENT = 2


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """Frames go to one of several hosts that claim the next hop's address, and get no further.

    Holds because   an ARP request of our own is answered by the address in the neighbour entry and
                    by another one, nothing that was sent to any destination is answered, and no
                    probe expires at the next hop: who has that MAC does not forward.
                    The other one cannot be tried, for it may not know the way back
    Does not hold   where something is answered, by a destination or the next hop as a router, for
                    one with two ports on the link may answer from both; of a single destination;
                    where a program of a driver may take the answers
    Asks for        the neighbour entry after the probes, the answers to an ARP request, the ladder
    source          RFC 826; RFC 5227 §1.2, §2.1.1
    """
    neighbour, answers = evidence.neighbour, evidence.link_answers
    if isinstance(answers, NotChecked) or not isinstance(neighbour, Neighbour):
        return None
    if len(answers) < 2 or neighbour.mac not in answers:
        return None
    if not is_silent(evidence) or not ladders_of(evidence) or distance_reached(evidence):
        return None
    if not _is_all_silent(evidence) or Place.LOCAL in lost_outside(host):
        return None
    text = (
        f"{' and '.join(answers)} both answer for {neighbour.address} on {neighbour.interface}; "
        f"frames go to {neighbour.mac}, and nothing sent there is forwarded"
    )
    remedy = (
        f"find in the switch which of them is no router and took {neighbour.address}; then "
        f"ip neigh del {neighbour.address} dev {neighbour.interface}"
    )
    claim = between(Landmark.EDGE, neighbour.address, Mechanism.NEIGHBOUR_FAILED)
    return finding(ID, evidence, claim, (text, remedy, packets_of([outcome_of(evidence)])))


def _is_all_silent(evidence: FlowEvidence) -> bool:
    around, version = evidence.surroundings, evidence.flow.destination.version
    if any(host.version == version for host in around.answering):
        return False
    return sum(host.version == version for host in around.silent) >= _LEAST_SILENT
