"""One rule of nft on the edge node, in any chain that its packets pass."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from tests.lab.drawn.faults import Fault, comment, load, mechanisms, nft_rule, proven_here
from tests.lab.drawn.matches import Match, Way, draw_match, touched
from tests.lab.drawn.networks import FOUR, Network
from tests.lab.drawn.nft_extras import draw_extras, mix
from tests.lab.drawn.nft_words import Words, spell, spell_map

TABLE = "guard"
_PRIORITIES = (-310, -300, -150, -10, 0, 1, 50, 100, 225)
_REFUSING_HOOKS = ("input", "output", "prerouting")
# Rules that no check meets.
_BYSTANDERS = (
    "tcp dport 2222 drop",
    "udp dport 7777 counter drop",
    "ip daddr 10.1.1.1 drop",
    "counter",
    "tcp dport 8081 accept",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a chain hangs; `priority` is None for a device's, whose number says nothing."""

    family: str
    way: Way
    hook: str
    number: int

    @property
    def priority(self) -> int | None:
        """The number, where it stands in the order of the network's own hooks."""
        return None if self.family == "netdev" else self.number

    @property
    def head(self) -> str:
        """The first line of the chain."""
        device = ' device "eth0"' if self.family == "netdev" else ""
        return f"type filter hook {self.hook}{device} priority {self.number}; policy accept;"


def draw(dice: Random, network: Network = FOUR) -> Fault:
    """A drop or a reject by one rule.

    Every packet that the match finds meets the rule: what stands before it finds none of them, an
    accept of another chain is not final, and conditions beside the match hold of all. So exactly
    the checks of the match fail, by this rule.
    """
    match = draw_match(dice, network.rows)
    place = _draw_place(dice, network)
    words, verdict = _draw_rule(dice, match, network, place)
    text = " ".join(words.conditions)
    rule = f'{text} {verdict} comment "{comment(TABLE)}"'
    chain_, script = _script(dice, place, rule, words)
    return Fault(
        steps=load("edge", script),
        truth=proven_here(
            mechanisms(verdict, text),
            touched(match, network.rows),
            nft_rule(place.family, TABLE, chain_),
        ),
        says=f"nft {place.family} {place.hook} {place.number}: {rule}",
    )


def _draw_rule(
    dice: Random, match: Match, network: Network, place: Place
) -> tuple[Words, str]:
    """Conditions, and what is done then; a map gives its verdict where it is looked up."""
    is_map = bool(match.port) and dice.random() < 0.12
    words = (spell_map if is_map else spell)(dice, match, network, place.way)
    extras = draw_extras(
        dice, network, place.way, protocol=match.protocol, priority=place.priority
    )
    if network.is_second and place.priority is None:
        # A chain of a device meets both versions, and ports alone do not tell them apart.
        extras = ("meta protocol ip6", *extras)
    if is_map:
        # What stands behind it would not be asked.
        return replace(words, conditions=(*extras, *words.conditions)), ""
    mixed = (mix(dice, words.conditions, extras), *dice.choice(((), ("counter",))))
    return replace(words, conditions=mixed), _draw_verdict(dice, place, match)


def _draw_place(dice: Random, network: Network) -> Place:
    way = dice.choice((Way.OUT, Way.OUT, Way.BACK))
    if dice.random() < 0.12:
        hook = "egress" if way is Way.OUT else "ingress"
        return Place(family="netdev", way=way, hook=hook, number=dice.choice((-5, 0, 500)))
    hooks = {
        Way.OUT: ("output", "output", "postrouting"),
        Way.BACK: ("input", "prerouting"),
    }
    # A table of both versions finds the first one's packets by port as well.
    families = ("ip6",) if network.is_second else ("ip", "inet")
    return Place(
        family=dice.choice(families),
        way=way,
        hook=dice.choice(hooks[way]),
        number=dice.choice(_PRIORITIES),
    )


def _draw_verdict(dice: Random, place: Place, match: Match) -> str:
    if place.hook not in _REFUSING_HOOKS or dice.random() < 0.65:
        return "drop"
    words = {
        "ip": ("icmp type admin-prohibited", "icmp type host-unreachable"),
        "ip6": ("icmpv6 type admin-prohibited", "icmpv6 type no-route"),
        "inet": ("icmpx type admin-prohibited", "icmpx type host-unreachable"),
    }
    choice = ["reject", *(f"reject with {word}" for word in words[place.family])]
    if match.protocol == "tcp" and match.ports:
        choice.append("reject with tcp reset")
    return dice.choice(choice)


def _script(dice: Random, place: Place, rule: str, words: Words) -> tuple[str, str]:
    """The name of the chain that the rule is in, and the ruleset."""
    before, after = (_bystanders(dice, place, most) for most in (2, 1))
    rules = (*before, rule, *after)
    other = ""
    if place.family != "netdev" and dice.random() < 0.3:
        head = f"type filter hook {place.hook} priority {place.number - 1}; policy accept;"
        other = table("inet other", chain("accepts", head, "accept"))
    if dice.random() < 0.3:
        way = dice.choice(("jump", "goto"))
        chains = (
            chain("inner", *rules),
            chain("base", place.head, *_bystanders(dice, place, 1), f"{way} inner"),
        )
        return "inner", table(f"{place.family} {TABLE}", *words.sets, *chains) + other
    base = chain("base", place.head, *rules)
    return "base", table(f"{place.family} {TABLE}", *words.sets, base) + other


def _bystanders(dice: Random, place: Place, most: int) -> Sequence[str]:
    choice = [words for words in _BYSTANDERS if place.family != "ip6" or "ip " not in words]
    return dice.sample(choice, dice.randrange(most + 1))


def chain(name: str, *lines: str) -> str:
    """A chain of an nft script."""
    return "\n        ".join((f"chain {name} {{", *lines)) + "\n    }"


def table(name: str, *parts: str) -> str:
    """A table of an nft script; its name comes with its family."""
    return "\n    ".join((f"table {name} {{", *parts)) + "\n}\n"
