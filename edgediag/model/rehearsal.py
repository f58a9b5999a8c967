"""A fix tried on a copy of this host's network: what became of the packet before and after it."""

from dataclasses import dataclass
from typing import TypeAlias

from edgediag.model.answer import Answer, NotChecked
from edgediag.model.explained import Disposition


@dataclass(frozen=True, slots=True, kw_only=True)
class Decider:
    """The step that ends a packet, in terms that hold on this host.

    backend  "nft" or "legacy", "" for what is no chain
    handle   None for what has none, and for a rule that the fix has made
    number   of the rule in its chain, from 1; 0 for none
    """

    hook: str
    backend: str
    family: str
    table: str
    chain: str
    handle: int | None
    number: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """The end of a packet and what decides it, without the way there.

    is_waiting  what ends is the question for its next hop's MAC or the answer, or what would come
                after them: the packet itself waits, behind all that the kernel's trace tells of it
    """

    disposition: Disposition
    deciders: tuple[Decider, ...]
    hangs_on: tuple[str, ...]
    is_waiting: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A packet that was really sent in the copy, by the kernel's own trace.

    by  the rule or policy that ended it, "" where the trace names none
    """

    is_passed: bool
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """The packet in the copy before the fixes and after them.

    sent_before, sent_after  the kernel's word on it, where a packet could be sent
    not_copied               what of this host the copy lacks
    """

    fixes: tuple[str, ...]
    before: Walked
    after: Walked
    sent_before: Sent | NotChecked
    sent_after: Sent | NotChecked
    not_copied: tuple[str, ...]

    @property
    def passes(self) -> Answer:
        """Whether the packet passes after the fixes; nobody knows where the kernel disagrees."""
        if not (_agrees(self.before, self.sent_before) and _agrees(self.after, self.sent_after)):
            return Answer.NOT_CHECKED
        return _passes(self.after)

    @property
    def flips(self) -> Answer:
        """Whether the fixes make pass what did not, or the reverse."""
        before = _passes(self.before)
        if Answer.NOT_CHECKED in (before, self.passes):
            return Answer.NOT_CHECKED
        return Answer.NO if before is self.passes else Answer.YES


@dataclass(frozen=True, slots=True, kw_only=True)
class FixFailed:
    """A fix that did not work in the copy either, and what its program said."""

    fix: str
    status: int
    said: str


RehearsalAnswer: TypeAlias = Rehearsed | FixFailed | NotChecked


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedFix:
    """A command that takes a culprit away, and what it makes of the flow on a copy."""

    command: str
    answer: RehearsalAnswer


def _passes(walked: Walked) -> Answer:
    match walked.disposition:
        case Disposition.PASSES:
            return Answer.YES
        case Disposition.UNDETERMINED:
            return Answer.NOT_CHECKED
        case Disposition.DROPPED | Disposition.REJECTED:
            return Answer.NO


def _agrees(walked: Walked, sent: Sent | NotChecked) -> bool:
    """Whether the kernel does not contradict the walk; of what waits its trace says it is sent."""
    if isinstance(sent, NotChecked) or _passes(walked) is Answer.NOT_CHECKED:
        return True
    return sent.is_passed is (walked.is_waiting or _passes(walked) is Answer.YES)
