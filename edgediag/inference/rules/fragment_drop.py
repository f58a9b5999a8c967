"""A datagram in pieces is lost where a whole one is not."""

from edgediag.inference.claim import finding
from edgediag.inference.forms import is_form_lost, packets_of_form, reached, varied, where_lost
from edgediag.inference.reading import met_loss
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.variation import Change
from edgediag.model.verdict import Finding, Mechanism

ID = "fragment-drop"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """What fits one packet passes, and what comes in fragments does not.

    Holds because   the same question on the same flow is answered whole; padded and cut into two
                    pieces, neither longer than narrow paths carry, it left, was asked four times
                    and walked, and nothing but routers answered
    Does not hold   in a run that lost packets of others; where the host itself puts nothing
                    together the walk comes as far as the other, and the places stay open
    Asks for        the question in two pieces, its walk beside that of the whole one
    source          RFC 791 §3.2
    """
    if met_loss(evidence):
        return None
    for variation in filter(is_form_lost, varied(evidence, Change.FRAGMENTS)):
        text = (
            f"whole packets of this flow are answered, and one of {variation.octets} octets in two "
            f"fragments is not, however often: they are carried to hop {reached(variation)} only"
        )
        remedy = (
            "ask whoever runs that part of the path to pass fragments; until then keep the packets "
            "of the tunnel below the path's MTU"
        )
        claim = where_lost(variation, Mechanism.FRAGMENT_DROP, host)
        return finding(ID, evidence, claim, (text, remedy, packets_of_form(variation)))
    return None
