"""An answer that comes in small segments and not in large ones."""

from edgediag.inference.claim import LOST_OUTSIDE, finding, one_of
from edgediag.inference.octets import (
    conversation_packets,
    end_of_octets,
    failing_stream,
    is_acknowledged,
    is_served,
)
from edgediag.inference.reading import met_loss
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.verdict import Finding, Mechanism

ID = "answer-too-large"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """A link on the way carries no full-sized packets, and nobody is told.

    Holds because   the octets are acknowledged and the answer never comes, again and again, but it
                    does come in segments of 536 octets. Full-sized octets with a hop limit tell
                    where they vanish on the way out, while small ones go on
    Does not hold   where the same question is served when it is asked again, or with another name,
                    nor in a run that met loss. Where full-sized octets reach the host the narrow
                    link is on the way back, and a host that heeds no "fragmentation needed" looks
                    the same
    Asks for        the same question again and in small segments, full-sized octets with a hop
                    limit, the ladder, a control to the same host
    source          RFC 2923 §2.1; RFC 9293 §3.7.1; RFC 4821 §1
    """
    stream = failing_stream(evidence)
    if stream is None or not is_acknowledged(evidence):
        return None
    if not is_served(stream.small) or is_served(stream.other_name):
        return None
    if met_loss(evidence):
        return None
    claim = end_of_octets(evidence, Mechanism.PMTU_BLACKHOLE)
    claim = claim or one_of(LOST_OUTSIDE, None, Mechanism.PMTU_BLACKHOLE)
    text = (
        f"{evidence.flow.destination} answers in segments of 536 octets and is never heard in "
        "full-sized ones: a link on the way carries less, and nobody says so"
    )
    remedy = (
        "let ICMP fragmentation-needed through on that path, or clamp the MSS at the site's router"
    )
    return finding(ID, evidence, claim, (text, remedy, conversation_packets(evidence)))
