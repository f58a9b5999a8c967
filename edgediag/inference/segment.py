"""Between which hops something was made that bears the destination's name."""

from collections.abc import Sequence

from edgediag.inference.claim import between, made_at
from edgediag.inference.ladders import router_before
from edgediag.meaning import distance, received_hop_limit
from edgediag.model.evidence import FlowEvidence
from edgediag.model.path import Hop, Ladder
from edgediag.model.reply import IcmpReply
from edgediag.model.verdict import Claim, Landmark, Locus, Mechanism
from edgediag.path import MAX_HOPS, hop_at


def made_before(
    evidence: FlowEvidence, ladders: Sequence[Ladder], named: Hop, *, told: tuple[int, bool]
) -> Claim:
    """The segment in which a reset in the destination's name was made.

    ladders  on which `named` is the first hop whose limit draws it
    told     the hop limit with which it arrives, and whether `named` falls short of the host
    """
    reset, is_short = told
    # The router before, if its own errors arrive with the reset's hop limit, is the one; a box that
    # sets the hop limit at will is only known to lie within two hops.
    before = named.distance - 1
    maker = error_at(ladders, before)
    after = nearest_to(evidence, before - 1)
    if maker is not None and received_hop_limit(maker) == reset:
        # At the last hop no probe falls short of the host: the hop limit alone tells, and may lie.
        shape = made_at if is_short else between
        return shape(after, maker.sender, Mechanism.FORGED_RESET)
    if distance(reset) == named.distance:
        # Not that router's forwarding but a box one hop on, which answers before the hop limit.
        return between(
            nearest_to(evidence, before),
            nearest_from(evidence, named.distance),
            Mechanism.FORGED_RESET,
        )
    if distance(reset) < named.distance:
        near = distance(reset)
        return between(
            nearest_to(evidence, near - 1), nearest_from(evidence, near), Mechanism.FORGED_RESET
        )
    return between(after, nearest_from(evidence, named.distance), Mechanism.FORGED_RESET)


def nearest_to(evidence: FlowEvidence, distance_: int) -> Locus:
    """The router at a distance, or the nearest before it that told anything: no later place."""
    told = (router_before(evidence, each) for each in range(distance_, 0, -1))
    return next((router for router in told if router is not None), Landmark.EDGE)


def nearest_from(evidence: FlowEvidence, distance_: int) -> Locus:
    """The router at a distance, or the nearest beyond it that told anything: no earlier place."""
    if distance_ < 1:
        return Landmark.EDGE
    told = (router_before(evidence, each) for each in range(distance_, MAX_HOPS + 1))
    return next((router for router in told if router is not None), Landmark.HOST)


def error_at(ladders: Sequence[Ladder], distance_: int) -> IcmpReply | None:
    """What a router at a distance said to a probe of one of these ladders."""
    for ladder in ladders:
        hop = hop_at(ladder, distance_)
        if hop is not None and isinstance(hop.reply, IcmpReply):
            return hop.reply
    return None
