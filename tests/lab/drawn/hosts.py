"""A firewall of the cloud's hosts themselves."""

from collections.abc import Sequence
from random import Random

from edgediag.lab.scenario import Truth
from tests.lab.drawn import segments
from tests.lab.drawn.faults import Fault, load
from tests.lab.drawn.matches import Match, Way, draw_match, touched
from tests.lab.drawn.networks import FOUR, Network
from tests.lab.drawn.nft_rules import chain, table
from tests.lab.drawn.nft_words import spell
from tests.lab.drawn.segments import HOPS, Path, draw_path

_REFUSALS = {
    "ip": ("icmp type admin-prohibited", "icmp type host-prohibited", "icmp type port-unreachable"),
    "ip6": ("icmpv6 type admin-prohibited", "icmpv6 type port-unreachable"),
}
_HOOKS = {Way.OUT: ("input", "prerouting"), Way.BACK: ("output", "postrouting")}


def draw(dice: Random, network: Network = FOUR) -> Fault:
    """A rule of the hosts for one match: silent, refusing by ICMP, or resetting.

    Silence is the last mile's picture. An ICMP error bears the host's own address and quotes the
    packet, so it came there: that the host refuses is proven. A reset comes from the host's
    distance, as of a closed port, and a box as far away would look alike.
    """
    match = draw_match(dice, network.rows)
    path = draw_path(dice)
    way = dice.choice((Way.OUT, Way.OUT, Way.OUT, Way.BACK))
    verdict = _draw_verdict(dice, match, network) if way is Way.OUT else "drop"
    words = spell(dice, match, network, way)
    # A host that refuses has taken the packet in.
    hook = dice.choice(_HOOKS[way]) if verdict == "drop" else "input"
    rule = f"{' '.join(words.conditions)} {verdict}"
    head = f"type filter hook {hook} priority 0;"
    script = table(f"{network.family} firewall", *words.sets, chain("base", head, rule))
    return Fault(
        steps=(*path.steps(), *load("cloud", script)),
        truth=_truth(verdict, path, touched(match, network.rows)),
        says=f"cloud {hook}: {rule}; silent: {' '.join(sorted(path.hidden)) or 'none'}",
        hidden=path.hidden,
    )


def _draw_verdict(dice: Random, match: Match, network: Network) -> str:
    choice = ["drop", f"reject with {dice.choice(_REFUSALS[network.family])}"]
    if match.protocol == "tcp" and match.ports:
        choice.append("reject with tcp reset")
    return dice.choice(choice)


def _truth(verdict: str, path: Path, affected: Sequence[str]) -> Truth:
    if verdict == "drop":
        return segments.lost(path, len(HOPS) - 1, affected)
    words = {
        "reset": ("refused",),
        "prohibited": ("admin-prohibited",),
        "unreachable": ("icmp-unreachable", "refused"),
    }
    return Truth(
        where=("remote",),
        certainty="bounded" if verdict.endswith("reset") else "proven",
        after=path.last(len(HOPS) - 1),
        upto="host",
        mechanism=next(found for end, found in words.items() if verdict.endswith(end)),
        affected=tuple(affected),
        culprit={},
    )
