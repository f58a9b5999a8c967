"""The object at fault, or met, as JSON."""

from edgediag.model.culprit import Culprit
from edgediag.report.values import JsonValue, to_json


def culprit_json(culprit: Culprit) -> JsonValue:
    """Its kind, then its fields."""
    values = to_json(culprit)
    assert isinstance(values, dict)
    # The field `type_` is called so only because Python has taken the name.
    named = {name.rstrip("_"): value for name, value in values.items() if name != "type"}
    return {"kind": culprit.KIND, **named}
