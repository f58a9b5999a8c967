"""A reset in the host's name that was made before the host."""

from edgediag.inference.claim import between, finding, made_at
from edgediag.inference.reading import (
    first_named_hop,
    genuine_hop_limit,
    host_hop,
    ladder_packets,
    ladders_of,
    outcome_of,
    packets_of,
    router_before,
)
from edgediag.meaning import distance, received_hop_limit
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.outcome import Answered
from edgediag.model.path import Hop
from edgediag.model.reply import IcmpReply, Reset
from edgediag.model.verdict import Claim, Finding, Landmark, Locus, Mechanism
from edgediag.path import hop_at

ID = "forged-reset"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """A box on the path resets the connection in the destination's name.

    Holds because   a hop limit that cannot reach the host draws the reset, or the reset arrives
                    with a greater hop limit than the host's own packets: it was made nearer. Linux
                    checks the hop limit before its forward filter, so the router whose own errors
                    arrive with the reset's hop limit is the one that made it
    Does not hold   without a control that met the host itself, or where distance and hop limit of
                    the reset are the host's own
    Asks for        the ladder, a control to the same host
    source          RFC 9293 §3.5.2 (resets carry no other mark of origin)
    """
    reset, genuine = _reset_limit(evidence), host_hop(evidence)
    named = first_named_hop(evidence)
    if reset is None or genuine is None or named is None or not isinstance(named.reply, Reset):
        return None
    own_limit = genuine_hop_limit(evidence)
    is_short = named.distance < genuine.distance
    is_nearer = own_limit is not None and reset > own_limit
    if not (is_short or is_nearer):
        return None
    claim = _segment(evidence, named, (reset, is_short))
    text = (
        f"a reset in the name of {evidence.flow.destination} comes at hop limit {named.distance} "
        f"and arrives with {reset}; the host itself is at {genuine.distance} and its packets "
        f"arrive with {own_limit}"
    )
    packets = packets_of([outcome_of(evidence)]) + ladder_packets(ladders_of(evidence))
    remedy = f"ask whoever runs the path between {_said(claim.after)} and {_said(claim.upto)}"
    return finding(ID, evidence, claim, (text, remedy, tuple(sorted(set(packets)))))


def _reset_limit(evidence: FlowEvidence) -> int | None:
    for attempt in evidence.attempts:
        if isinstance(attempt, Answered) and isinstance(attempt.reply, Reset):
            return attempt.reply.hop_limit
    return None


def _segment(evidence: FlowEvidence, named: Hop, told: tuple[int, bool]) -> Claim:
    reset, is_short = told
    # The router before, if its own errors arrive with the reset's hop limit, is the one; a box that
    # sets the hop limit at will is only known to lie within two hops.
    before = named.distance - 1
    maker = _expiry_at(evidence, before)
    after = _locus(evidence, before - 1)
    if maker is not None and received_hop_limit(maker) == reset:
        # At the last hop no probe falls short of the host: the hop limit alone tells, and may lie.
        shape = made_at if is_short else between
        return shape(after, maker.sender, Mechanism.FORGED_RESET)
    if distance(reset) == named.distance:
        # Not that router's forwarding but a box one hop on, which answers before the hop limit.
        return between(
            _locus(evidence, before), _locus(evidence, named.distance), Mechanism.FORGED_RESET
        )
    if distance(reset) < named.distance:
        near = distance(reset)
        return between(
            _locus(evidence, near - 1), _locus(evidence, near), Mechanism.FORGED_RESET
        )
    return between(after, _locus(evidence, named.distance), Mechanism.FORGED_RESET)


def _expiry_at(evidence: FlowEvidence, distance_: int) -> IcmpReply | None:
    for ladder in ladders_of(evidence):
        hop = hop_at(ladder, distance_)
        if hop is not None and isinstance(hop.reply, IcmpReply):
            return hop.reply
    return None


def _locus(evidence: FlowEvidence, distance_: int) -> Locus:
    if distance_ < 1:
        return Landmark.EDGE
    return router_before(evidence, distance_)


def _said(locus: Locus) -> str:
    return locus.value if isinstance(locus, Landmark) else str(locus or "an unknown hop")
