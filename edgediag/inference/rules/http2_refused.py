"""A gateway of Raven's proxy that ends every handshake in which HTTP/2 is offered."""

from edgediag.flaw import is_refused, refuses_http2
from edgediag.inference.claim import LOST_OUTSIDE, finding, one_of
from edgediag.inference.ladders import after_of
from edgediag.inference.reading import outcome_of, packets_of
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.verdict import Finding, Mechanism

ID = "http2-refused"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """The offer of HTTP/2 is answered with the alert that no such protocol is spoken.

    Holds because   Raven's agents speak gRPC, whose clients offer h2 and nothing else: the
                    handshake that was refused is theirs, and the one that stands is nobody's of
                    Raven. The alert comes before anything is signed, so a box on the path may have
                    sent it
    Does not hold   where no protocol is chosen and the handshake stands, as older clients go on
                    then; where a client is asked for a certificate, or the connection ends after
                    the handshake; where clients refuse the certificate anyway
    Asks for        what became of a handshake with the offer, and of one without it
    source          RFC 7301 §3.2; RFC 9113 §3.2; grpc-go credentials/tls.go
    """
    shown = evidence.certificate
    if not refuses_http2(shown) or is_refused(shown, evidence.target.host):
        return None
    claim = one_of(LOST_OUTSIDE, after_of(evidence), Mechanism.SERVICE_REFUSES)
    text = (
        f"{evidence.flow.destination} refuses a handshake that offers HTTP/2, as Raven's agents do,"
        " and takes one that offers nothing"
    )
    remedy = "see what serves there: a balancer or a gateway of HTTP/1.1 is none for Raven's proxy"
    return finding(ID, evidence, claim, (text, remedy, packets_of([outcome_of(evidence)])))
