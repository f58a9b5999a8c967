"""Who accepts a connection in the destination's name before the destination can."""

from edgediag.inference.claim import between, made_at
from edgediag.inference.reading import comparable_controls, first_named_hop, host_hop
from edgediag.inference.segment import error_at, locus_at
from edgediag.meaning import received_hop_limit
from edgediag.model.evidence import FlowEvidence, StreamEvidence
from edgediag.model.outcome import Answered
from edgediag.model.path import Hop
from edgediag.model.reply import IcmpKind, IcmpReply
from edgediag.model.verdict import Claim, Mechanism


def accepts_before_host(evidence: FlowEvidence) -> Claim | None:
    """The segment in which a handshake is answered that cannot have reached the host, else None.

    The router whose own errors arrive with the hop limit of the SYN-ACK, and that tells of no
    expiry on this flow, is the one. A box that sets its hop limit at will may stand before it.
    """
    named = first_named_hop(evidence)
    if named is None or named.reply is None or not _is_short(evidence, named):
        return None
    before, told = locus_at(evidence, named.distance - 1), _router_at(evidence, named.distance)
    if told is None:
        return between(before, locus_at(evidence, named.distance), Mechanism.TRANSPARENT_PROXY)
    is_maker = received_hop_limit(told) == received_hop_limit(named.reply)
    return (made_at if is_maker else between)(before, told.sender, Mechanism.TRANSPARENT_PROXY)


def _is_short(evidence: FlowEvidence, named: Hop) -> bool:
    genuine, nearby = host_hop(evidence), _expired_nearby(evidence)
    if genuine is not None and named.distance < genuine.distance:
        return True
    return nearby is not None and named.distance <= nearby.probe.hop_limit


def _router_at(evidence: FlowEvidence, distance: int) -> IcmpReply | None:
    nearby = _expired_nearby(evidence)
    is_there = nearby is not None and nearby.probe.hop_limit == distance
    if nearby is not None and is_there and isinstance(nearby.reply, IcmpReply):
        return nearby.reply
    return error_at([control.ladder for control in comparable_controls(evidence)], distance)


def _expired_nearby(evidence: FlowEvidence) -> Answered | None:
    """The echo to the host that a router saw expire, None where it came to the host or is lost."""
    stream = evidence.stream
    if not isinstance(stream, StreamEvidence) or not isinstance(stream.nearby, Answered):
        return None
    reply = stream.nearby.reply
    if not isinstance(reply, IcmpReply) or reply.sender == evidence.flow.destination:
        return None
    return stream.nearby if reply.kind is IcmpKind.TIME_EXCEEDED else None
