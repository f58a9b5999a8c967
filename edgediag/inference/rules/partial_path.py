"""One of several equal paths loses the flow."""

from collections.abc import Sequence

from edgediag.inference.claim import between, finding
from edgediag.inference.forms import (
    is_form_lost,
    is_served,
    last_reached,
    packets_of_form,
    router_beyond,
    varied,
)
from edgediag.meaning import is_answered_well
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.outcome import Answered, Outcome
from edgediag.model.variation import Change
from edgediag.model.verdict import Finding, Mechanism

ID = "partial-path"

# Of a limit on new connections, or of loss, no flow is served at the first try each time.
_SERVED_AT_ONCE = 2


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """Which flows pass follows from their source port alone.

    Holds because   of the same question from several source ports some are answered at the first
                    try and others never, though asked four times, once of it alone, and walked: the
                    walk of a lost one ends where that of a served one goes on. Loss and limits
                    spare no flow each time
    Does not hold   where a served flow needed more than one try; where the lost one comes to the
                    last router, as with a host that limits its clients
    Asks for        the question from other ports, the walk of a lost one beside a served one's
    """
    legs = varied(evidence, Change.LEG)
    lost = [item for item in legs if is_form_lost(item)]
    served = [*_own_served(evidence), *(item.attempts for item in legs if is_served(item))]
    if len(served) < _SERVED_AT_ONCE or not all(map(_is_served_at_once, served)) or not lost:
        return None
    count = len(served) + sum(not is_served(item) for item in legs)
    for variation in lost:
        beyond = router_beyond(variation)
        if beyond is None:
            continue
        text = (
            f"of {count} flows that differ in their source port {len(served)} are served at "
            f"once and {count - len(served)} never: one of several equal paths loses them, "
            f"where the others go on to {beyond}"
        )
        remedy = "ask whoever runs that part of the path which of its equal routes is broken"
        claim = between(last_reached(variation), beyond, Mechanism.ECMP_PARTIAL)
        return finding(ID, evidence, claim, (text, remedy, packets_of_form(variation)))
    return None


def _own_served(evidence: FlowEvidence) -> list[tuple[Outcome, ...]]:
    """The check's own flows that were served, each with what came of it."""
    return [(outcome,) for outcome in evidence.attempts if is_answered_well(outcome)]


def _is_served_at_once(outcomes: Sequence[Outcome]) -> bool:
    return all(isinstance(outcome, Answered) and outcome.tries == 1 for outcome in outcomes)
