"""What all possible courses of a packet say together; where they differ, nothing is claimed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edgediag.host.walk.chain_walk import Course, Step, merged
from edgediag.host.walk.effects import Fate
from edgediag.model.explained import Disposition

# What courses differ in that no condition decides between.
_ORDER: Final = "the order in which chains of one priority are called"
_DISPOSITIONS: Final = {
    Fate.ACCEPTED: Disposition.PASSES,
    Fate.DROPPED: Disposition.DROPPED,
    Fate.REJECTED: Disposition.REJECTED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """The packet's end and what decides it.

    deciders  the steps that end it; several where it hangs on something which of them does
    hangs_on  what is not known; () where the end does not hang on it
    """

    disposition: Disposition
    deciders: tuple[Step, ...]
    hangs_on: tuple[str, ...]
    courses: tuple[Course, ...]


def conclude(courses: Sequence[Course], unread: tuple[str, ...]) -> Conclusion:
    """One conclusion from every possible course.

    unread  rule sets that the packet meets and nobody read: what they do is not known
    """
    found = {_DISPOSITIONS.get(course.fate, Disposition.UNDETERMINED) for course in courses}
    disposition = found.pop() if len(found) == 1 and not unread else Disposition.UNDETERMINED
    ends = (course.steps[-1] for course in courses if course.steps)
    is_ended = disposition in (Disposition.DROPPED, Disposition.REJECTED)
    doubts = unread
    for course in courses:
        doubts = merged(doubts, course.doubts)
    if disposition is Disposition.UNDETERMINED and not doubts and courses:
        doubts = (_ORDER,)
    return Conclusion(
        disposition=disposition,
        deciders=tuple(dict.fromkeys(ends)) if is_ended else (),
        hangs_on=doubts if disposition is Disposition.UNDETERMINED else (),
        courses=tuple(courses),
    )
