"""ESP, or IKE_AUTH, is lost where IKE_SA_INIT is not."""

from typing import Final

from edgediag.inference.claim import between, finding
from edgediag.inference.forms import (
    is_form_lost,
    last_reached,
    packets_of_form,
    reached,
    router_beyond,
    varied,
)
from edgediag.inference.reading import met_loss
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.path import Ladder
from edgediag.model.variation import Change
from edgediag.model.verdict import Finding, Mechanism

ID = "shape-filter"

# Routers limit their errors: a hop is silent to a form only when it was asked so often.
_TRIES: Final = 3

# What each shape is, and what is to be asked for.
_SHAPES: Final = {
    Change.SHAPE: ("ESP", "ESP in UDP, as RFC 3948 describes"),
    Change.EXCHANGE: ("IKE_AUTH", "all exchanges of IKE (RFC 7296 section 1.2)"),
}


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """IKE_SA_INIT passes, and what the tunnel sends after it on the very same ports does not.

    Holds because   hop-limited datagrams that look like ESP, or like IKE_AUTH, are answered up to a
                    hop and by no router behind it, though each was asked three times and before its
                    control; in the shape of IKE_SA_INIT a router behind it answers at the same time
    Does not hold   as long as both shapes come equally far: that nobody answers an SPI that nobody
                    has says nothing. Nor in a run that lost packets of others
    Asks for        both walks on one 5-tuple; of IKE_AUTH they are made only where the node's own
                    was not answered, and end before the gateway
    source          RFC 3948 §2: what tells ESP from IKE on port 4500; RFC 7296 §3.1: the exchange
                    stands in the clear
    """
    if met_loss(evidence):
        return None
    shapes = (item for change in _SHAPES for item in varied(evidence, change))
    for variation in filter(is_form_lost, shapes):
        beyond, ladder = router_beyond(variation), variation.ladder
        if beyond is None or not isinstance(ladder, Ladder):
            continue
        far = [hop for hop in ladder.hops if hop.distance > reached(variation)]
        if any(hop.tries < _TRIES for hop in far):
            continue
        shape, wanted = _SHAPES[variation.change]
        text = (
            f"IKE_SA_INIT is answered on this flow, and what looks like {shape} on it is carried "
            f"to hop {reached(variation)} only, while IKE_SA_INIT goes on to {beyond}"
        )
        remedy = f"ask whoever runs that part of the path to pass {wanted}"
        claim = between(last_reached(variation), beyond, Mechanism.SILENT_DROP)
        return finding(ID, evidence, claim, (text, remedy, packets_of_form(variation)))
    return None
