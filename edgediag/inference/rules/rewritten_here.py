"""A packet that this host sent to somebody else than was asked."""

from edgediag.inference.alternatives import answered_otherwise, was_put
from edgediag.inference.claim import ANYWHERE, finding, on_this_host, one_of
from edgediag.inference.packet_rules import removal, rule_words
from edgediag.inference.reading import outcome_of, packets_of
from edgediag.inference.translations import translator_of
from edgediag.meaning import has_left, is_answered_well, is_sent_elsewhere, wire_flow
from edgediag.model.evidence import Altered, FlowEvidence
from edgediag.model.explained import End
from edgediag.model.host import HostState
from edgediag.model.verdict import Finding, Mechanism

ID = "rewritten-here"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """A translation of this host sends the flow to another destination.

    Holds because   the tap saw the packet leave with another destination than was asked: whatever
                    comes back, the destination asked for was never addressed. Where that one is
                    silent too when it is asked past the rule, the rule may be meant so, and what is
                    behind it at fault
    Does not hold   for a flow that works, or where the packet left as it was asked. A rewritten
                    source alone is what a masquerade does
    Asks for        the tap, the question past the rule, the walk through the rules
    source          RFC 3022 §2; net/netfilter/nf_nat_core.c, NF_INET_LOCAL_OUT
    """
    outcome = outcome_of(evidence)
    if is_answered_well(outcome) or not has_left(outcome) or not is_sent_elsewhere(outcome):
        return None
    wire = wire_flow(outcome)
    is_asked = was_put(evidence, Altered.TRANSLATION)
    other = answered_otherwise(evidence, Altered.TRANSLATION)
    text = (
        f"this host rewrites the destination: the packet left for {wire.destination} port "
        f"{wire.destination_port}"
    )
    remedy = "look for a dnat or redirect rule: nft list ruleset; iptables-save -t nat"
    rule = translator_of(evidence, End.DESTINATION)
    if rule is not None:
        version = evidence.flow.destination.version
        text, remedy = f"{text}, by {rule_words(rule, version)}", removal(rule, version)
    claim = on_this_host(Mechanism.MISROUTE, rule)
    if other is not None:
        text += f"; sent past the rule, {evidence.flow.destination} answers"
    elif is_asked:
        text += f"; sent past the rule, {evidence.flow.destination} is silent as well"
        claim = one_of(ANYWHERE, None, Mechanism.MISROUTE)
    packets = packets_of([outcome] if other is None else [outcome, other.outcome])
    return finding(ID, evidence, claim, (text, remedy, packets))
