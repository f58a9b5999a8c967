"""What the rules read out of the evidence of a flow; no rule looks at raw fields twice."""

from collections.abc import Iterable
from dataclasses import dataclass

from edgediag.inference.origin import Origin, origin_of
from edgediag.locate.near import is_same_network
from edgediag.meaning import (
    decisive,
    has_come_back,
    has_left,
    is_answered_well,
    is_refused,
    is_service,
    received_hop_limit,
)
from edgediag.model.answer import NotChecked
from edgediag.model.endpoint import ProbeKind
from edgediag.model.evidence import Control, FlowEvidence, Kin, Relation
from edgediag.model.flow import Address
from edgediag.model.host import Link, Neighbour, NeighbourState, Route
from edgediag.model.outcome import Answered, Outcome, Unanswered
from edgediag.model.packet import Sighting
from edgediag.model.path import Hop, Ladder
from edgediag.model.reply import DnsReply, IcmpReply, Reply
from edgediag.model.verdict import Landmark, Locus
from edgediag.names import addresses_in
from edgediag.path import first_in_name_of, is_expiry, last_expiry, shares_hops

# RCODE (RFC 1035 §4.1.1).
_NXDOMAIN = 3
_RCODES = {1: "FORMERR", 2: "SERVFAIL", 4: "NOTIMP", 5: "REFUSED"}


def outcome_of(evidence: FlowEvidence) -> Outcome:
    """What an application would have met."""
    return decisive(evidence.attempts)


def reply_of(evidence: FlowEvidence) -> Reply | None:
    """The decisive attempt's reply, None for silence or a refused send."""
    outcome = outcome_of(evidence)
    return outcome.reply if isinstance(outcome, Answered) else None


def is_unresolved(neighbour: Neighbour | NotChecked) -> bool:
    """True if packets wait for a link-layer address that nobody tells."""
    if isinstance(neighbour, NotChecked):
        return False
    return neighbour.state in (NeighbourState.INCOMPLETE, NeighbourState.FAILED)


def is_held_up(evidence: FlowEvidence) -> bool:
    """True if the packet may still wait for a link-layer address or for a carrier.

    What keeps it then may be the other end's fault, and no drop of this host.
    """
    is_without_carrier = isinstance(evidence.link, Link) and not evidence.link.has_carrier
    return is_unresolved(evidence.neighbour) or is_without_carrier


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """An ICMP error that the flow drew.

    rtt_s    from the probe that drew it
    kin      the check whose walk drew it in this one's stead, "" for the flow itself
    packets  capture numbers, ascending
    """

    reply: IcmpReply
    rtt_s: float
    kin: str
    packets: tuple[int, ...]


def icmp_of(evidence: FlowEvidence) -> Drawn | None:
    """The first ICMP error that the flow drew: an attempt, else a rung that had not just expired.

    Routers limit their errors, so a flow that drew none may draw one when it is asked again, alone,
    or have kin that did.
    """
    confirmation = evidence.confirmation
    again = () if isinstance(confirmation, NotChecked) else (confirmation,)
    attempts = (*evidence.attempts, *again)
    own = _from_attempts(attempts, "") or _from_ladder(evidence.ladder, "")
    if own is not None:
        return own
    drawn = (_from_kin(kin) for kin in evidence.kin)
    return next((item for item in drawn if item is not None), None)


def _from_kin(kin: Kin) -> Drawn | None:
    # What its own destination says of itself says nothing of another one.
    drawn = _from_attempts(kin.attempts, kin.check) or _from_ladder(kin.ladder, kin.check)
    if drawn is None or drawn.reply.sender == kin.ladder.flow.destination:
        return None
    return drawn


def _from_attempts(attempts: Iterable[Outcome], kin: str) -> Drawn | None:
    for outcome in attempts:
        if isinstance(outcome, Answered) and isinstance(outcome.reply, IcmpReply):
            return Drawn(
                reply=outcome.reply, rtt_s=outcome.rtt_s, kin=kin, packets=packets_of([outcome])
            )
    return None


def _from_ladder(ladder: Ladder | NotChecked, kin: str) -> Drawn | None:
    for hop in ladder.hops if isinstance(ladder, Ladder) else ():
        if isinstance(hop.reply, IcmpReply) and not is_expiry(hop):
            return Drawn(reply=hop.reply, rtt_s=hop.rtt_s or 0.0, kin=kin, packets=hop.packets)
    return None


