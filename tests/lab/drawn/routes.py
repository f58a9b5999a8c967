"""Routes and policy rules of the edge node that refuse to send."""

from collections.abc import Sequence
from random import Random

from edgediag.lab.scenario import Culprit
from tests.lab.drawn.faults import Fault, proven_here, run
from tests.lab.drawn.matches import Match, draw_match, network_around, touched
from tests.lab.drawn.networks import FOUR, Network

_MECHANISMS = {
    "blackhole": "blackhole-route",
    "unreachable": "unreachable-route",
    "prohibit": "prohibit-route",
}
MAIN, OTHER, PRIORITY = 254, 77, 90


def draw(dice: Random, network: Network = FOUR) -> Fault:
    """A route or a policy rule of a refusing type.

    The longest prefix wins, and lower priorities are asked first, so that every packet of the match
    is refused with the type's own error, and no other is.
    """
    return dice.choice((_route, _rule))(dice, network)


def _route(dice: Random, network: Network) -> Fault:
    """Such a route in the main table, or in one that a rule asks before it."""
    row = dice.choice(network.rows)
    wide = network_around(dice, row)
    host = f"{row.address}/{'128' if network.is_second else '32'}"
    prefix, type_ = dice.choice((host, host, wide)), dice.choice(tuple(_MECHANISMS))
    table = dice.choice((MAIN, OTHER))
    steps = [run(*network.ip, "route", "add", type_, prefix, "table", str(table))]
    asked = _draw_selector(dice, network, prefix) if table == OTHER else ()
    if table == OTHER:
        rule = ("rule", "add", "priority", str(PRIORITY), *asked, "lookup", str(OTHER))
        steps.append(run(*network.ip, *rule))
    culprit: Culprit = {"kind": "route", "type": type_, "prefix": prefix, "table": table}
    found = touched(Match(prefix=prefix), network.rows)
    return Fault(
        steps=tuple(steps),
        truth=proven_here((_MECHANISMS[type_],), found, culprit),
        says=f"route {type_} {prefix} in table {table}, asked for {' '.join(asked) or 'all'}",
    )


def _draw_selector(dice: Random, network: Network, prefix: str) -> tuple[str, ...]:
    """What holds of all that this node sends there."""
    choice: list[tuple[str, ...]] = [(), ("to", prefix), ("fwmark", "0"), ("iif", "lo")]
    return dice.choice([*choice, *_sources(network, network.site)])


def _sources(network: Network, prefix: str) -> Sequence[tuple[str, ...]]:
    """A rule on this node's source, which IPv4 alone asks once it has chosen one.

    In IPv6 a socket that is not bound to an address takes the first way that it finds without one
    (ip6_dst_lookup_tail), so that nothing fails by such a rule.
    """
    return () if network.is_second else (("from", prefix),)


def _rule(dice: Random, network: Network) -> Fault:
    match = draw_match(dice, network.rows)
    type_ = dice.choice(tuple(_MECHANISMS))
    words = ["priority", str(PRIORITY)]
    if match.prefix:
        words += ["to", match.prefix]
    if match.protocol:
        words += ["ipproto", match.protocol]
    if match.ports:
        words += ["dport", match.span("-")]
    extras: list[tuple[str, ...]] = [(), ("uidrange", "0-0"), ("iif", "lo")]
    words += [*dice.choice([*extras, *_sources(network, network.edge)]), type_]
    return Fault(
        steps=(run(*network.ip, "rule", "add", *words),),
        truth=proven_here(
            (_MECHANISMS[type_],),
            touched(match, network.rows),
            {"kind": "ip-rule", "priority": PRIORITY},
        ),
        says=f"rule {' '.join(words)}",
    )
