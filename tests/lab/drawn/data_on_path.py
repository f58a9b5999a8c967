"""Connections that stand and whose data a router drops or resets, on the way out or back."""

from dataclasses import dataclass
from random import Random

from edgediag.lab.scenario import Truth
from tests.lab.drawn import segments
from tests.lab.drawn.faults import Fault, load
from tests.lab.drawn.matches import Way, draw_service, touched
from tests.lab.drawn.networks import FOUR, Network
from tests.lab.drawn.nft_rules import chain, table
from tests.lab.drawn.nft_words import family_alone, spell_service
from tests.lab.drawn.segments import HOPS, Box, Path, draw_path

_BY_LENGTH = "length"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Filter:
    family: str
    number: int
    path: Path
    rule: str
    hook: str


def draw_out(dice: Random, network: Network = FOUR) -> Fault:
    """A router that drops the data of a client, or resets connections by them.

    Data are walked as a SYN is, on a connection that the kernel holds, so the segments are those of
    any other filter. Data that nobody acknowledges and no longer packet that came through speak
    for a limit of sizes as well, where the rule looks at lengths.
    """
    match = draw_service(dice, network.rows, "tcp")
    verdict = dice.choice(("drop", "drop", "reject with tcp reset"))
    of_four = () if network.is_second else ("ip length 200-1500",)
    by = dice.choice(("meta length > 150", "tcp flags & psh == psh", *of_four))
    found = _draw_filter(dice, network, f"{spell_service(match, network, Way.OUT)} {by} {verdict}")
    more = ("pmtu-blackhole",) if _BY_LENGTH in by else ()
    affected = touched(match, network.rows)
    box = Box(number=found.number, is_at_entrance=found.hook == "prerouting")
    truth = (
        segments.lost(found.path, box.number - box.is_at_entrance, affected, more)
        if verdict == "drop"
        else segments.reset(found.path, box, affected, ("sni-filter",))
    )
    return _fault(found, truth)


def draw_back(dice: Random, network: Network = FOUR) -> Fault:
    """A router that drops a server's data.

    The client's data are acknowledged. The server's next number tells that it has answered: what
    it sent is lost on the way, or by what stands before the server. No router tells where.
    """
    match = draw_service(dice, network.rows, "tcp")
    by = dice.choice(("meta length > 200", "tcp flags & psh == psh"))
    found = _draw_filter(dice, network, f"{spell_service(match, network, Way.BACK)} {by} drop")
    more = ("pmtu-blackhole",) if _BY_LENGTH in by else ()
    truth = segments.lost_on_the_way_back(found.path, touched(match, network.rows), more)
    return _fault(found, truth)


def _draw_filter(dice: Random, network: Network, rule: str) -> _Filter:
    number = dice.randrange(len(HOPS))
    hook = "forward" if number == 0 else dice.choice(("forward", "forward", "prerouting"))
    return _Filter(
        family=family_alone(network), number=number, path=draw_path(dice), rule=rule, hook=hook
    )


def _fault(found: _Filter, truth: Truth) -> Fault:
    head = f"type filter hook {found.hook} priority 0;"
    script = table(f"{found.family} filtering", chain("through", head, found.rule))
    hop, hidden = HOPS[found.number], found.path.hidden
    return Fault(
        steps=(*found.path.steps(), *load(hop, script)),
        truth=truth,
        says=f"{hop} {found.hook}: {found.rule}; silent: {' '.join(sorted(hidden)) or 'none'}",
        hidden=hidden,
    )
