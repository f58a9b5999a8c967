"""A filter of a router on the path: silent, refusing, or resetting in the host's name."""

from dataclasses import dataclass
from random import Random

from edgediag.lab.scenario import Truth
from tests.lab.drawn import segments
from tests.lab.drawn.faults import Fault, load
from tests.lab.drawn.matches import Match, Way, draw_match, touched
from tests.lab.drawn.networks import FOUR, Network
from tests.lab.drawn.nft_extras import mix
from tests.lab.drawn.nft_rules import chain, table
from tests.lab.drawn.nft_words import spell
from tests.lab.drawn.segments import HOPS, Box, Path, draw_path

# Of every packet of the tool's that a router forwards, on either way.
_EXTRAS = {
    Way.OUT: ("meta length < 1400", "meta mark 0", "ct direction original"),
    Way.BACK: ("meta length < 1600", "meta mark 0", "ct state established,related"),
}
_REFUSALS = {
    "ip": (
        "icmp type admin-prohibited",
        "icmp type host-prohibited",
        "icmp type net-prohibited",
        "icmp type net-unreachable",
        "icmp type port-unreachable",
    ),
    "ip6": ("icmpv6 type admin-prohibited", "icmpv6 type no-route", "icmpv6 type port-unreachable"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Where it hangs and what it does: "drop", or the words after "reject with".

    number  of the hop
    """

    number: int
    way: Way
    hook: str
    verdict: str

    @property
    def box(self) -> Box:
        """The same as what resets."""
        return Box(number=self.number, is_at_entrance=self.hook == "prerouting")


def draw(dice: Random, network: Network = FOUR) -> Fault:
    """A rule of one router for one match; `segments` says what one end can tell of it.

    A filter before routing is at the router's entrance, one in forwarding or behind it has let what
    expires be answered first. On the way back it meets the answers of the flow, which routers do
    not send.
    """
    match = draw_match(dice, network.rows)
    path = draw_path(dice)
    found = _draw_filter(dice, match, network)
    words = spell(dice, match, network, found.way)
    extras = dice.sample(_EXTRAS[found.way], dice.choice((0, 0, 1)))
    text = f"{mix(dice, words.conditions, extras)} {_verdict(found)}"
    # What is tracked bears its connection from -200 on.
    number = dice.choice((-150, 0) if found.hook == "prerouting" else (-5, 0, 10))
    head = f"type filter hook {found.hook} priority {number};"
    hop = HOPS[found.number]
    script = table(f"{network.family} filtering", *words.sets, chain("through", head, text))
    return Fault(
        steps=(*path.steps(), *load(hop, script)),
        truth=_truth(found, path, touched(match, network.rows)),
        says=f"{hop} {found.hook}: {text}; silent: {' '.join(sorted(path.hidden)) or 'none'}",
        hidden=path.hidden,
    )


def _draw_filter(dice: Random, match: Match, network: Network) -> Filter:
    number = dice.randrange(len(HOPS))
    way = dice.choice((*(Way.OUT,) * 4, Way.BACK))
    hook = dice.choice((*("forward",) * 3, "prerouting", "postrouting"))
    if hook == "prerouting" and HOPS[number] == "cpe":
        # The site's own router is this node's gateway, which no segment lies before.
        hook = "forward"
    verdict = dice.choice((*("drop",) * 4, "refuse", "tcp reset"))
    if way is Way.BACK or hook == "postrouting":
        verdict = "drop"
    if verdict == "tcp reset" and not (match.protocol == "tcp" and match.ports):
        verdict = "drop"
    if verdict == "refuse":
        verdict = dice.choice(_REFUSALS[network.family])
    return Filter(number=number, way=way, hook=hook, verdict=verdict)


def _verdict(found: Filter) -> str:
    return "drop" if found.verdict == "drop" else f"reject with {found.verdict}"


def _truth(found: Filter, path: Path, affected: tuple[str, ...]) -> Truth:
    if found.way is Way.BACK:
        return segments.lost_on_the_way_back(path, affected)
    if found.verdict == "tcp reset":
        return segments.reset(path, found.box, affected)
    if found.verdict != "drop":
        word = "admin-prohibited" if "prohibited" in found.verdict else "icmp-unreachable"
        return segments.refused(HOPS[found.number], word, affected)
    return segments.lost(path, found.number - found.box.is_at_entrance, affected)
