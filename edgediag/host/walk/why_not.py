"""Why one rule did not match the packet, or that it did, or that it was never asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from edgediag.host.netfilter.chains import ChainName
from edgediag.host.netfilter.rule import FilterRule
from edgediag.host.walk.chain_walk import Course, Step, merged
from edgediag.host.walk.effects import Fate
from edgediag.host.walk.journal import Journal, Visit
from edgediag.host.walk.parcel import Parcel
from edgediag.host.walk.rule_machine import Failed


@dataclass(frozen=True, slots=True, kw_only=True)
class NeverAsked:
    """The packet does not come to the rule.

    is_chain_met  it comes to the rule's chain, and leaves it before
    ends          where the packet ends or leaves the chain, in each way that it may take
    """

    is_chain_met: bool
    ends: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DoesNotHold:
    """A condition of the rule does not hold; `parcel` as it came there."""

    rule: FilterRule
    failed: Failed
    parcel: Parcel


@dataclass(frozen=True, slots=True, kw_only=True)
class MayHold:
    """The rule matches or not, by what is not known."""

    doubts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """Every condition of the rule holds."""


Reason: TypeAlias = NeverAsked | DoesNotHold | MayHold | Matches


def why_not(journal: Journal, courses: Sequence[Course], chain: ChainName) -> tuple[Reason, ...]:
    """What became of the packet at the watched rule, for each way that it may have come there.

    chain  that of the rule, whose steps say where the packet left it
    """
    if journal.visits:
        return tuple(dict.fromkeys(_at(visit) for visit in journal.visits))
    ends = (_end(course, chain) for course in courses)
    return (
        NeverAsked(
            is_chain_met=journal.is_chain_met,
            ends=tuple(dict.fromkeys(end for end in ends if end is not None)),
        ),
    )


def _at(visit: Visit) -> Reason:
    evaluated = visit.evaluated
    if evaluated.failed is not None:
        return DoesNotHold(rule=visit.place.rule, failed=evaluated.failed, parcel=visit.parcel)
    undecided = tuple(
        outcome.reason for outcome in evaluated.outcomes if outcome.ending is Fate.UNDECIDED
    )
    doubts = merged(evaluated.doubts, undecided)
    return MayHold(doubts=doubts) if doubts else Matches()


def _end(course: Course, chain: ChainName) -> Step | None:
    """The last step in the chain, else the one that ends the packet; None where none does."""
    inside = [step for step in course.steps if step.chain == chain]
    if inside:
        return inside[-1]
    is_over = course.fate in (Fate.DROPPED, Fate.REJECTED)
    return course.steps[-1] if is_over and course.steps else None
