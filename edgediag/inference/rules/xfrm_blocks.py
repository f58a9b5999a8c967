"""A policy of IPsec that blocks what a socket sends or should get."""

from edgediag.host.xfrm_match import deciding_policy, selector_text
from edgediag.inference.claim import finding, on_this_host
from edgediag.inference.kernel_word import blamed
from edgediag.inference.reading import outcome_of, packets_of
from edgediag.meaning import has_come_back, has_left
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import XfrmPolicyObject
from edgediag.model.drops import TraceDropped, TracePassed
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.outcome import SendFailed, Unanswered
from edgediag.model.probe import Way
from edgediag.model.verdict import Finding, Mechanism

ID = "xfrm-blocks"

_REASON = "XFRM_POLICY"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """An xfrm policy blocks the flow.

    Holds because   the socket gets EPERM while the same packet from a raw IP socket leaves: the
                    filters of OUTPUT see both, but raw sockets do not match xfrm port selectors.
                    What got EPERM, and an answer that came in and was not delivered, fell to the
                    policy that the kernel takes for it, where that one blocks
    Does not hold   where a rule was traced; where the raw packet is refused as well or was not
                    sent, and for an answer, without such a policy; for an answer that did not come
                    past the filters of INPUT, or that the kernel dropped for another reason
    Asks for        the attempts through a socket and through a raw IP socket, the xfrm policies
    source          net/ipv4/tcp_ipv4.c tcp_v4_rcv, net/ipv4/udp.c: xfrm4_policy_check
    """
    if isinstance(evidence.trace, TraceDropped):
        return None
    return _refused(evidence, host) or _undelivered(evidence, host)


def _refused(evidence: FlowEvidence, host: HostState) -> Finding | None:
    outcome = outcome_of(evidence)
    if not isinstance(outcome, SendFailed) or outcome.errno_name != "EPERM":
        return None
    policy = blocking_policy(evidence, host, is_answer=False)
    whole = [item for item in evidence.attempts if item.probe.way is Way.IP_STACK]
    if any(has_left(item) for item in whole):
        text = "the socket is refused with EPERM while the same packet from a raw IP socket leaves"
    elif policy is not None:
        text = f"the socket gets EPERM, and the xfrm policy for it blocks it ({policy.selector})"
    else:
        return None
    remedy = "look at ip xfrm policy for a block policy that covers the destination"
    claim = on_this_host(Mechanism.XFRM_BLOCK, policy)
    said = (text, remedy if policy is None else _remedy(policy), packets_of(evidence.attempts))
    return finding(ID, evidence, claim, said)


def _undelivered(evidence: FlowEvidence, host: HostState) -> Finding | None:
    outcome = outcome_of(evidence)
    if not isinstance(outcome, Unanswered) or not has_left(outcome) or not has_come_back(outcome):
        return None
    if isinstance(evidence.trace, TracePassed) and not evidence.trace.is_delivered:
        return None
    policy = blocking_policy(evidence, host, is_answer=True)
    drop = blamed(evidence, is_reply=True)
    if policy is None or (drop is not None and drop.reason != _REASON):
        return None
    text = f"the answer came in, and the xfrm policy for it blocks it ({policy.selector})"
    claim = on_this_host(Mechanism.XFRM_BLOCK, policy)
    return finding(ID, evidence, claim, (text, _remedy(policy), packets_of([outcome])))


def blocking_policy(
    evidence: FlowEvidence, host: HostState, *, is_answer: bool
) -> XfrmPolicyObject | None:
    """The policy that the kernel takes for the flow or its answer, None if that does not block."""
    if isinstance(host.xfrm_policies, NotChecked):
        return None
    direction = "in" if is_answer else "out"
    flow = evidence.flow.reversed() if is_answer else evidence.flow
    policy = deciding_policy(host.xfrm_policies, direction, flow)
    if policy is None or policy.action != "block":
        return None
    return XfrmPolicyObject(
        direction=direction,
        action=policy.action,
        priority=policy.priority,
        selector=selector_text(policy.selector),
    )


def _remedy(policy: XfrmPolicyObject) -> str:
    return f"ip xfrm policy delete {policy.selector} dir {policy.direction}"
