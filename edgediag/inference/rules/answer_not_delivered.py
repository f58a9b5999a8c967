"""An answer that arrived and that the socket never got."""

from edgediag.inference.claim import finding, on_this_host
from edgediag.inference.kernel_word import spoilt, support
from edgediag.inference.reading import outcome_of, packets_of
from edgediag.meaning import has_left, is_answer_lost_here
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.verdict import Finding, Mechanism

ID = "answer-not-delivered"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """The answer was lost between the wire and the socket.

    Holds because   the tap saw the destination's answer to this very socket come in, or octets of
                    it on a connection that stands, and the socket timed out: what lies between is
                    this host
    Does not hold   where no answer was seen, or the socket got one; nor for an answer that the
                    kernel found damaged or meant for another machine
    Asks for        the tap, an attempt through a kernel socket
    source          net/core/dev.c, __netif_receive_skb_core: taps come before ingress hooks
    """
    outcome = outcome_of(evidence)
    if not has_left(outcome) or not is_answer_lost_here(outcome):
        return None
    if spoilt(evidence) is not None:
        return None
    text = "the answer came in from the wire and was never given to the socket"
    text += support(evidence, is_reply=True)
    remedy = "look at the input hook, rp_filter, tc ingress and the conntrack state of this host"
    claim = on_this_host(Mechanism.LOCAL_DROP, None)
    return finding(ID, evidence, claim, (text, remedy, packets_of([outcome])))
