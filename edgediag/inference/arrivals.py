"""What the rules of this host do with packets that others send to its ports."""

from typing import Final

from edgediag.inference.blocked_here import Said
from edgediag.inference.packet_rules import mechanism_of, removal, rule_words
from edgediag.model.answer import NotChecked
from edgediag.model.evidence import ListenerEvidence
from edgediag.model.explained import Disposition, Explained

ARRIVAL_RULE = "arrival-dropped"

_NOT_EVALUATED = "a listener is there; whether filters let others in was not evaluated"
_LET_IN = (
    "a listener is there and the rules of this node let its network in; whether packets come as "
    "far was not asked"
)

# Only networks of IPv4 are asked for so far (edgediag.stages.arrival).
_VERSION: Final = 4


def dropped_on_arrival(evidence: ListenerEvidence) -> Said | None:
    """What is said of a rule that keeps others from a port, None without one.

    Holds because   the rules of this host, followed for a new packet from any neighbour, come to
                    one rule or policy that ends it, whoever sends it and from whichever network
                    of this host it comes
    Does not hold   where some of them may be let in, as those of a second device: of two networks
                    nobody knows which is meant; or where the row is optional: a port that nobody
                    needs is rightly closed to others
    Asks for        the walk through the rules
    source          the matrix: what reaches the node through Raven comes from its host CIDR
    """
    explained = evidence.explained
    if isinstance(explained, NotChecked) or not evidence.target.is_required:
        return None
    if len(explained.deciders) != 1:
        return None
    rule = explained.deciders[0]
    port = f"{evidence.target.protocol.value} port {evidence.target.port}"
    is_reject = explained.disposition is Disposition.REJECTED
    verb = "rejects" if is_reject else "drops"
    text = f"{rule_words(rule, _VERSION)} {verb} what any node of the network sends to {port}"
    return text, removal(rule, _VERSION), (mechanism_of(rule, is_reject=is_reject), rule)


def note_on_arrival(evidence: ListenerEvidence) -> str:
    """What is known of a port with a listener that nothing is said against."""
    explained = evidence.explained
    if isinstance(explained, NotChecked):
        return _NOT_EVALUATED
    if explained.disposition is Disposition.PASSES:
        return _LET_IN
    return f"a listener is there; {_perhaps(explained)}"


def _perhaps(explained: Explained) -> str:
    if explained.deciders:
        rules = ", ".join(rule_words(rule, _VERSION) for rule in explained.deciders)
        return f"others of the network are kept out by {rules}"
    hung = ", ".join(explained.hangs_on) or "rules that are not read"
    return f"whether the rules of this node let its network in hangs on {hung}"
