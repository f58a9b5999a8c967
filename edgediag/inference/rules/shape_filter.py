"""ESP is lost where IKE is not."""

from edgediag.inference.claim import between, finding
from edgediag.inference.forms import (
    is_form_lost,
    last_reached,
    packets_of_form,
    reached,
    router_beyond,
    varied,
)
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.path import Ladder
from edgediag.model.variation import Change
from edgediag.model.verdict import Finding, Mechanism

ID = "shape-filter"

# Routers limit their errors: a hop is silent to a form only when it was asked so often.
_TRIES = 3


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """IKE passes and ESP, on the very same ports, does not.

    Holds because   hop-limited datagrams that begin with an SPI are answered up to a hop and by no
                    router behind it, though each was asked three times and before its control; with
                    zeros for the SPI, as IKE has, a router behind it answers at the same time
    Does not hold   as long as both shapes come equally far: that nobody answers an SPI that nobody
                    has says nothing. Nor in a run that lost packets of others
    Asks for        both walks on one 5-tuple
    source          RFC 3948 §2: what tells ESP from IKE on port 4500
    """
    if evidence.surroundings.is_lossy:
        return None
    for variation in filter(is_form_lost, varied(evidence, Change.SHAPE)):
        beyond, ladder = router_beyond(variation), variation.ladder
        if beyond is None or not isinstance(ladder, Ladder):
            continue
        far = [hop for hop in ladder.hops if hop.distance > reached(variation)]
        if any(hop.tries < _TRIES for hop in far):
            continue
        text = (
            f"IKE is answered on this flow, and what looks like ESP on it is carried to hop "
            f"{reached(variation)} only, while IKE goes on to {beyond}"
        )
        remedy = "ask whoever runs that part of the path to pass ESP in UDP, as RFC 3948 describes"
        claim = between(last_reached(variation), beyond, Mechanism.SILENT_DROP)
        return finding(ID, evidence, claim, (text, remedy, packets_of_form(variation)))
    return None
