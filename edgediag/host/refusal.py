"""Which object makes the kernel refuse a flow: a policy rule, a route, or none where one should be.

The kernel asks its rules in order; the first rule with an action of its own, or the first
table whose longest prefix is a route that refuses, decides (net/core/fib_rules.c
fib_rules_lookup). A table without an answer, and a `throw` route, send it on to the next rule.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from edgediag.host import routes, rules
from edgediag.host.routes import RouteKey, RouteMessage
from edgediag.host.rule_text import rule_text
from edgediag.host.rules import Rule
from edgediag.model.culprit import PolicyRuleObject, RouteObject
from edgediag.model.flow import Address

# An unreachable rule and an unreachable route differ: net/ipv4/fib_rules.c fib4_rule_action,
# net/ipv4/fib_semantics.c fib_props; IPv6 has the same pairs.
RULE_ERRORS: Final = {
    rules.BLACKHOLE: "EINVAL",
    rules.UNREACHABLE: "ENETUNREACH",
    rules.PROHIBIT: "EACCES",
}
ROUTE_ERRORS: Final = {
    routes.BLACKHOLE: "EINVAL",
    routes.UNREACHABLE: "EHOSTUNREACH",
    routes.PROHIBIT: "EACCES",
}
_MAIN_TABLE: Final = 254

# As the kernel itself makes it (net/ipv4/fib_rules.c, fib_default_rules_init).
MAIN_RULE: Final = PolicyRuleObject(priority=32766, text="missing: from all lookup main")

Culprit: TypeAlias = RouteObject | PolicyRuleObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecided:
    """It cannot be told which object decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoesOn:
    """This rule had no answer."""


_Step: TypeAlias = Culprit | Undecided | GoesOn


def refusing_route_type(errno_name: str) -> int | None:
    """The one type of route that refuses with this errno, None where no route does."""
    types = [type_ for type_, name in ROUTE_ERRORS.items() if name == errno_name]
    return types[0] if types else None


def find_culprit(
    errno_name: str,
    key: RouteKey,
    *,
    policy: Sequence[Rule],
    refusing: Sequence[RouteMessage],
) -> Culprit | None:
    """The object that refused the flow with this errno, or None where it cannot be told.

    policy    the rules in the kernel's order
    refusing  the routes of the errno's type and the throw routes, of every table
    """
    covering = [route for route in refusing if routes.covers(route, key.flow.destination)]
    skip_below = 0
    for rule in policy:
        if rule.priority < skip_below:
            continue
        match rules.covers(rule, key):
            case None:
                return None
            case False:
                continue
            case True if rule.action == rules.GOTO:
                skip_below = rule.goto
            case True:
                step = _ask(rule, errno_name, covering)
                if not isinstance(step, GoesOn):
                    return None if isinstance(step, Undecided) else step
    return _missing_route() if errno_name == "ENETUNREACH" else None


def is_main_asked(key: RouteKey, policy: Sequence[Rule]) -> bool:
    """Whether any rule may look the flow up in table main; one that cannot be told counts.

    A `goto` counts as well: what it jumps over is not followed here.
    """
    return any(
        rule.action == rules.GOTO or (rule.action == rules.LOOKUP and rule.table == _MAIN_TABLE)
        for rule in policy
        if rules.covers(rule, key) is not False
    )


def throwing(key: RouteKey, refusing: Sequence[RouteMessage]) -> RouteMessage | None:
    """The one throw route that holds the destination, or None where there is none or several."""
    found = [
        route
        for route in refusing
        if route.type_ == routes.THROW and routes.covers(route, key.flow.destination)
    ]
    return found[0] if len(found) == 1 else None


def beside(route: RouteMessage) -> Address | None:
    """An address that differs from the route's prefix in its last bit; None for a default."""
    if not route.length:
        return None
    shift = route.destination.max_prefixlen - route.length
    return type(route.destination)(int(route.destination) ^ 1 << shift)


def _ask(rule: Rule, errno_name: str, covering: Sequence[RouteMessage]) -> _Step:
    if rule.action in RULE_ERRORS:
        if RULE_ERRORS[rule.action] != errno_name:
            return Undecided()
        return PolicyRuleObject(priority=rule.priority, text=rule_text(rule))
    if rule.action != rules.LOOKUP:
        return GoesOn()
    found = [route for route in covering if route.table == rule.table]
    is_suppressing = max(rule.suppress_prefix_length, rule.suppress_group) >= 0
    return _longest(found, is_suppressing=is_suppressing)


def _longest(found: Sequence[RouteMessage], *, is_suppressing: bool) -> _Step:
    if not found:
        return GoesOn()
    length = max(route.length for route in found)
    types = {route.type_ for route in found if route.length == length}
    if types == {routes.THROW}:
        return GoesOn()
    # A longer unicast route may have been found and suppressed: the kernel never met this one.
    if routes.THROW in types or is_suppressing:
        return Undecided()
    (longest, *_) = (route for route in found if route.length == length)
    name = routes.TYPE_NAMES[longest.type_]
    return RouteObject(type_=name, prefix=longest.prefix, table=longest.table)


def _missing_route() -> RouteObject:
    return RouteObject(type_="missing", prefix="default", table=_MAIN_TABLE)
