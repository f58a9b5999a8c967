"""The rules of this host that give a flow another address."""

from edgediag.model.answer import NotChecked
from edgediag.model.evidence import FlowEvidence
from edgediag.model.explained import End, RuleObject


def translator_of(evidence: FlowEvidence, end: End) -> RuleObject | None:
    """The one rule that rewrites an end of the flow whichever way it takes, None without one."""
    if isinstance(evidence.explained, NotChecked):
        return None
    found = [item.rule for item in evidence.explained.translations if item.end is end]
    return found[0] if len(found) == 1 else None
