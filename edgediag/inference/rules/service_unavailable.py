"""A registry, or who gives its tokens, that is reached and says itself that it does not serve."""

from edgediag.flaw import complaint_of, is_refused
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
    """What every client asks of a registry, or of who gives its tokens, is answered with 5xx.

    Holds because   the answer came inside TLS from who has the key of a certificate that a trusted
                    authority signed for this name: nobody on the path can write there
    Does not hold   for 401, 403, 404 and 429, which those that serve answer to strangers; where
                    nothing came in time nothing is said; where who may sign is not known, somebody
                    on the path may have answered
    Asks for        the status of the answers to GET /v2/ and to the pull of an image, the
                    certificate
    source          RFC 9110 §15.6, OCI Distribution Specification 1.1
    """
    shown, complaint = evidence.certificate, complaint_of(evidence.certificate)
    if isinstance(shown, NotChecked) or complaint is None:
        return None
    if is_refused(shown, evidence.target.host):
        return None
    after = after_of(evidence)
    claim = (
        at_destination(after, Mechanism.SERVICE_REFUSES, Certainty.PROVEN)
        if shown.chain is Chain.TRUSTED
        else one_of(LOST_OUTSIDE, after, Mechanism.SERVICE_REFUSES)
    )
    asked, status = complaint
    whom = evidence.flow.destination
    text = f"{whom} answers inside TLS with status {status}, asked {asked}"
    remedy = "wait, or ask whoever runs the registry: nothing between here and there blocks it"
    return finding(ID, evidence, claim, (text, remedy, packets_of([outcome_of(evidence)])))
