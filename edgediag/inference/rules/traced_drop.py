"""The rule that nf_tables itself named."""

from dataclasses import replace

from edgediag.compat import assert_never
from edgediag.inference.claim import finding, on_this_host
from edgediag.inference.reading import outcome_of
from edgediag.meaning import is_answered_well
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import ChainPolicy, IptablesRule, NftRule
from edgediag.model.evidence import FlowEvidence
from edgediag.model.explained import Disposition, Explained, RuleObject
from edgediag.model.host import HostState, TraceDropped
from edgediag.model.verdict import Claim, Finding, Mechanism

ID = "traced-drop"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """A rule or a chain policy of this host drops the flow.

    Holds because   the kernel traced the very 5-tuple through its rule sets and said which rule or
                    policy ended it; iptables-legacy, which is not traced, counted each of several
                    packets sent in a row in this one rule, and no condition of it excludes the flow
    Does not hold   for a flow that works: what is dropped there is another packet of it
    Asks for        the trace; the walk through the rules beside it, which the kernel overrules
    source          linux/include/uapi/linux/netfilter/nf_tables.h, nft_trace_attributes
    """
    trace = evidence.trace
    if not isinstance(trace, TraceDropped) or is_answered_well(outcome_of(evidence)):
        return None
    claim, text, remedy = conclusion(trace)
    text += _beside(trace, evidence.explained)
    return finding(ID, evidence, claim, (text, remedy, ()))


def conclusion(trace: TraceDropped) -> tuple[Claim, str, str]:
    """What a trace that ended in a rule or a policy claims, in words, and what to do about it."""
    packet = "the answer" if trace.is_reply else "the packet"
    verb = "rejects" if trace.is_reject else "drops"
    where = f" in the {trace.hook} hook" if trace.hook else ""
    text = f"{rule_words(trace.culprit)} {verb} {packet}{where}"
    return on_this_host(_mechanism(trace), trace.culprit), text, removal(trace.culprit)


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


def _mechanism(trace: TraceDropped) -> Mechanism:
    if isinstance(trace.culprit, ChainPolicy):
        return Mechanism.POLICY_DROP
    return Mechanism.RULE_REJECT if trace.is_reject else Mechanism.RULE_DROP


def rule_words(culprit: RuleObject) -> str:
    """A rule or policy, with its place and its own words."""
    match culprit:
        case NftRule():
            return (
                f"nft rule {culprit.family} {culprit.table} {culprit.chain} "
                f"handle {culprit.handle} ({culprit.text})"
            )
        case IptablesRule():
            return (
                f"iptables-{culprit.backend} rule {culprit.number} of {culprit.table} "
                f"{culprit.chain} "
                f"({culprit.text})"
            )
        case ChainPolicy():
            return (
                f"the policy {culprit.policy} of chain "
                f"{culprit.family} {culprit.table} {culprit.chain}"
            )
        case _:
            assert_never(culprit)


def removal(culprit: RuleObject) -> str:
    """What to do about a rule or policy."""
    match culprit:
        case NftRule():
            place = f"{culprit.family} {culprit.table} {culprit.chain}"
            return f"nft delete rule {place} handle {culprit.handle}, or accept the flow before it"
        case IptablesRule():
            return (
                f"iptables-{culprit.backend} -t {culprit.table} -D {culprit.chain} "
                f"{culprit.number}, or accept the flow before it"
            )
        case ChainPolicy():
            return (
                f"accept the flow in {culprit.family} {culprit.table} {culprit.chain}; its policy "
                f"is {culprit.policy}"
            )
        case _:
            assert_never(culprit)
