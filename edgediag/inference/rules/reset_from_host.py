"""A reset that the destination itself sent."""

from edgediag.inference.claim import LOST_OUTSIDE, at_destination, finding, one_of
from edgediag.inference.ladders import after_of, first_named_hop, genuine_hop_limit, host_hop
from edgediag.inference.reading import outcome_of, packets_of
from edgediag.meaning import distance, has_left
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.outcome import Answered
from edgediag.model.reply import Reset
from edgediag.model.verdict import Certainty, Claim, Finding, Mechanism

ID = "reset-from-host"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """The destination refuses the connection: nothing listens, or its own firewall resets.

    Holds because   the reset comes only at a hop limit that reaches the host and arrives with the
                    hop limit that the host's own packets have; without a control, its distance by
                    hop limit is the distance at which it was drawn
    Does not hold   where the two disagree: then path and host stay possible. A box at the host's
                    own distance looks alike, so the place is bounded and not proven
    Asks for        the ladder, a control to the same host
    """
    outcome = outcome_of(evidence)
    if not isinstance(outcome, Answered) or not isinstance(outcome.reply, Reset):
        return None
    if not has_left(outcome):
        return None
    claim = _claim(evidence, outcome.reply)
    flow = evidence.flow
    text = (
        f"{flow.destination} resets connections to port {flow.destination_port}; the reset arrives "
        f"with hop limit {outcome.reply.hop_limit}"
    )
    remedy = (
        f"is the service on {flow.destination} port {flow.destination_port} running, and does that "
        "host's firewall let this node in?"
    )
    return finding(ID, evidence, claim, (text, remedy, packets_of([outcome])))


def _claim(evidence: FlowEvidence, reset: Reset) -> Claim:
    named, genuine = first_named_hop(evidence), host_hop(evidence)
    if genuine is not None:
        is_host = reset.hop_limit == genuine_hop_limit(evidence)
        is_host = is_host and (named is None or named.distance == genuine.distance)
    else:
        is_host = named is not None and distance(reset.hop_limit) == named.distance
    if is_host:
        return at_destination(after_of(evidence), Mechanism.REFUSED, Certainty.BOUNDED)
    return one_of(LOST_OUTSIDE, after_of(evidence), Mechanism.RESET)
