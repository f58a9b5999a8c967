"""The rule that nf_tables itself named."""

from dataclasses import replace

from edgediag.inference.claim import finding, on_this_host
from edgediag.inference.kernel_word import contradicts, support
from edgediag.inference.packet_rules import mechanism_of, removal, rule_words
from edgediag.inference.reading import outcome_of
from edgediag.meaning import has_come_back, has_left, is_answered_well
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import ChainPolicy
from edgediag.model.drops import TraceDropped
from edgediag.model.evidence import FlowEvidence
from edgediag.model.explained import Disposition, Explained, RuleObject
from edgediag.model.host import HostState
from edgediag.model.outcome import Answered
from edgediag.model.verdict import Claim, Finding

ID = "traced-drop"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """A rule or a chain policy of this host drops the flow.

    Holds because   the kernel traced the very 5-tuple through its rule sets and said which rule or
                    policy ended it; iptables-legacy, which is not traced, counted each of several
                    packets sent in a row in this one rule, and no condition of it excludes the flow
    Does not hold   for a flow that works: what is dropped there is another packet of it; where the
                    tap saw no answer that could be dropped, or saw the packet leave: a rule counts
                    what others send as well; nor where the kernel itself says that it dropped the
                    packet elsewhere
    Asks for        the trace, the tap, the kernel's word; the walk through the rules beside it,
                    which the kernel overrules
    source          linux/include/uapi/linux/netfilter/nf_tables.h, nft_trace_attributes
    """
    trace = evidence.trace
    if not isinstance(trace, TraceDropped) or is_answered_well(outcome_of(evidence)):
        return None
    if contradicts(evidence, is_reply=trace.is_reply) or not _is_possible(evidence, trace):
        return None
    claim, text, remedy = conclusion(trace, evidence.flow.destination.version)
    text += support(evidence, is_reply=trace.is_reply) + _beside(trace, evidence.explained)
    return finding(ID, evidence, claim, (text, remedy, ()))


def _is_possible(evidence: FlowEvidence, trace: TraceDropped) -> bool:
    """Whether the taps saw what the trace says of the packet, or of the answer."""
    outcome = outcome_of(evidence)
    if trace.is_reply:
        return any(map(has_come_back, evidence.attempts))
    # Behind a handshake that left, octets may be dropped.
    return not has_left(outcome) or isinstance(outcome, Answered)


def conclusion(trace: TraceDropped, version: int) -> tuple[Claim, str, str]:
    """What a trace that ended in a rule or a policy claims, in words, and what to do about it.

    version  of the flow traced
    """
    packet = "the answer" if trace.is_reply else "the packet"
    verb = "rejects" if trace.is_reject else "drops"
    where = f" in the {trace.hook} hook" if trace.hook else ""
    text = f"{rule_words(trace.culprit, version)} {verb} {packet}{where}"
    mechanism = mechanism_of(trace.culprit, is_reject=trace.is_reject)
    return on_this_host(mechanism, trace.culprit), text, removal(trace.culprit, version)


def _beside(trace: TraceDropped, explained: Explained | NotChecked) -> str:
    """What the rules as they are read say of the packet that the kernel dropped."""
    if isinstance(explained, NotChecked) or trace.is_reply:
        return ""
    if explained.disposition is Disposition.UNDETERMINED:
        return ""
    if any(_is_same(trace.culprit, decider) for decider in explained.deciders):
        return "; the rules as they are read say the same"
    return (
        f"; by the rules as they are read it {explained.disposition.value}: they are read wrongly "
        "or have changed, and the kernel's word counts"
    )


def _is_same(one: RuleObject, other: RuleObject) -> bool:
    """Whether two name one object; its words may be had of one alone."""
    return _without_words(one) == _without_words(other)


def _without_words(rule: RuleObject) -> RuleObject:
    return rule if isinstance(rule, ChainPolicy) else replace(rule, text="")
