"""What the walks of a flow and of its controls show."""

from collections.abc import Iterable

from edgediag.inference.origin import Origin, origin_of
from edgediag.locate.near import is_same_network
from edgediag.meaning import received_hop_limit
from edgediag.model.evidence import Control, FlowEvidence, Relation
from edgediag.model.flow import Address
from edgediag.model.host import Link, Neighbour, NeighbourState
from edgediag.model.path import Hop, Ladder
from edgediag.model.route import Route
from edgediag.model.verdict import Landmark, Locus
from edgediag.path import first_in_name_of, is_expiry, last_expiry, shares_hops


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
    version = evidence.flow.destination.version
    serving = [item for item in evidence.surroundings.gateways if item.version == version]
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


def router_before(evidence: FlowEvidence, distance: int) -> Address | None:
    """The router that answered at a distance, by the own ladder or by a control's."""
    ladders = [*ladders_of(evidence), *(control.ladder for control in evidence.controls)]
    for ladder in ladders:
        for hop in ladder.hops:
            is_router = hop.sender is not None and hop.sender != ladder.flow.destination
            if hop.distance == distance and is_router:
                return hop.sender
    return None


def ladder_packets(ladders: Iterable[Ladder]) -> tuple[int, ...]:
    """The capture numbers of all packets of some ladders, ascending."""
    hops = [hop for ladder in ladders for hop in ladder.hops]
    return tuple(sorted({number for hop in hops for number in hop.packets}))
