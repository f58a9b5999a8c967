"""What the same question, put another way, says of this host's own choices."""

from edgediag.checked import is_heard
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import PolicyRuleObject, RouteObject
from edgediag.model.evidence import Altered, Alternative, FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.route import Route

# linux/rtnetlink.h: RT_TABLE_DEFAULT and RT_TABLE_MAIN, which every lookup comes to in the end.
_ORDINARY_TABLES = (253, 254)


def answered_otherwise(evidence: FlowEvidence, change: Altered) -> Alternative | None:
    """The first question with this one thing changed that the destination itself answered."""
    if isinstance(evidence.alternatives, NotChecked):
        return None
    heard = (
        item
        for item in evidence.alternatives
        if item.change is change and is_heard(item.outcome)
    )
    return next(heard, None)


def was_put(evidence: FlowEvidence, change: Altered) -> bool:
    """True if the question was put with this one thing changed, whatever came of it."""
    if isinstance(evidence.alternatives, NotChecked):
        return False
    return any(item.change is change for item in evidence.alternatives)


def route_object(route: Route) -> RouteObject:
    """The route that decided, as a culprit."""
    return RouteObject(type_="unicast", prefix=route.prefix, table=route.table)


def way_object(route: Route, host: HostState) -> RouteObject | PolicyRuleObject | None:
    """What made the kernel take a route: itself, or the one policy rule that leads to its table.

    None where several rules lead there, or none that is known.
    """
    if route.table in _ORDINARY_TABLES:
        return route_object(route)
    if isinstance(host.rules, NotChecked):
        return None
    leading = [
        rule for rule in host.rules if rule.action == "lookup" and rule.table == route.table
    ]
    if len(leading) != 1:
        return None
    return PolicyRuleObject(priority=leading[0].priority, text=leading[0].text)
