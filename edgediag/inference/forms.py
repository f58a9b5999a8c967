"""What the rules read out of a question that was asked in other forms."""

from edgediag.inference.claim import between, lost_outside, one_of
from edgediag.inference.ladders import ladder_packets
from edgediag.inference.reading import met_loss, packets_of
from edgediag.meaning import has_come_back, is_gone, is_rewritten, is_service
from edgediag.model.answer import NotChecked
from edgediag.model.evidence import FlowEvidence
from edgediag.model.flow import Address
from edgediag.model.host import HostState
from edgediag.model.outcome import Answered, SendFailed, Unanswered
from edgediag.model.path import Ladder
from edgediag.model.variation import Change, Variation
from edgediag.model.verdict import Claim, Landmark, Locus, Mechanism
from edgediag.path import first_in_name_of, hop_at, is_expiry, last_expiry

TUNNEL_PORT_NOTE = (
    "answered from port 4500, from which the tunnel asks; from another port nothing came back"
)


def varied(evidence: FlowEvidence, change: Change) -> tuple[Variation, ...]:
    """The forms of one change that were tried, none where nobody looked."""
    if isinstance(evidence.variations, NotChecked):
        return ()
    return tuple(item for item in evidence.variations if item.change is change)


def is_served(variation: Variation) -> bool:
    """True if a service that works answered the form."""
    return any(
        isinstance(outcome, Answered) and is_service(outcome.reply)
        for outcome in variation.attempts
    )


def is_served_as_the_tunnel_asks(evidence: FlowEvidence) -> bool:
    """True if the tunnel's own source port is answered where another stays silent.

    The other was silent also when it was asked alone, and nothing in the run was lost at times: so
    a filter tells the ports apart, or they take paths of their own, and the tunnel's is good.
    """
    is_silent = isinstance(evidence.confirmation, Unanswered)
    if not is_silent or met_loss(evidence):
        return False
    return any(map(is_served, varied(evidence, Change.SOURCE_PORT)))


def is_form_lost(variation: Variation) -> bool:
    """True if the form left this host, was walked, and nothing answered however often it was asked.

    What the host answers on the walk is an answer; a hop that was not asked is not silent. A driver
    that takes no packet of the form, after the tap saw it, says as much as silence on the walk.
    """
    ladder = variation.ladder
    if not isinstance(ladder, Ladder) or not isinstance(variation.control, Ladder):
        return False
    attempts = variation.attempts
    is_silent = not any(isinstance(item, Answered) or has_come_back(item) for item in attempts)
    has_gone = not attempts or any(map(is_gone, attempts))
    # What is answered to a flow of this host's own making comes back on that one.
    if any(map(is_rewritten, attempts)):
        return False
    behind = hop_at(ladder, reached(variation) + 1)
    is_unasked = behind is not None and not behind.tries
    if is_unasked and not any(isinstance(item, SendFailed) for item in attempts):
        return False
    return is_silent and has_gone and first_in_name_of(ladder, ladder.flow.destination) is None


def reached(variation: Variation) -> int:
    """The distance of the farthest router that said that the form expired there, 0 for none."""
    hop = last_expiry(variation.ladder) if isinstance(variation.ladder, Ladder) else None
    return 0 if hop is None else hop.distance


def router_beyond(variation: Variation) -> Address | None:
    """The next router that the unchanged form reached and the changed one did not."""
    if not isinstance(variation.control, Ladder):
        return None
    hops = variation.control.hops
    beyond = (hop.sender for hop in hops if hop.distance > reached(variation) and is_expiry(hop))
    return next(beyond, None)


def last_reached(variation: Variation) -> Locus:
    """Who said that the form came to it, the farthest; this node where nobody did."""
    if not isinstance(variation.ladder, Ladder):
        return Landmark.EDGE
    hop = hop_at(variation.ladder, reached(variation))
    return Landmark.EDGE if hop is None or hop.sender is None else hop.sender


def where_lost(variation: Variation, mechanism: Mechanism, host: HostState) -> Claim:
    """The segment in which the form is lost and the unchanged one is not."""
    beyond = router_beyond(variation)
    if beyond is None:
        return one_of(lost_outside(host), last_reached(variation), mechanism)
    return between(last_reached(variation), beyond, mechanism)


def packets_of_form(variation: Variation) -> tuple[int, ...]:
    """The capture numbers of all packets of a form and of its control, ascending."""
    ladders = [item for item in (variation.ladder, variation.control) if isinstance(item, Ladder)]
    return tuple(sorted({*packets_of(variation.attempts), *ladder_packets(ladders)}))
