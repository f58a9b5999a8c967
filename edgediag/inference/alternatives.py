"""What the same question, put another way, says of this host's own choices."""

from edgediag.checked import is_heard
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import RouteObject
from edgediag.model.evidence import Alternative, Change, FlowEvidence
from edgediag.model.host import Route


def answered_otherwise(evidence: FlowEvidence, change: Change) -> Alternative | None:
    """The first question with this one thing changed that the destination itself answered."""
    if isinstance(evidence.alternatives, NotChecked):
        return None
    heard = (
        item
        for item in evidence.alternatives
        if item.change is change and is_heard(item.outcome)
    )
    return next(heard, None)


def route_object(route: Route) -> RouteObject:
    """The route that decided, as a culprit."""
    return RouteObject(type_="unicast", prefix=route.prefix, table=route.table)
