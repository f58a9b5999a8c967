"""A rule that stands too far ahead, so that a chain of Raven's is never asked."""

from edgediag.inference.claim import on_this_host
from edgediag.inference.fault import Fault
from edgediag.inference.packet_rules import rule_words
from edgediag.model.answer import NotChecked
from edgediag.model.explained import RuleObject
from edgediag.model.verdict import Mechanism

# Pods of other sites are reached over IPv4 alone.
_VERSION = 4


def overtaken(
    ahead: tuple[RuleObject, ...] | NotChecked, said: tuple[str, str], remedy: str
) -> Fault | None:
    """The fault of the first rule that stands ahead, None where none does or nobody looked.

    said  what becomes of the packets, and what the rule does so that it does
    """
    if isinstance(ahead, NotChecked) or not ahead:
        return None
    rule = ahead[0]
    outcome, deed = said
    return Fault(
        claim=on_this_host(Mechanism.RAVEN_NOT_READY, rule),
        text=f"{outcome}: {rule_words(rule, _VERSION)} {deed}",
        remedy=remedy,
    )
