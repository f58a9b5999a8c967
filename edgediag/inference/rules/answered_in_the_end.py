"""A flow that was silent and then served."""

from edgediag.inference.claim import LOST_OUTSIDE, finding, one_of
from edgediag.inference.ladders import ladder_packets, ladders_of
from edgediag.inference.reading import is_intermittent, is_lost, packets_of
from edgediag.model.answer import NotChecked
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.verdict import Finding, Mechanism

ID = "answered-in-the-end"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """The flow is not blocked: it is lost at times.

    Holds because   the very flow, or another attempt at the same port, was served when it was asked
                    again, slower or alone: loss, a limit on new connections, or an overloaded host
    Does not hold   for a flow that stayed silent however often it was asked
    Asks for        all attempts, the ladder, the confirmation
    """
    if not is_lost(evidence) or not is_intermittent(evidence):
        return None
    text = (
        "some attempts are lost and others are answered: loss, a limit on new connections or an "
        "overloaded host, which a single burst cannot tell apart"
    )
    remedy = "run it again with a lower --rate; compare the loss at different rates"
    confirmation = evidence.confirmation
    again = () if isinstance(confirmation, NotChecked) else (confirmation,)
    packets = {*packets_of((*evidence.attempts, *again)), *ladder_packets(ladders_of(evidence))}
    claim = one_of(LOST_OUTSIDE, None, Mechanism.LOSS)
    return finding(ID, evidence, claim, (text, remedy, tuple(sorted(packets))))
