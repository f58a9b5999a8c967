"""What idle mappings that were seen to live or to be forgotten say of a translator."""

from edgediag.model.answer import Answer
from edgediag.model.mapping import MappingLifetime


def bounds(mapping: MappingLifetime) -> tuple[float | None, float | None]:
    """How long an idle mapping lives: at least, and less than, in seconds; None where not known.

    A mapping that the gateway saw changed was forgotten: that proves the upper bound. Where one
    was, the translator does not give the same port again, and those of shorter idle times that were
    seen unchanged lived; without one, an unchanged port proves nothing.
    """
    gone = [trial.idle_s for trial in mapping.trials if trial.is_kept is Answer.NO]
    if not gone:
        return None, None
    less_than_s = min(gone)
    kept = [trial.idle_s for trial in mapping.trials if trial.is_kept is Answer.YES]
    return max((idle_s for idle_s in kept if idle_s < less_than_s), default=None), less_than_s


def in_words(mapping: MappingLifetime) -> str:
    """The same as a sentence."""
    at_least_s, less_than_s = bounds(mapping)
    if less_than_s is None:
        return f"not known: {mapping.reason}"
    if at_least_s is None:
        return f"less than {less_than_s:.1f} s, towards {mapping.gateway}"
    return f"{at_least_s:.1f} to {less_than_s:.1f} s, towards {mapping.gateway}"
