"""The kernel has no way for the flow."""

from edgediag.inference.claim import finding, on_this_host
from edgediag.inference.reading import outcome_of
from edgediag.model.culprit import PolicyRuleObject, RouteObject
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.outcome import Answered
from edgediag.model.route import RouteRefused
from edgediag.model.verdict import Finding, Mechanism

ID = "route-refused"

_MISSING = "missing: "

# What RTM_GETROUTE and connect() say for each kind of route (net/ipv4/fib_semantics.c, fib_props).
_MECHANISMS = {
    "ENETUNREACH": Mechanism.NO_ROUTE,
    "EINVAL": Mechanism.BLACKHOLE_ROUTE,
    "EACCES": Mechanism.PROHIBIT_ROUTE,
    "EHOSTUNREACH": Mechanism.UNREACHABLE_ROUTE,
}


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """The routing of this host refuses the flow.

    Holds because   the kernel's own route lookup, with the flow's attributes, answers an errno
    Does not hold   a flow that was answered had a route when it was sent
    Asks for        the route answer
    """
    route = evidence.route
    if not isinstance(route, RouteRefused) or isinstance(outcome_of(evidence), Answered):
        return None
    mechanism = _MECHANISMS.get(route.errno_name)
    if _is_unreachable_rule(route.culprit):
        mechanism = Mechanism.UNREACHABLE_ROUTE
    if mechanism is None:
        return None
    version = evidence.flow.destination.version
    text = (
        f"the kernel refuses a route to {evidence.flow.destination} with {route.errno_name}"
        f"{_named(route.culprit, version)}"
    )
    claim = on_this_host(mechanism, route.culprit)
    return finding(ID, evidence, claim, (text, _remedy(route.culprit, version), ()))


def _is_unreachable_rule(culprit: RouteObject | PolicyRuleObject | None) -> bool:
    # A rule of this kind says ENETUNREACH, as a missing route does (fib_rules.c, fib4_rule_action).
    return isinstance(culprit, PolicyRuleObject) and culprit.text.endswith(" unreachable")


def _named(culprit: RouteObject | PolicyRuleObject | None, version: int) -> str:
    match culprit:
        case RouteObject(type_="missing"):
            whose = " of IPv6" if version == 6 else ""
            return f": table {culprit.table} has no {culprit.prefix} route{whose}"
        case RouteObject():
            return f": {culprit.type_} route {culprit.prefix} in table {culprit.table}"
        case PolicyRuleObject(text=text) if text.startswith(_MISSING):
            return f": no policy rule looks table main up, which has a default route ({text})"
        case PolicyRuleObject():
            return f": policy rule {culprit.priority} ({culprit.text})"
        case None:
            return ""


def _remedy(culprit: RouteObject | PolicyRuleObject | None, version: int) -> str:
    ip = "ip -6" if version == 6 else "ip"
    match culprit:
        case RouteObject(type_="missing"):
            return f"restore the route: {ip} route add default via GATEWAY dev UPLINK"
        case RouteObject():
            return f"{ip} route del {culprit.type_} {culprit.prefix} table {culprit.table}"
        case PolicyRuleObject(text=text) if text.startswith(_MISSING):
            selector = text.removeprefix(_MISSING)
            return f"restore the rule: {ip} rule add priority {culprit.priority} {selector}"
        case PolicyRuleObject():
            return f"{ip} rule del priority {culprit.priority}, if nobody needs it"
        case None:
            return f"look at {ip} rule and {ip} route show table all for what refuses it"
