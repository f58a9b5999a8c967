"""A reset in the host's name that was made before the host."""

from edgediag.inference.claim import between, finding
from edgediag.inference.ladders import (
    first_named_hop,
    genuine_hop_limit,
    host_hop,
    ladder_packets,
    ladders_of,
    reach_of,
)
from edgediag.inference.reading import outcome_of, packets_of
from edgediag.inference.segment import made_before, nearest_from, nearest_to
from edgediag.inference.wording import locus_named
from edgediag.meaning import received_hop_limit
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.outcome import Answered
from edgediag.model.probe import Way
from edgediag.model.reply import Reset
from edgediag.model.verdict import Finding, Locus, Mechanism

ID = "forged-reset"

# Two resets whose hop limits differ by as much as those of the probes may come from two hosts that
# begin with 64 and 63, and hardly from two that differ by so much.
_STEPS_COPIED = 8


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """A box on the path resets the connection in the destination's name.

    Holds because   a hop limit that cannot reach the host draws the reset, or the reset arrives
                    with a greater hop limit than the host's own packets: it was made nearer. Linux
                    checks the hop limit before its forward filter, so the router whose own errors
                    arrive with the reset's hop limit is the one that made it. A reset whose hop
                    limit falls by as much as that of the probe is copied from it, as no host does:
                    then those to short probes die on their way back, and its maker is the last
                    router that told of an expiry or a box behind it
    Does not hold   where distance and hop limit of the reset are the host's own; without a control
                    that met the host itself unless the hop limit is copied
    Asks for        the ladder, a control to the same host
    source          RFC 9293 §3.5.2 (resets carry no other mark of origin)
    """
    copied = _copied(evidence)
    if copied is not None:
        return copied
    reset, genuine = _reset_limit(evidence), host_hop(evidence)
    named = first_named_hop(evidence)
    if reset is None or genuine is None or named is None or not isinstance(named.reply, Reset):
        return None
    own_limit = genuine_hop_limit(evidence)
    is_short = named.distance < genuine.distance
    is_nearer = own_limit is not None and reset > own_limit
    if not (is_short or is_nearer):
        return None
    claim = made_before(evidence, ladders_of(evidence), named, told=(reset, is_short))
    text = (
        f"a reset in the name of {evidence.flow.destination} comes at hop limit {named.distance} "
        f"and arrives with {reset}; the host itself is at {genuine.distance} and its packets "
        f"arrive with {own_limit}"
    )
    packets = packets_of([outcome_of(evidence)]) + ladder_packets(ladders_of(evidence))
    remedy = _remedy(claim.after, claim.upto)
    return finding(ID, evidence, claim, (text, remedy, tuple(sorted(set(packets)))))


def _copied(evidence: FlowEvidence) -> Finding | None:
    whole, named = _whole_reset(evidence), first_named_hop(evidence)
    if whole is None or named is None or not isinstance(named.reply, Reset):
        return None
    sent = whole.probe.hop_limit - named.distance
    arrived = _hop_limit(whole) - named.reply.hop_limit
    reach = reach_of(evidence)
    if sent < _STEPS_COPIED or sent != arrived or reach is None:
        return None
    after = nearest_to(evidence, reach.distance - 1)
    upto = nearest_from(evidence, reach.distance + 1)
    text = (
        f"a reset in the name of {evidence.flow.destination} arrives with {_hop_limit(whole)} for "
        f"a probe of hop limit {whole.probe.hop_limit} and with {named.reply.hop_limit} for one of "
        f"{named.distance}: it bears what was left of the probe's own hop limit, as no host's does"
    )
    packets = packets_of([whole]) + ladder_packets(ladders_of(evidence))
    remedy = _remedy(after, upto)
    claim = between(after, upto, Mechanism.FORGED_RESET)
    return finding(ID, evidence, claim, (text, remedy, tuple(sorted(set(packets)))))


def _remedy(after: Locus, upto: Locus) -> str:
    return f"ask whoever runs the path between {locus_named(after)} and {locus_named(upto)}"


def _whole_reset(evidence: FlowEvidence) -> Answered | None:
    # A packet of our own: of a socket's the hop limit is the kernel's to choose.
    for attempt in evidence.attempts:
        is_own = attempt.probe.way is not Way.SOCKET
        if is_own and isinstance(attempt, Answered) and isinstance(attempt.reply, Reset):
            return attempt
    return None


def _hop_limit(outcome: Answered) -> int:
    return received_hop_limit(outcome.reply) or 0


def _reset_limit(evidence: FlowEvidence) -> int | None:
    for attempt in evidence.attempts:
        if isinstance(attempt, Answered) and isinstance(attempt.reply, Reset):
            return attempt.reply.hop_limit
    return None
