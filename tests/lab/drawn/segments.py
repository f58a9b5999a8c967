"""What one end can say of a fault on the path, where some routers tell of no packet's end."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from edgediag.lab.scenario import Truth
from edgediag.lab.steps import Step
from tests.lab.drawn.faults import load
from tests.lab.drawn.nft_rules import chain, table

HOPS = ("cpe", "isp1", "isp2", "border")
_SILENT = ("silent-drop", "return-path")


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """The routers in their order, less those that tell of nothing."""

    hidden: frozenset[str]

    def last(self, most: int) -> str:
        """The farthest that speaks up to a number, -1 for none of them; or this node."""
        return next((hop for hop in HOPS[: most + 1][::-1] if hop not in self.hidden), "edge")

    def next(self, least: int) -> str:
        """The nearest that speaks from a number on, or the host."""
        return next((hop for hop in HOPS[least:] if hop not in self.hidden), "host")

    def steps(self) -> tuple[Step, ...]:
        """They send no Time Exceeded, in either version."""
        head = "type filter hook output priority 0;"
        types = ("icmp type time-exceeded drop", "icmpv6 type time-exceeded drop")
        script = table("inet no_expiry", chain("out", head, *types))
        return tuple(step for hop in sorted(self.hidden) for step in load(hop, script))


def draw_path(dice: Random) -> Path:
    """One router in three stories is silent, or two of them."""
    hidden = dice.sample(HOPS, dice.choice((1, 1, 1, 1, 2))) if dice.random() < 0.35 else ()
    return Path(hidden=frozenset(hidden))


def lost(path: Path, after: int, affected: Sequence[str], more: Sequence[str] = ()) -> Truth:
    """The truth of packets that are lost behind the hop of a number, -1 for this node.

    Linux looks at the hop limit before its forward filter, so a filter in hop k answers what
    expires there (rule 2): `after` is k, and k - 1 of a filter at its entrance. `upto` is the next
    router that a working flow meets. With none left, the last router, the host's own filter and
    the way back are one picture (the last mile of chapter 3), of two kinds of place.

    more  mechanisms beside the silent drop
    """
    upto = path.next(after + 1)
    is_last_mile = upto == "host"
    return Truth(
        where=("on-path", "remote") if is_last_mile else ("on-path",),
        certainty="ambiguous" if is_last_mile else "bounded",
        after=path.last(after),
        upto=upto,
        mechanism=(*(_SILENT if is_last_mile else _SILENT[:1]), *more),
        affected=tuple(affected),
        culprit={},
    )


def lost_on_the_way_back(path: Path, affected: Sequence[str], more: Sequence[str] = ()) -> Truth:
    """The truth of answers that a router drops, whichever: everything came as far as the host.

    A walk is answered by all routers that speak, because what it draws is ICMP and no answer of
    the flow's. It is the last mile's picture.
    """
    return lost(path, len(HOPS) - 1, affected, more)


def refused(hop: str, mechanism: str, affected: Sequence[str]) -> Truth:
    """The truth of an ICMP error by the router's own hand: its source is the router (rule 5)."""
    return Truth(
        where=("on-path",),
        certainty="proven",
        after=hop,
        upto=hop,
        mechanism=(mechanism,),
        affected=tuple(affected),
        culprit={},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """What resets connections: the hop's number, and whether it does so before it routes."""

    number: int
    is_at_entrance: bool


def reset(path: Path, box: Box, affected: Sequence[str], more: Sequence[str] = ()) -> Truth:
    """The truth of a reset in the host's name.

    What expires at this router it tells of, what would come one hop farther draws the reset: the
    answer in the host's name is made on the path, and there (rule 3); that routers before it are
    silent takes nothing from it. Where it is silent itself a segment is left. At the last router
    no question tells the router from the host: there the reset's own hop limit speaks, which a box
    may choose (rule 4).
    A router that resets before it looks at the hop limit is no other picture than a box on the
    cable before it.
    """
    number = box.number
    is_last = number == len(HOPS) - 1
    is_proven = not (is_last or box.is_at_entrance or HOPS[number] in path.hidden)
    return Truth(
        where=("on-path",),
        certainty="proven" if is_proven else "bounded",
        after=path.last(number - 1),
        upto=path.next(number),
        mechanism=("forged-reset", *more),
        affected=tuple(affected),
        culprit={},
    )
