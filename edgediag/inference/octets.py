"""What octets with a hop limit, and the questions beside them, say of a connection that failed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from edgediag.inference.claim import between
from edgediag.inference.ladders import (
    comparable_controls,
    genuine_hop_limit,
    host_hop,
    ladder_packets,
    ladders_of,
    next_router,
)
from edgediag.inference.reading import met_loss, outcome_of, packets_of, reply_of
from edgediag.inference.segment import made_before
from edgediag.meaning import is_service, received_hop_limit
from edgediag.model.answer import NotChecked
from edgediag.model.evidence import FlowEvidence, StreamEvidence
from edgediag.model.flow import Address
from edgediag.model.outcome import Answered, Outcome
from edgediag.model.path import Hop, Ladder
from edgediag.model.reply import (
    Acknowledged,
    AnswerOctets,
    ConnectedMute,
    ProxyReply,
    Reset,
    TlsAnswer,
    TlsReply,
)
from edgediag.model.verdict import Claim, Landmark, Locus, Mechanism
from edgediag.path import first_in_name_of, hop_at, last_expiry
from edgediag.stages.conversation import WALKS_THAT_STAND

# A server that has something to say says it within this: a keep-alive asks after a second.
_QUIET_S: Final = 0.9


def failing_stream(evidence: FlowEvidence) -> StreamEvidence | None:
    """What was asked of a connection that failed each time it was asked the same, else None."""
    stream = evidence.stream
    if isinstance(stream, NotChecked) or isinstance(stream.again, NotChecked):
        return None
    return None if is_served(stream.again) else stream


def is_served(outcome: Outcome | NotChecked) -> bool:
    """True if the question was asked and TLS was spoken, whatever certificate or alert says.

    A forward proxy serves by opening the way to the host that is meant.

    A server that is asked for a name of nobody's answers well if it answers at all.
    """
    match outcome:
        case Answered(reply=TlsReply(answer=TlsAnswer.SERVER_HELLO | TlsAnswer.ALERT)):
            return True
        case Answered(reply=ProxyReply() as reply):
            return is_service(reply)
        case _:
            return False


def is_acknowledged(evidence: FlowEvidence) -> bool:
    """True if the octets of the check itself were acknowledged and nothing followed."""
    reply = reply_of(evidence)
    return isinstance(reply, ConnectedMute) and reply.is_acknowledged


def missing_answer(evidence: FlowEvidence) -> AnswerOctets | None:
    """Of an answer that the far end sent and that did not all come, None where it sent none."""
    return next((answer for answer in _answers(evidence) if answer.is_missing), None)


def has_told_silence(evidence: FlowEvidence) -> bool:
    """True if the far end told, a while after it had acknowledged ours, that it sent nothing."""
    answers = _answers(evidence)
    return any(answer.quiet_s >= _QUIET_S for answer in answers) and not any(
        answer.sent for answer in answers
    )


def _answers(evidence: FlowEvidence) -> tuple[AnswerOctets, ...]:
    stream = evidence.stream
    beside = () if isinstance(stream, NotChecked) else (stream.again, stream.small)
    replies = (
        outcome.reply
        for outcome in (outcome_of(evidence), *beside)
        if isinstance(outcome, Answered)
    )
    counted = (reply.octets for reply in replies if isinstance(reply, ConnectedMute))
    return tuple(octets for octets in counted if isinstance(octets, AnswerOctets))


def end_of_octets(evidence: FlowEvidence, mechanism: Mechanism | None) -> Claim | None:
    """The segment of the path in which octets are reset or vanish, None where none is known.

    mechanism  what it amounts to; None for a reset or a drop, as it was met
    """
    stream = failing_stream(evidence)
    if stream is None:
        return None
    claim = _reset_before_host(evidence, stream.octets)
    if claim is None and not met_loss(evidence):
        claim = _vanished(evidence, stream.octets)
    if claim is None or mechanism is None:
        return claim
    return replace(claim, mechanism=mechanism)


def carrier_of_octets(evidence: FlowEvidence) -> Address | None:
    """The last router that told of octets to this very port that expired there, None without.

    Where others were served it says nothing of those that were not.
    """
    stream = failing_stream(evidence)
    if stream is None or met_loss(evidence):
        return None
    expired = (last_expiry(ladder) for ladder in _own(evidence, stream.octets))
    return next((hop.sender for hop in expired if hop is not None), None)


def is_met_at_host(evidence: FlowEvidence, kind: type[Reset] | type[Acknowledged]) -> bool:
    """True if octets drew this first where the host itself is, with the host's own hop limit."""
    stream, genuine = evidence.stream, host_hop(evidence)
    if isinstance(stream, NotChecked) or genuine is None:
        return False
    named = _named_at_host(evidence, stream.octets)
    return (
        named is not None
        and isinstance(named.reply, kind)
        and named.distance == genuine.distance
        and received_hop_limit(named.reply) == genuine_hop_limit(evidence)
    )


