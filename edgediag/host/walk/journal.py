"""What one walk has been told so far, and each visit of the packet to the rule that is watched."""

from dataclasses import dataclass
from typing import Final

from edgediag.host.netfilter.chains import ChainName
from edgediag.host.netfilter.rule import FilterRule
from edgediag.host.walk.needs import Answer, Need
from edgediag.host.walk.parcel import Parcel
from edgediag.host.walk.rule_machine import Evaluated


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a packet meets a rule.

    number  of the rule in its chain, from 1
    depth   the jumps that led here
    """

    hook: str
    chain: ChainName
    rule: FilterRule
    number: int
    depth: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A packet as it came to a rule, and what the rule made of it.

    doubts  what would have to turn out so that it came here
    """

    place: Place
    parcel: Parcel
    doubts: tuple[str, ...]
    evaluated: Evaluated


# Each chain bounds its courses; chains that jump to one another multiply them.
_MOST_FORKS: Final = 2048


class Journal:
    """Answers are kept for the whole walk, and so is every visit to the rule that is watched.

    watched  its chain with its number or handle, None for no rule
    """

    def __init__(self, watched: "Watched | None" = None) -> None:
        self.answers: dict[Need, Answer] = {}
        self.visits: list[Visit] = []
        self.is_chain_met = False
        self._watched = watched
        self._forks_left = _MOST_FORKS

    def begin(self) -> None:
        """Forget everything: the walk is made again, for the rules have changed."""
        self.answers.clear()
        self.visits.clear()
        self.is_chain_met = False
        self._forks_left = _MOST_FORKS

    def may_fork(self) -> bool:
        """Whether one more rule may send a packet two ways in this walk."""
        self._forks_left -= 1
        return self._forks_left >= 0

    def is_watched(self, chain: ChainName) -> bool:
        """Whether the rule that is watched is in the chain: then every rule is visited."""
        return self._watched is not None and self._watched.chain == chain

    def note(self, visit: Visit) -> None:
        """Keep a visit to the rule that is watched, and whether its chain is met at all."""
        if self._watched is None or not self.is_watched(visit.place.chain):
            return
        self.is_chain_met = True
        if self._watched.is_at(visit.place):
            self.visits.append(visit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """One rule by the name that its own tool gives it.

    number  from 1, None where the handle names it
    handle  None where the number names it
    """

    chain: ChainName
    number: int | None
    handle: int | None

    def is_at(self, place: Place) -> bool:
        """Whether the rule at a place is this one."""
        is_named = place.number == self.number or place.rule.handle == self.handle
        return place.chain == self.chain and is_named
