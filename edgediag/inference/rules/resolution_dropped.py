"""A rule of this host that ends the question for the next hop's MAC, or the answer."""

from typing import Final

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

_QUESTIONS: Final = {4: "the ARP request", 6: "the neighbour solicitation"}
# Whoever shuts out all of ICMPv6 does not know that he shuts out the gateway.
_NEEDED: Final = {4: "", 6: "; IPv6 cannot do without ICMPv6 types 135 and 136"}


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """The next hop cannot tell this host its link-layer address, whoever it is.

    Holds because   no tap saw the packet leave, the entry of its next hop has no address, and the
                    rules of this host, followed for the question (of ARP, or a neighbour
                    solicitation) and for the answer to it, come to one that drops the one or the
                    other whichever way it takes
    Does not hold   where that hangs on something unknown, for rules of another device or of
                    another address, and for an entry with an address: nothing is asked then
    Asks for        the tap, the neighbour entry after the probes, the walk of question and answer
                    through the rules
    source          net/ipv4/arp.c, arp_xmit and arp_rcv; RFC 826; net/ipv6/ndisc.c; RFC 4861
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
    version = neighbour.address.version
    text = (
        f"the next hop {neighbour.address} on {neighbour.interface} is not resolved "
        f"({neighbour.state.value}), and by the rules as they are read {rule_words(rule, version)} "
        f"drops {_QUESTIONS[version]} for it or the answer"
    )
    remedy = f"{removal(rule, version)}{_NEEDED[version]}"
    claim = on_this_host(mechanism_of(rule, is_reject=False), rule)
    return finding(ID, evidence, claim, (text, remedy, packets_of([outcome])))
