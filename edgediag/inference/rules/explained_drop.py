"""The rule that ends a packet by the tables alone, where the kernel cannot be asked."""

from edgediag.inference.claim import finding, on_this_host
from edgediag.inference.packet_rules import mechanism_of, removal, rule_words
from edgediag.inference.reading import outcome_of, packets_of
from edgediag.meaning import has_left, is_answered_well
from edgediag.model.answer import NotChecked
from edgediag.model.evidence import FlowEvidence
from edgediag.model.explained import Disposition
from edgediag.model.host import HostState
from edgediag.model.verdict import Finding

ID = "explained-drop"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """A rule or a policy drops the flow, by what is read of the rules.

    Holds because   no tap saw the packet leave, the kernel could not be asked which rule ended it,
                    and the rules of this host, followed for this very flow, come to one that does
                    whichever way it takes
    Does not hold   where the kernel traced the packet: its word counts; for a flow that works or
                    left, and where it hangs on something unknown which rule ends it
    Asks for        the tap, the walk through the rules
    source          net/netfilter/core.c, nf_hook_slow; nf_tables_core.c, nft_do_chain
    """
    outcome, explained = outcome_of(evidence), evidence.explained
    if is_answered_well(outcome) or has_left(outcome):
        return None
    if not isinstance(evidence.trace, NotChecked) or isinstance(explained, NotChecked):
        return None
    if len(explained.deciders) != 1:
        return None
    rule = explained.deciders[0]
    is_reject = explained.disposition is Disposition.REJECTED
    verb = "rejects" if is_reject else "drops"
    version = evidence.flow.destination.version
    text = (
        f"by the rules as they are read {rule_words(rule, version)} {verb} the packet; the kernel "
        f"was not asked: {evidence.trace.reason}"
    )
    claim = on_this_host(mechanism_of(rule, is_reject=is_reject), rule)
    return finding(ID, evidence, claim, (text, removal(rule, version), packets_of([outcome])))
