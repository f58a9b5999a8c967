"""A connection that fails for one server name and not for another."""

from edgediag.inference.claim import LOST_OUTSIDE, finding, one_of
from edgediag.inference.octets import (
    conversation_packets,
    end_of_octets,
    failing_stream,
    is_served,
)
from edgediag.inference.reading import met_loss
from edgediag.model.answer import NotChecked
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.verdict import Finding, Mechanism

ID = "server-name-filtered"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """The server name in the ClientHello is what the connection fails for.

    Holds because   the same address serves another server name in the same moment, while its own
                    fails again, with small segments too. Octets with a hop limit that name it tell
                    how far they come, or what hop limit first draws the reset
    Does not hold   where the same question is served when it is asked again, or in small segments,
                    nor in a run that met loss. Without a hop that resets or swallows the octets a
                    server that minds the name looks the same
    Asks for        the same question again, another name, small segments, octets with a hop limit
    source          RFC 6066 §3
    """
    stream = failing_stream(evidence)
    if stream is None or not is_served(stream.other_name) or is_served(stream.small):
        return None
    if met_loss(evidence):
        return None
    name = "" if isinstance(stream.again, NotChecked) else stream.again.probe.name
    located = end_of_octets(evidence, Mechanism.SNI_FILTER)
    claim = located or one_of(LOST_OUTSIDE, None, Mechanism.SNI_FILTER)
    text = (
        f"{evidence.flow.destination} serves another server name on the same port, and fails each "
        f"time for {name}"
    )
    if located is not None:
        text += "; hop-limited octets that bear the name come no farther than that"
    remedy = f"ask whoever filters on the way for an exception for {name}"
    return finding(ID, evidence, claim, (text, remedy, conversation_packets(evidence)))