def is_own_service(evidence: FlowEvidence) -> bool:
    """True if the flow is meant to stay on this host: loopback, or a resolver at an own address.

    Any other destination that the kernel takes for its own is a mistake of routing.
    """
    if evidence.flow.destination.is_loopback:
        return True
    is_query = evidence.attempts[0].probe.kind is ProbeKind.DNS
    return is_query and isinstance(evidence.route, Route) and evidence.route.is_local


def is_lost(evidence: FlowEvidence) -> bool:
    """True if the probe left this host and nothing at all came back to it."""
    outcome = outcome_of(evidence)
    return (
        isinstance(outcome, Unanswered) and has_left(outcome) and not has_come_back(outcome)
    )


def is_intermittent(evidence: FlowEvidence) -> bool:
    """True if the destination served the flow after all: another attempt, the walk, or alone.

    Of kin that were walked in this one's stead the same holds.
    """
    confirmation = evidence.confirmation
    if isinstance(confirmation, NotChecked) and evidence.surroundings.is_lossy:
        # It was not asked alone, and others that were silent were served when they were.
        return True
    again = () if isinstance(confirmation, NotChecked) else (confirmation,)
    kin = [outcome for item in evidence.kin for outcome in item.attempts]
    if any(map(is_answered_well, (*evidence.attempts, *again, *kin))):
        return True
    if any(seen.sighting is Sighting.LATE for item in evidence.attempts for seen in item.seen):
        return True
    named = [first_in_name_of(ladder, ladder.flow.destination) for ladder in ladders_of(evidence)]
    return any(hop is not None and hop.reply and is_service(hop.reply) for hop in named)


def is_silent(evidence: FlowEvidence) -> bool:
    """True if the probe left this host and nothing came back, however often it was asked.

    Beside another port of the host that was refused it may be the sender of errors that is silent.
    """
    if any(map(is_refused, _beside(evidence))):
        return False
    return is_lost(evidence) and not is_intermittent(evidence)


def _beside(evidence: FlowEvidence) -> tuple[Outcome, ...]:
    here = evidence.flow.destination
    beside = [kin for kin in evidence.kin if kin.ladder.flow.destination == here]
    return tuple(outcome for kin in beside for outcome in kin.attempts)


def ladders_of(evidence: FlowEvidence) -> tuple[Ladder, ...]:
    """The flow's own ladder, or those of its kin where it was not walked itself."""
    if isinstance(evidence.ladder, Ladder):
        return (evidence.ladder,)
    return tuple(kin.ladder for kin in evidence.kin)


def reach_of(evidence: FlowEvidence) -> Hop | None:
    """The farthest hop proven to have carried the probe; of several ladders the nearest such."""
    hops = [last_expiry(ladder) for ladder in ladders_of(evidence)]
    known = [hop for hop in hops if hop is not None]
    if len(known) < len(hops):
        return None
    return min(known, key=lambda hop: hop.distance, default=None)


def distance_reached(evidence: FlowEvidence) -> int:
    """The distance of `reach_of`, 0 where not even the first hop answered."""
    hop = reach_of(evidence)
    return 0 if hop is None else hop.distance


def is_next_hop_doubtful(evidence: FlowEvidence) -> bool:
    """True if not even the first hop answered and its link-layer address was not confirmed lately.

    Frames may then go to an address that nobody has, which is this host's own fault.
    """
    neighbour = evidence.neighbour
    is_confirmed = (
        isinstance(neighbour, Neighbour) and neighbour.state is NeighbourState.REACHABLE
    )
    if not ladders_of(evidence) or distance_reached(evidence):
        return False
    return not is_confirmed or is_way_doubtful(evidence)


def is_way_doubtful(evidence: FlowEvidence) -> bool:
    """True if not even the first hop answered, on a way by which nothing else came.

    By a bridge, which may lead to pods alone, or by a next hop of its own while others serve.
    """
    if distance_reached(evidence) or not isinstance(evidence.route, Route):
        return False
    is_bridge = isinstance(evidence.link, Link) and evidence.link.kind == "bridge"
    serving = evidence.surroundings.gateways
    return is_bridge or (bool(serving) and evidence.route.gateway not in serving)


def after_of(evidence: FlowEvidence) -> Locus:
    """The locus of `reach_of`: an address, or this node."""
    hop = reach_of(evidence)
    return Landmark.EDGE if hop is None or hop.sender is None else hop.sender


def same_host_controls(evidence: FlowEvidence) -> tuple[Control, ...]:
    """The controls that the destination itself answered: another port of it, or its echo."""
    return tuple(
        control
        for control in evidence.controls
        if control.is_answered
        and control.relation in (Relation.SAME_HOST, Relation.ECHO)
        and control.ladder.flow.destination == evidence.flow.destination
    )


