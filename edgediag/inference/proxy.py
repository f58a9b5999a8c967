"""Who accepts a connection in the destination's name before the destination can."""

from edgediag.inference.claim import between, made_at
from edgediag.inference.ladders import comparable_controls, first_named_hop, same_host_controls
from edgediag.inference.segment import error_at, nearest_from, nearest_to
from edgediag.meaning import received_hop_limit
from edgediag.model.answer import NotChecked
from edgediag.model.evidence import FlowEvidence, HandshakeEvidence
from edgediag.model.outcome import Answered, Outcome
from edgediag.model.path import Hop
from edgediag.model.reply import IcmpKind, IcmpReply, Reply, SynAck
from edgediag.model.verdict import Claim, Landmark, Mechanism
from edgediag.path import hop_at, is_expiry


def accepts_before_host(evidence: FlowEvidence) -> Claim | None:
    """The segment in which a handshake is answered that cannot have reached the host, else None.

    The router whose own errors arrive with the hop limit of the SYN-ACK, and that tells of no
    expiry on this flow, is the one. A box that sets its hop limit at will may stand before it.
    """
    named = first_named_hop(evidence)
    if named is None or named.reply is None:
        return _unwalked(evidence)
    if not _is_short(evidence, named):
        return None
    before, told = nearest_to(evidence, named.distance - 1), _router_at(evidence, named.distance)
    if told is None:
        return between(before, nearest_from(evidence, named.distance), Mechanism.TRANSPARENT_PROXY)
    is_maker = received_hop_limit(told) == received_hop_limit(named.reply)
    return (made_at if is_maker else between)(before, told.sender, Mechanism.TRANSPARENT_PROXY)


def _unwalked(evidence: FlowEvidence) -> Claim | None:
    handshake = evidence.handshake
    nearby = _expired_nearby(evidence)
    if nearby is None or not isinstance(handshake, HandshakeEvidence):
        return None
    accepted, told = _reply(handshake.syn), nearby.reply
    if not isinstance(accepted, SynAck) or not isinstance(told, IcmpReply):
        return None
    before = _reply(handshake.before)
    if not isinstance(before, IcmpReply) or before.kind is not IcmpKind.TIME_EXCEEDED:
        # That no hop limit nearer draws it is not known.
        return between(Landmark.EDGE, told.sender, Mechanism.TRANSPARENT_PROXY)
    is_maker = told.hop_limit == accepted.hop_limit
    return (made_at if is_maker else between)(
        before.sender, told.sender, Mechanism.TRANSPARENT_PROXY
    )


def _reply(outcome: Outcome | NotChecked) -> Reply | None:
    return outcome.reply if isinstance(outcome, Answered) else None


def _is_short(evidence: FlowEvidence, named: Hop) -> bool:
    nearby = _expired_nearby(evidence)
    # That a control met the host farther away is no proof: an answer from nearer may be lost.
    hops = (hop_at(control.ladder, named.distance) for control in same_host_controls(evidence))
    if any(hop is not None and is_expiry(hop) for hop in hops):
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
    handshake = evidence.handshake
    if not isinstance(handshake, HandshakeEvidence) or not isinstance(handshake.echo, Answered):
        return None
    reply = handshake.echo.reply
    if not isinstance(reply, IcmpReply) or reply.sender == evidence.flow.destination:
        return None
    return handshake.echo if reply.kind is IcmpKind.TIME_EXCEEDED else None