def conversation_packets(evidence: FlowEvidence) -> tuple[int, ...]:
    """The capture numbers of the check's own attempt and of all that was asked beside it."""
    stream = evidence.stream
    if isinstance(stream, NotChecked):
        return packets_of([outcome_of(evidence)])
    asked = (stream.again, stream.small, stream.other_name)
    outcomes = [item for item in asked if not isinstance(item, NotChecked)]
    packets = {*packets_of([outcome_of(evidence), *outcomes]), *ladder_packets(stream.octets)}
    return tuple(sorted(packets))


def _named_at_host(evidence: FlowEvidence, octets: Sequence[Ladder]) -> Hop | None:
    host = evidence.flow.destination
    named = (first_in_name_of(ladder, host) for ladder in octets)
    return next((hop for hop in named if hop is not None), None)


def _own(evidence: FlowEvidence, octets: Sequence[Ladder]) -> tuple[Ladder, ...]:
    """Those to the very port: what stops one port of a host need not be what stops another."""
    flow = evidence.flow
    return tuple(
        ladder
        for ladder in octets
        if (ladder.flow.destination, ladder.flow.destination_port)
        == (flow.destination, flow.destination_port)
    )


def _standing_named(evidence: FlowEvidence, octets: Sequence[Ladder]) -> Hop | None:
    """What octets to others that fail alike drew first, one for all where all agree.

    The reset that the flow itself met arrived with the same hop limit.
    """
    named = [first_in_name_of(ladder, ladder.flow.destination) for ladder in octets]
    known = [hop for hop in named if hop is not None]
    own = reply_of(evidence)
    if len(known) < max(WALKS_THAT_STAND, len(named)) or own is None:
        return None
    drawn = {
        (hop.distance, hop.reply.hop_limit) for hop in known if isinstance(hop.reply, Reset)
    }
    return known[0] if drawn == {(known[0].distance, received_hop_limit(own))} else None


def _reset_before_host(evidence: FlowEvidence, octets: Sequence[Ladder]) -> Claim | None:
    own = _named_at_host(evidence, _own(evidence, octets))
    named = own or _standing_named(evidence, octets)
    genuine = host_hop(evidence)
    if named is None or genuine is None or not isinstance(named.reply, Reset):
        return None
    own_limit, arrived = genuine_hop_limit(evidence), named.reply.hop_limit
    is_short = named.distance < genuine.distance
    if not is_short and (own_limit is None or arrived <= own_limit):
        return None
    return made_before(evidence, octets, named, told=(arrived, is_short))


def _vanished(evidence: FlowEvidence, octets: Sequence[Ladder]) -> Claim | None:
    reaches = [_reach(ladder) for ladder in octets]
    known = [reach for reach in reaches if reach is not None]
    if not known or len(known) < len(reaches) or len({reached for reached, _ in known}) > 1:
        return None
    if not _own(evidence, octets) and len(known) < WALKS_THAT_STAND:
        return None
    reached, after = known[0]
    beyond = _router_beyond(evidence, reached)
    if beyond is None:
        return None
    return between(after, beyond, Mechanism.SILENT_DROP)


def _reach(ladder: Ladder) -> tuple[int, Locus] | None:
    """How far octets came, and who told so, where those sent farther drew nothing at all."""
    if first_in_name_of(ladder, ladder.flow.destination) is not None:
        return None
    reach = last_expiry(ladder)
    reached = 0 if reach is None else reach.distance
    farther = hop_at(ladder, reached + 1)
    if farther is None or not farther.tries:
        return None
    return reached, Landmark.EDGE if reach is None else reach.sender


def _router_beyond(evidence: FlowEvidence, reached: int) -> Address | None:
    controls = [control.ladder for control in comparable_controls(evidence)]
    routers = (next_router(ladder, reached) for ladder in (*ladders_of(evidence), *controls))
    return next((router for router in routers if router is not None), None)