def answered_controls(evidence: FlowEvidence, *, is_near: bool) -> tuple[Control, ...]:
    """The controls to other hosts that were answered and met the same hops up to the flow's reach.

    is_near  those to the destination's own network, or those to other networks
    """
    reached = distance_reached(evidence)
    return tuple(
        control
        for control in evidence.controls
        if control.is_answered
        and control.relation is Relation.OTHER_HOST
        and is_same_network(control.ladder.flow.destination, evidence.flow.destination) is is_near
        and all(shares_hops(ladder, control.ladder, reached) for ladder in ladders_of(evidence))
    )


def comparable_controls(evidence: FlowEvidence) -> tuple[Control, ...]:
    """The controls whose path must be the flow's own: to the same host, then to its neighbours."""
    return same_host_controls(evidence) + answered_controls(evidence, is_near=True)


def next_router(ladder: Ladder, reached: int) -> Address | None:
    """The first router beyond a distance that answered on a ladder."""
    beyond = (hop.sender for hop in ladder.hops if hop.distance > reached and is_expiry(hop))
    return next(beyond, None)


def host_hop(evidence: FlowEvidence) -> Hop | None:
    """Where a control met the destination: the genuine distance and hop limit."""
    for control in same_host_controls(evidence):
        hop = first_in_name_of(control.ladder, evidence.flow.destination)
        if hop is not None:
            return hop
    return None


def genuine_hop_limit(evidence: FlowEvidence) -> int | None:
    """The hop limit with which the destination's own packets arrive, None if no control tells."""
    hop = host_hop(evidence)
    return None if hop is None or hop.reply is None else received_hop_limit(hop.reply)


def first_named_hop(evidence: FlowEvidence) -> Hop | None:
    """The nearest hop of the own ladder that answered in the destination's name."""
    for ladder in ladders_of(evidence):
        hop = first_in_name_of(ladder, evidence.flow.destination)
        if hop is not None:
            return hop
    return None


def answer_origin(evidence: FlowEvidence) -> Origin | None:
    """Who made the answers of the flow, None where it was not walked itself."""
    if not isinstance(evidence.ladder, Ladder):
        return None
    controls = (control.ladder for control in same_host_controls(evidence))
    return origin_of(evidence.ladder, controls)


def nobody_of(evidence: FlowEvidence) -> tuple[Outcome, ...]:
    """What a name server said of names that nobody has; none where it was not asked."""
    server = evidence.name_server
    return () if isinstance(server, NotChecked) else server.nobody


def said_of_names(outcome: Outcome, nobody: Iterable[Outcome]) -> str:
    """What an answer says of the name asked for, and with it of names that nobody has."""
    reply = outcome.reply if isinstance(outcome, Answered) else None
    if not isinstance(reply, DnsReply):
        return "says nothing"
    name = outcome.probe.name
    strange = [item for item in nobody if addresses_in(item)]
    if strange:
        given = ", ".join(map(str, addresses_in(strange[0])))
        return f"gives {given} to {strange[0].probe.name} as well, a name that nobody has"
    if reply.rcode == _NXDOMAIN:
        return f"says that {name} does not exist"
    if reply.rcode:
        rcode = _RCODES.get(reply.rcode, f"rcode {reply.rcode}")
        return f"says {rcode}: there is somebody who answers, and he cannot resolve"
    return f"knows {name} and gives it no address"


def packets_of(outcomes: Iterable[Outcome]) -> tuple[int, ...]:
    """The capture numbers of all packets of some outcomes, ascending."""
    return tuple(sorted({seen.number for outcome in outcomes for seen in outcome.seen}))


def ladder_packets(ladders: Iterable[Ladder]) -> tuple[int, ...]:
    """The capture numbers of all packets of some ladders, ascending."""
    hops = [hop for ladder in ladders for hop in ladder.hops]
    return tuple(sorted({number for hop in hops for number in hop.packets}))


def router_before(evidence: FlowEvidence, distance: int) -> Address | None:
    """The router that answered at a distance, by the own ladder or by a control's."""
    ladders = [*ladders_of(evidence), *(control.ladder for control in evidence.controls)]
    for ladder in ladders:
        for hop in ladder.hops:
            is_router = hop.sender is not None and hop.sender != ladder.flow.destination
            if hop.distance == distance and is_router:
                return hop.sender
    return None
