"""The option --rehearse of explain: fixes tried on a copy of this host's network."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edgediag.cli import ExitStatus
from edgediag.errors import UsageError
from edgediag.host.fix_words import PROGRAMS, Fix, parse_fix
from edgediag.host.walk.parcel import Parcel
from edgediag.model.answer import Answer, NotChecked
from edgediag.model.rehearsal import FixFailed, RehearsalAnswer, Rehearsed
from edgediag.net.walk_answers import Walk
from edgediag.report.rehearsal import rehearsal_object, rehearsal_text

_STATUS: Final = {
    Answer.YES: ExitStatus.PASSED,
    Answer.NO: ExitStatus.FAULT_FOUND,
    Answer.NOT_CHECKED: ExitStatus.UNDETERMINED,
}


def parsed(texts: Sequence[str]) -> tuple[Fix, ...]:
    """The fixes of a command line.

    raises  UsageError where one cannot be rehearsed
    """
    found: list[Fix] = []
    for text in texts:
        fix = parse_fix(text)
        if not isinstance(fix, Fix):
            programs = ", ".join(PROGRAMS)
            raise UsageError(f"cannot rehearse '{text}': {fix}; programs: {programs}")
        found.append(fix)
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What is said of fixes that were tried, for a person and for a program."""

    text: str
    document: dict[str, object]
    status: ExitStatus


def rehearsal(parcel: Parcel, walk: Walk, fixes: Sequence[Fix]) -> Tried:
    """Try the fixes for a packet of one of the walks."""
    # What makes the copy takes as long to import as a walk takes.
    from edgediag.net.rehearsal import rehearse_parcel

    answer = rehearse_parcel(parcel, fixes, walk)
    return Tried(
        text=rehearsal_text(answer), document=rehearsal_object(answer), status=status_of(answer)
    )


def status_of(answer: RehearsalAnswer) -> ExitStatus:
    """What becomes of the packet after the fixes; a fix that does not work is a wrong question."""
    match answer:
        case Rehearsed():
            return _STATUS[answer.passes]
        case FixFailed():
            return ExitStatus.USAGE
        case NotChecked():
            return ExitStatus.UNDETERMINED
