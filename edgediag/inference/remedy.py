"""A remedy beside what it did on a copy of this host's network: what does not help is not said."""

from dataclasses import replace
from typing import Final

from edgediag.model.answer import Answer, NotChecked
from edgediag.model.rehearsal import FixFailed, Rehearsed, TriedFix
from edgediag.model.verdict import Verdict

_ON_A_COPY: Final = "on a copy of this node's network"


def with_tried(verdict: Verdict, tried: TriedFix | NotChecked) -> Verdict:
    """The verdict with a remedy that was seen to help, or without one that was seen not to.

    What the copy lacks can stop nothing there: where the packet passes before the command, nothing
    is concluded from it.
    """
    if isinstance(tried, NotChecked):
        return verdict
    match tried.answer:
        case Rehearsed(flips=Answer.YES, passes=Answer.YES):
            seen = f"; {_ON_A_COPY} the packet passes after: {tried.command}"
            return replace(verdict, remedy=verdict.remedy + seen)
        case Rehearsed(flips=Answer.NO, passes=Answer.NO) as rehearsed:
            return replace(verdict, remedy=_instead(tried.command, rehearsed))
        case Rehearsed() | FixFailed() | NotChecked():
            return verdict


def _instead(command: str, rehearsed: Rehearsed) -> str:
    after, word = rehearsed.after, rehearsed.after.disposition.value
    ends = (one.text or f"{one.table} {one.chain}".strip() for one in after.deciders)
    by = "; ".join(end for end in ends if end)
    return (
        f"{command} alone does not help: {_ON_A_COPY} the packet is {word} after it "
        f"as well{f' by {by}' * bool(by)}; look at both"
    )
