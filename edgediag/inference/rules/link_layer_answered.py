"""The contrast: the same bytes past this host's own stack."""

from edgediag.inference.claim import finding, on_this_host
from edgediag.inference.reading import outcome_of, packets_of
from edgediag.meaning import has_left, is_answered_by, is_answered_well
from edgediag.model.answer import NotChecked
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.verdict import Finding, Mechanism

ID = "link-layer-answered"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """Path and server are good; this host's own stack is not.

    Holds because   the same flow sent at the link layer is answered by the destination, while
                    through the IP stack nothing left
    Does not hold   where the flow works, or left by itself
    Asks for        the contrast at the link layer
    """
    outcome = outcome_of(evidence)
    contrast = evidence.contrast
    if is_answered_well(outcome) or has_left(outcome) or isinstance(contrast, NotChecked):
        return None
    if not is_answered_by(contrast, evidence.flow.destination):
        return None
    text = (
        f"{evidence.flow.destination} answers the same flow when it is sent past this host's IP "
        "stack: path and server are good"
    )
    remedy = "look at the filters of the output hook, policy routing and xfrm of this host"
    claim = on_this_host(Mechanism.LOCAL_DROP, None)
    return finding(ID, evidence, claim, (text, remedy, packets_of([contrast])))
