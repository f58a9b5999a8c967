"""The option --rehearse of explain: fixes tried on a copy of this host's network."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import click

from edgediag.cli import ExitStatus
from edgediag.errors import UsageError
from edgediag.host.fix_words import PROGRAMS, Fix, parse_fix
from edgediag.host.walk.conclusion import Conclusion
from edgediag.model.answer import Answer, NotChecked
from edgediag.model.flow import Flow
from edgediag.model.rehearsal import FixFailed, RehearsalAnswer, Rehearsed
from edgediag.report.explanation import render_json
from edgediag.report.explanation import render_text as render_explanation
from edgediag.report.rehearsal import as_object, render_text

REHEARSE_HELP: Final = "Try a fix, such as 'nft delete rule …', on a copy; may be repeated."
_STATUS: Final = {
    Answer.YES: ExitStatus.PASSED,
    Answer.NO: ExitStatus.FAULT_FOUND,
    Answer.NOT_CHECKED: ExitStatus.UNDETERMINED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """What explain says of the packet as things are, and whether it says so as JSON."""

    flow: Flow
    conclusion: Conclusion
    is_json: bool


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


def print_rehearsal(explained: Explained, answer: RehearsalAnswer) -> ExitStatus:
    """Print what holds now and what the fixes would change of it."""
    flow, conclusion = explained.flow, explained.conclusion
    if explained.is_json:
        click.echo(render_json(flow, conclusion, as_object(answer)), nl=False)
    else:
        click.echo(render_explanation(flow, conclusion) + render_text(answer), nl=False)
    return status_of(answer)


def status_of(answer: RehearsalAnswer) -> ExitStatus:
    """What becomes of the packet after the fixes; a fix that does not work is a wrong question."""
    match answer:
        case Rehearsed():
            return _STATUS[answer.passes]
        case FixFailed():
            return ExitStatus.USAGE
        case NotChecked():
            return ExitStatus.UNDETERMINED
