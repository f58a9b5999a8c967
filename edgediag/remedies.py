"""Commands that would take this host's own culprits away: tried on a copy before they are said.

What the evidence comes to without them says which to try; with them it is judged once more.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from edgediag.host.fix import fix_for
from edgediag.inference.judge import judge
from edgediag.instruments import Bench
from edgediag.model.answer import NotChecked
from edgediag.model.evidence import Evidence, FlowEvidence, RunEvidence
from edgediag.model.exchange import FixTrial
from edgediag.model.host import TraceDropped
from edgediag.model.rehearsal import TriedFix
from edgediag.model.verdict import Certainty, Place, RootCause

# Each takes a third of a second on a small host.
MAX_TRIED: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Suggested:
    """A flow that a culprit stops, and the command that would take the culprit away."""

    evidence: FlowEvidence
    command: str


def try_remedies(bench: Bench, evidence: RunEvidence) -> RunEvidence:
    """The evidence with what each command does on a copy; of one cause one flow stands for all.

    Where no copy is to be had, or not in time, no other is waited for; nor once the run is stopped.
    """
    tried: dict[str, TriedFix] = {}
    suggested = () if bench.loop.is_interrupted() else _suggested(evidence)
    for one in islice(suggested, MAX_TRIED):
        answer = bench.host.rehearse(_trial(one))
        tried[one.evidence.target.check] = TriedFix(command=one.command, answer=answer)
        if isinstance(answer, NotChecked) or bench.loop.is_interrupted():
            break
    return replace(evidence, checks=tuple(_with(item, tried) for item in evidence.checks))


def _with(item: Evidence, tried: dict[str, TriedFix]) -> Evidence:
    if not isinstance(item, FlowEvidence) or item.target.check not in tried:
        return item
    return replace(item, tried_fix=tried[item.target.check])


def _trial(suggested: _Suggested) -> FixTrial:
    trace = suggested.evidence.trace
    return FixTrial(
        flow=suggested.evidence.flow,
        command=suggested.command,
        is_answered=isinstance(trace, TraceDropped) and trace.is_reply,
    )


def _suggested(evidence: RunEvidence) -> Iterator[_Suggested]:
    flows = {item.target.check: item for item in evidence.checks if isinstance(item, FlowEvidence)}
    tables = evidence.host.legacy_tables
    legacy = () if isinstance(tables, NotChecked) else tables
    for cause in judge(evidence).root_causes:
        # A name that is not resolved is explained by its resolver, which has the flow.
        first = next((flows[check] for check in cause.explains if check in flows), None)
        command = None if first is None else _command(cause, first, legacy)
        if first is not None and command is not None:
            yield _Suggested(evidence=first, command=command)


def _command(cause: RootCause, first: FlowEvidence, legacy: Collection[str]) -> str | None:
    if cause.culprit is None or cause.where != (Place.LOCAL,):
        return None
    if cause.certainty is not Certainty.PROVEN:
        return None
    version = first.flow.destination.version
    return fix_for(cause.culprit, version=version, legacy_tables=legacy)
