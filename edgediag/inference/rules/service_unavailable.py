"""A registry that is reached, and says itself that it does not serve."""

from edgediag.flaw import answer_of, is_refused, is_unavailable
from edgediag.inference.claim import LOST_OUTSIDE, at_destination, finding, one_of
from edgediag.inference.ladders import after_of
from edgediag.inference.reading import outcome_of, packets_of
from edgediag.model.answer import NotChecked
from edgediag.model.certificate import Chain
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.verdict import Certainty, Finding, Mechanism

ID = "service-unavailable"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """The registry answers what every client asks first with a status of 500 and above.

    Holds because   the answer came inside TLS from who has the key of a certificate that a trusted
                    authority signed for this name: nobody on the path can write there
    Does not hold   for 401 and 404, which registries that serve answer to strangers; where nothing
                    came in time nothing is said; where who may sign is not known, somebody on the
                    path may have answered
    Asks for        the status of the answer to GET /v2/, the certificate
    source          RFC 9110 §15.6, OCI Distribution Specification 1.1
    """
    shown, answer = evidence.certificate, answer_of(evidence.certificate)
    if isinstance(shown, NotChecked) or answer is None or not is_unavailable(shown):
        return None
    if is_refused(shown, evidence.target.host):
        return None
    after = after_of(evidence)
    claim = (
        at_destination(after, Mechanism.SERVICE_REFUSES, Certainty.PROVEN)
        if shown.chain is Chain.TRUSTED
        else one_of(LOST_OUTSIDE, after, Mechanism.SERVICE_REFUSES)
    )
    text = f"{evidence.flow.destination} answers GET /v2/ inside TLS with status {answer.status}"
    remedy = "wait, or ask whoever runs the registry: nothing between here and there blocks it"
    return finding(ID, evidence, claim, (text, remedy, packets_of([outcome_of(evidence)])))
