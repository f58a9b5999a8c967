"""Everything is dark behind a hop."""

from edgediag.inference.claim import ANYWHERE, between, finding, lost_outside, one_of
from edgediag.inference.kernel_word import support
from edgediag.inference.ladders import (
    after_of,
    answered_controls,
    comparable_controls,
    distance_reached,
    is_next_hop_doubtful,
    ladder_packets,
    ladders_of,
)
from edgediag.inference.reading import is_silent
from edgediag.locate.near import is_same_network
from edgediag.model.evidence import FlowEvidence
from edgediag.model.flow import Address
from edgediag.model.host import HostState
from edgediag.model.verdict import Claim, Finding, Landmark, Mechanism, Place

ID = "all-dark"

# A control must go so many hops beyond the last one reached before the silence of all routers there
# is strange: one silent router is common.
_HOPS_BEYOND = 2


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """Nothing of the destination's network, or nothing at all, answers behind a hop.

    Holds because   several destinations are silent at once, no router answers on the way to them
                    and none speaks, while either nothing else does, or a control to another network
                    passes the same hop: one broken segment, forward or return, explains it, and
                    that all hosts and all routers failed does not. How far the dark reaches cannot
                    be seen, so the segment ends at the host. What answers in the other IP version
                    took other routes, be it of the same hosts
    Does not hold   with a single destination (it may be down), or where the network has one that
                    answers. Where not even the first hop answers and its link-layer address was not
                    confirmed lately, this host stays possible; so it does with an XDP program on a
                    device, which may take the answers of all of them before any tap sees them.
                    Filters and programs of traffic control and of control groups may not: the tap
                    stands behind those that a probe meets, and before those that an answer meets
    Asks for        the ladder, the outcomes of all other checks, the neighbour entry, the XDP
                    programs of this host's devices
    """
    if not is_silent(evidence) or not ladders_of(evidence) or comparable_controls(evidence):
        return None
    silent, answering = _network(evidence)
    if answering or (_heard(evidence) and not _is_passed(evidence)):
        return None
    reached = distance_reached(evidence)
    text = (
        f"hop-limited probes are answered up to hop {reached} and by nothing behind it; all "
        f"{len(silent)} destinations tried there are silent"
    )
    places = lost_outside(host)
    if Place.LOCAL in places:
        text += "; an XDP program of this host could hide the answers from every tap"
        text += support(evidence, is_reply=True)
    claim = _claim(evidence, places, is_alone=len(silent) < 2)
    remedy = "ask whoever runs the path behind that hop; compare with a trace of a good day"
    return finding(ID, evidence, claim, (text, remedy, ladder_packets(ladders_of(evidence))))


def _network(evidence: FlowEvidence) -> tuple[tuple[Address, ...], tuple[Address, ...]]:
    around, here = evidence.surroundings, evidence.flow.destination
    if not _heard(evidence):
        return tuple(host for host in around.silent if host.version == here.version), ()
    return (
        tuple(host for host in around.silent if is_same_network(host, here)),
        tuple(host for host in around.answering if is_same_network(host, here)),
    )


def _heard(evidence: FlowEvidence) -> tuple[Address, ...]:
    """Who answers of the flow's own IP version: the other has routers and tables of its own."""
    version = evidence.flow.destination.version
    return tuple(host for host in evidence.surroundings.answering if host.version == version)


def _is_passed(evidence: FlowEvidence) -> bool:
    needed = distance_reached(evidence) + _HOPS_BEYOND
    return any(
        len(control.ladder.hops) >= needed
        for control in answered_controls(evidence, is_near=False)
    )


def _claim(evidence: FlowEvidence, places: tuple[Place, ...], *, is_alone: bool) -> Claim:
    after = after_of(evidence)
    if is_next_hop_doubtful(evidence):
        # Dropped on the way, or sent where nobody is: what happens to it is not known either.
        return one_of(ANYWHERE, None, None)
    if is_alone:
        return one_of(places, after, Mechanism.SILENT_DROP)
    if Place.LOCAL in places:
        return one_of((Place.LOCAL, Place.ON_PATH), after, Mechanism.SILENT_DROP)
    return between(after, Landmark.HOST, Mechanism.SILENT_DROP)
