"""A flow that ends where another flow goes on."""

from edgediag.inference.claim import between, finding
from edgediag.inference.ladders import (
    after_of,
    comparable_controls,
    distance_reached,
    is_way_doubtful,
    ladder_packets,
    ladders_of,
    next_router,
)
from edgediag.inference.reading import is_silent
from edgediag.model.evidence import Control, FlowEvidence, Relation
from edgediag.model.host import HostState
from edgediag.model.verdict import Finding, Mechanism

ID = "diverges-from-control"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """The flow is dropped between the last hop that it reached and the next that a control reached.

    Holds because   the probe left and nothing came back; hop-limited probes on its very 5-tuple are
                    answered up to a hop and no farther, while a router beyond that hop answers the
                    control, walked at the same time. A forward filter answers an expiring probe
                    first and an ingress filter does not: hence a segment, never one router
    Does not hold   where the next to answer the control is the destination itself (then host, last
                    mile and way back look alike), or where the control is silent beyond the hop
                    too; nor where this host sends the flow a way of its own that nobody answers on
    Asks for        the ladder, a control to the same host or to a neighbour of it
    source          net/ipv4/ip_forward.c: the hop limit is checked before NF_INET_FORWARD
    """
    if not is_silent(evidence) or is_way_doubtful(evidence):
        return None
    reached = distance_reached(evidence)
    for control in comparable_controls(evidence) if ladders_of(evidence) else ():
        beyond = next_router(control.ladder, reached)
        if beyond is None:
            continue
        after = after_of(evidence)
        text = (
            f"hop-limited probes on this very flow are answered up to hop {reached}, and no "
            f"farther; {_described(control)} goes on to {beyond}"
        )
        claim = between(after, beyond, Mechanism.SILENT_DROP)
        packets = ladder_packets([*ladders_of(evidence), control.ladder])
        remedy = f"ask whoever runs the path between hop {reached} and {beyond}"
        return finding(ID, evidence, claim, (text, remedy, packets))
    return None


def _described(control: Control) -> str:
    flow = control.ladder.flow
    if control.relation is Relation.ECHO:
        return f"an echo request to {flow.destination}"
    return f"{flow.protocol.value} {flow.destination} port {flow.destination_port}"
