"""Octets that are reset or vanish on the way, on a connection that stands."""

from edgediag.inference.claim import finding
from edgediag.inference.octets import (
    conversation_packets,
    end_of_octets,
    failing_stream,
    is_acknowledged,
    is_served,
)
from edgediag.inference.wording import locus_named
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.verdict import Finding, Mechanism

ID = "octets-stopped"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """A box on the path passes handshakes and stops what follows them.

    Holds because   octets whose hop limit cannot reach the host draw the reset, or the reset comes
                    with a greater hop limit than the host's own packets. Or octets expire up to a
                    hop and no farther, twice, while a router beyond it answers expiring SYNs of
                    the same host: a forward filter answers an expiring packet first and an ingress
                    filter does not, hence a segment
    Does not hold   where the octets were acknowledged: then they arrived; where the same question
                    is served when it is asked again or otherwise; nor, as a drop, in a run that
                    met loss or where the host itself is next to answer
    Asks for        octets with a hop limit, the ladder, a control to the same host
    source          net/ipv4/ip_forward.c: the hop limit is checked before NF_INET_FORWARD
    """
    stream = failing_stream(evidence)
    if stream is None or is_acknowledged(evidence):
        return None
    if is_served(stream.small) or is_served(stream.other_name):
        return None
    claim = end_of_octets(evidence, None)
    if claim is None:
        return None
    where = f"between {locus_named(claim.after)} and {locus_named(claim.upto)}"
    if claim.mechanism is Mechanism.FORGED_RESET:
        text = f"the handshake passes, and octets that cannot reach the host draw a reset {where}"
    else:
        text = f"the handshake passes, and octets on the connection vanish {where}"
    remedy = f"ask whoever runs the path {where}"
    return finding(ID, evidence, claim, (text, remedy, conversation_packets(evidence)))
