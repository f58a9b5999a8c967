"""A socket that IPsec policy refuses while whole packets pass."""

from edgediag.inference.claim import finding, on_this_host
from edgediag.inference.reading import outcome_of, packets_of
from edgediag.meaning import has_left
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState, TraceDropped
from edgediag.model.outcome import SendFailed
from edgediag.model.probe import Way
from edgediag.model.verdict import Finding, Mechanism

ID = "xfrm-blocks"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """An xfrm policy blocks the flow.

    Holds because   the socket gets EPERM while the same packet from a raw IP socket leaves: the
                    filters of OUTPUT see both, but raw sockets do not match xfrm port selectors
    Does not hold   where the raw packet is refused as well, or a rule was traced
    Asks for        the attempts through a socket and through a raw IP socket
    """
    outcome = outcome_of(evidence)
    if not isinstance(outcome, SendFailed) or outcome.errno_name != "EPERM":
        return None
    whole = [item for item in evidence.attempts if item.probe.way is Way.IP_STACK]
    if isinstance(evidence.trace, TraceDropped) or not any(has_left(item) for item in whole):
        return None
    text = "the socket is refused with EPERM while the same packet from a raw IP socket leaves"
    remedy = "look at ip xfrm policy for a block policy that covers the destination"
    claim = on_this_host(Mechanism.XFRM_BLOCK, None)
    return finding(ID, evidence, claim, (text, remedy, packets_of(evidence.attempts)))
