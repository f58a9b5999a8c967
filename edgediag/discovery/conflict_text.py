"""A conflict between sources in one sentence."""

from edgediag.model.statement import Conflict


def conflict_text(conflict: Conflict) -> str:
    """Which value holds and which does not, each with its source."""
    kept, other = conflict.kept, conflict.other
    name = f"{kept.name} of {kept.node}" if kept.node else kept.name
    return f"{name}: {kept.value} holds ({kept.source}), not {other.value} ({other.source})"
