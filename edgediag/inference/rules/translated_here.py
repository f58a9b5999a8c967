"""A packet that a rule of this host sends to another destination, where it is lost or refused."""

from edgediag.inference.claim import finding, on_this_host
from edgediag.inference.kernel_word import blamed
from edgediag.inference.packet_rules import removal, rule_words
from edgediag.inference.reading import is_held_up, outcome_of, packets_of
from edgediag.inference.translations import translator_of
from edgediag.meaning import has_left, is_answered_by, is_answered_well
from edgediag.model.answer import NotChecked
from edgediag.model.drops import TraceDropped
from edgediag.model.evidence import FlowEvidence
from edgediag.model.explained import End
from edgediag.model.host import HostState
from edgediag.model.outcome import Answered, Outcome
from edgediag.model.reply import IcmpReply, Reset, SocketError
from edgediag.model.verdict import Finding, Mechanism

ID = "translated-here"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """A translation keeps the flow on this host.

    Holds because   no tap saw the packet leave, and the rules of this host, followed for this very
                    flow, come to one rule that gives it another destination whichever way it takes:
                    whoever refuses or loses it there, the one that was asked never heard of it.
                    Where that one is silent too when it is asked past the rule, the rule may be
                    meant so, and it is not accused
    Does not hold   for a flow that works or left; for what may wait for its next hop, or somebody
                    took and did not refuse, unless the one that was asked serves past the rule;
                    where the kernel named what drops it; where the rules may translate it or not
    Asks for        the tap, the walk through the rules, the question past the rule, the neighbour
                    entry, the kernel's word
    source          RFC 3022 §2; net/netfilter/nf_nat_core.c, NF_INET_LOCAL_OUT
    """
    outcome = outcome_of(evidence)
    if is_answered_well(outcome) or has_left(outcome):
        return None
    if isinstance(evidence.trace, TraceDropped) or blamed(evidence, is_reply=False) is not None:
        return None
    rule = translator_of(evidence, End.DESTINATION)
    if rule is None or is_held_up(evidence):
        return None
    contrast, asked = evidence.contrast, evidence.flow.destination
    is_answering = not isinstance(contrast, NotChecked) and is_answered_by(contrast, asked)
    if _is_taken(outcome) and not is_answering:
        return None
    version = asked.version
    text = f"{rule_words(rule, version)} gives it another destination, and no packet left this host"
    claim, remedy = on_this_host(Mechanism.MISROUTE, rule), removal(rule, version)
    if is_answering:
        text += f"; sent past the rule, {asked} answers"
    elif not isinstance(contrast, NotChecked) and has_left(contrast):
        text += f"; sent past the rule, {asked} is silent as well"
        claim = on_this_host(Mechanism.LOCAL_DROP, None)
        remedy = "see why nothing gets to that destination, and whether the rule is meant so"
    return finding(ID, evidence, claim, (text, remedy, packets_of([outcome])))


def _is_taken(outcome: Outcome) -> bool:
    refusals = IcmpReply | Reset | SocketError
    return isinstance(outcome, Answered) and not isinstance(outcome.reply, refusals)
