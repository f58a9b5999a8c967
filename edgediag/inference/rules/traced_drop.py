"""The rule that nf_tables itself named."""

from edgediag.compat import assert_never
from edgediag.inference.claim import finding, on_this_host
from edgediag.inference.kernel_word import contradicts, support
from edgediag.inference.reading import outcome_of
from edgediag.meaning import is_answered_well
from edgediag.model.culprit import ChainPolicy, IptablesRule, NftRule
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState, TraceDropped
from edgediag.model.verdict import Claim, Finding, Mechanism

ID = "traced-drop"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """A rule or a chain policy of this host drops the flow.

    Holds because   the kernel traced the very 5-tuple through its rule sets and said which rule or
                    policy ended it; iptables-legacy, which is not traced, counted each of several
                    packets sent in a row in this one rule, and no condition of it excludes the flow
    Does not hold   for a flow that works: what is dropped there is another packet of it; nor where
                    the kernel itself says that it dropped the packet elsewhere
    Asks for        the trace, the kernel's word
    source          linux/include/uapi/linux/netfilter/nf_tables.h, nft_trace_attributes
    """
    trace = evidence.trace
    if not isinstance(trace, TraceDropped) or is_answered_well(outcome_of(evidence)):
        return None
    if contradicts(evidence, is_reply=trace.is_reply):
        return None
    claim, text, remedy = conclusion(trace)
    text += support(evidence, is_reply=trace.is_reply)
    return finding(ID, evidence, claim, (text, remedy, ()))


def conclusion(trace: TraceDropped) -> tuple[Claim, str, str]:
    """What a trace that ended in a rule or a policy claims, in words, and what to do about it."""
    packet = "the answer" if trace.is_reply else "the packet"
    verb = "rejects" if trace.is_reject else "drops"
    where = f" in the {trace.hook} hook" if trace.hook else ""
    text = f"{named(trace.culprit)} {verb} {packet}{where}"
    return on_this_host(_mechanism(trace), trace.culprit), text, _remedy(trace.culprit)


def _mechanism(trace: TraceDropped) -> Mechanism:
    if isinstance(trace.culprit, ChainPolicy):
        return Mechanism.POLICY_DROP
    return Mechanism.RULE_REJECT if trace.is_reject else Mechanism.RULE_DROP


def named(culprit: NftRule | IptablesRule | ChainPolicy) -> str:
    """The rule or policy as a sentence names it."""
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


def _remedy(culprit: NftRule | IptablesRule | ChainPolicy) -> str:
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
