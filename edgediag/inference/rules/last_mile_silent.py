"""A flow that gets as far as the last router, and no answer."""

from edgediag.inference.claim import ANYWHERE, LOST_OUTSIDE, finding, one_of
from edgediag.inference.kernel_word import support
from edgediag.inference.ladders import (
    after_of,
    comparable_controls,
    distance_reached,
    ladder_packets,
    ladders_of,
    next_router,
)
from edgediag.inference.reading import is_silent
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState, Link
from edgediag.model.verdict import Finding, Mechanism

ID = "last-mile-silent"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """Behind the last router that can be seen, several causes look the same from one end.

    Holds because   the probe left, nothing came back, something else is answered, and no control to
                    the same host or network showed a router beyond the last hop that the flow
                    reached: a filter behind it, the host's firewall, a service that ignores us and
                    a drop on the way back give the same picture, and so does an XDP program here,
                    which acts before the tap
    Does not hold   where such a control shows a router beyond
    Asks for        the ladder, controls, the XDP program of the uplink
    """
    if not is_silent(evidence) or not ladders_of(evidence):
        return None
    reached = distance_reached(evidence)
    controls = [control.ladder for control in evidence.controls if control.is_answered]
    comparable = [control.ladder for control in comparable_controls(evidence)]
    if not controls or any(next_router(ladder, reached) for ladder in comparable):
        return None
    program = evidence.link.xdp_program if isinstance(evidence.link, Link) else None
    where = LOST_OUTSIDE if program is None else ANYWHERE
    flow = evidence.flow
    text = (
        f"the flow reaches hop {reached} and is lost behind it, and no control shows a router "
        "beyond: a filter behind that hop, the host's own firewall, a silent service and a drop on "
        "the way back look the same from here"
    )
    remedy = (
        f"capture on {flow.destination}, or probe from a second vantage: does {flow.protocol.value}"
        f" {flow.destination_port} arrive there?"
    )
    if program is not None:
        text += f"; the XDP program {program} on the uplink could hide the answer as well"
        text += support(evidence, is_reply=True)
    claim = one_of(where, after_of(evidence), Mechanism.SILENT_DROP)
    packets = ladder_packets([*ladders_of(evidence), *controls])
    return finding(ID, evidence, claim, (text, remedy, packets))
