"""One chain of nft marks packets or connections, another drops what bears the mark."""

from random import Random

from tests.lab.drawn.faults import Fault, comment, load, mechanisms, nft_rule, proven_here
from tests.lab.drawn.matches import Way, draw_match, touched
from tests.lab.drawn.networks import FOUR, Network
from tests.lab.drawn.nft_rules import chain, table
from tests.lab.drawn.nft_words import spell

TABLE = "marked"
_HOOKS = {Way.OUT: ("output", "postrouting"), Way.BACK: ("prerouting", "input")}


def draw(dice: Random, network: Network = FOUR) -> Fault:
    """A rule that drops by a mark, and the rule before it that sets the mark.

    The mark is set in an earlier chain of the same packet's way, behind connection tracking, so the
    checks of the match fail. Other rules of other chains may read the mark as well: it is the rule
    that drops which is to blame.
    """
    way = dice.choice((Way.OUT, Way.BACK))
    match = draw_match(dice, network.rows)
    words = spell(dice, match, network, way)
    mark, value = dice.choice(("meta mark", "ct mark")), hex(dice.randrange(1, 0x10000))
    rule = f'{mark} {value} {dice.choice(("", "counter "))}drop comment "{comment(TABLE)}"'
    # A route may be chosen anew by the mark; without a rule for it, it is the same.
    type_ = dice.choice(("filter", "route")) if way is Way.OUT else "filter"
    first, last = _HOOKS[way]
    marks = " ".join((*words.conditions, f"{mark} set {value}"))
    head = f"type {type_} hook {first} priority -150; policy accept;"
    drops = f"type filter hook {dice.choice((first, last))} priority 10; policy accept;"
    family = dice.choice(("ip6",) if network.is_second else ("ip", "inet"))
    script = table(
        f"{family} {TABLE}", *words.sets, chain("marks", head, marks), chain("base", drops, rule)
    )
    return Fault(
        steps=load("edge", script),
        truth=proven_here(
            mechanisms("drop", ""), touched(match, network.rows), nft_rule(family, TABLE, "base")
        ),
        says=f"nft {family} {first}: {marks}; {drops} {rule}",
    )
