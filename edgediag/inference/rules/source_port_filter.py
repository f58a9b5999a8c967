"""The tunnel's own source port is lost where another is not."""

from edgediag.inference.claim import finding
from edgediag.inference.forms import is_form_lost, packets_of_form, reached, varied, where_lost
from edgediag.inference.reading import met_loss
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.variation import Change
from edgediag.model.verdict import Finding, Mechanism

ID = "source-port-filter"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """The gateway answers, and not to the port from which the tunnel asks.

    Holds because   the same question to the same port is answered from an ephemeral source port;
                    from the tunnel's own, 4500, it left, was asked four times and walked, and
                    nothing but routers answered. The walk ends where the other goes on
    Does not hold   for a run in which others were silent first and served later: that is loss. A
                    path taken by source port alone may be a bad one of several equal: the sentence
                    says so
    Asks for        the question from port 4500, its walk beside that of the flow that was answered
    """
    if met_loss(evidence):
        return None
    for variation in filter(is_form_lost, varied(evidence, Change.SOURCE_PORT)):
        port = evidence.flow.destination_port
        text = (
            f"port {port} answers when it is asked from port {evidence.flow.source_port}, and not "
            f"from port 4500, from which the tunnel asks: that is answered up to hop "
            f"{reached(variation)} only. A filter on the source port, or one bad path of several "
            f"equal that the ports choose"
        )
        remedy = "ask whoever runs that part of the path to pass UDP from source port 4500"
        claim = where_lost(variation, Mechanism.SOURCE_PORT_FILTER, host)
        return finding(ID, evidence, claim, (text, remedy, packets_of_form(variation)))
    return None
