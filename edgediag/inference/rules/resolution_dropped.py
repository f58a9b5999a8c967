"""A rule of this host that ends the question for the next hop's MAC, or the answer."""

from edgediag.inference.claim import finding, on_this_host
from edgediag.inference.packet_rules import mechanism_of, removal, rule_words
from edgediag.inference.reading import is_unresolved, outcome_of, packets_of
from edgediag.meaning import has_left
from edgediag.model.answer import NotChecked
from edgediag.model.evidence import FlowEvidence
from edgediag.model.explained import Disposition
from edgediag.model.host import HostState, Neighbour
from edgediag.model.outcome import SendFailed
from edgediag.model.verdict import Finding

ID = "resolution-dropped"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """The next hop cannot tell this host its link-layer address, whoever it is.

    Holds because   no tap saw the packet leave, the entry of its next hop has no address, and the
                    rules of this host, followed for the ARP request and for the answer to it, come
                    to one that drops the one or the other whichever way it takes
    Does not hold   where that hangs on something unknown, for rules of another device or of
                    another address, and for an entry with an address: nothing is asked then
    Asks for        the tap, the neighbour entry after the probes, the walk of ARP through the rules
    source          net/ipv4/arp.c, arp_xmit and arp_rcv; RFC 826
    """
    neighbour, resolution = evidence.neighbour, evidence.resolution
    outcome = outcome_of(evidence)
    if not isinstance(neighbour, Neighbour) or not is_unresolved(neighbour):
        return None
    if isinstance(outcome, SendFailed) or has_left(outcome) or isinstance(resolution, NotChecked):
        return None
    if resolution.disposition is not Disposition.DROPPED or len(resolution.deciders) != 1:
        return None
    (rule,) = resolution.deciders
    version = evidence.flow.destination.version
    text = (
        f"the next hop {neighbour.address} on {neighbour.interface} is not resolved "
        f"({neighbour.state.value}), and by the rules as they are read {rule_words(rule, version)} "
        "drops the ARP request for it or the answer"
    )
    claim = on_this_host(mechanism_of(rule, is_reject=False), rule)
    return finding(ID, evidence, claim, (text, removal(rule, version), packets_of([outcome])))
