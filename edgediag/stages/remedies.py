"""Commands that would take this host's own culprits away: tried on a copy before they are said.

What the evidence comes to without them says which to try; with them it is judged once more.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from edgediag.host.fix import fix_for
from edgediag.inference.judge import judge
from edgediag.inference.roots import origin_of
from edgediag.instruments import Bench
from edgediag.model.answer import NotChecked
from edgediag.model.drops import TraceDropped
from edgediag.model.evidence import Evidence, FlowEvidence, ListenerEvidence, RunEvidence
from edgediag.model.exchange import FixTrial
from edgediag.model.explained import Arrival
from edgediag.model.flow import Flow
from edgediag.model.host import HostState
from edgediag.model.rehearsal import TriedFix
from edgediag.model.verdict import Certainty, Place, RootCause
from edgediag.stages.arrival import arrivals_at

# Each takes a third of a second on a small host.
MAX_TRIED: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Suggested:
    """A check whose packet a culprit stops, and how to try what would take the culprit away."""

    check: str
    trial: FixTrial


def try_remedies(bench: Bench, evidence: RunEvidence) -> RunEvidence:
    """The evidence with what each command does on a copy; of one cause one check stands for all.

    Where no copy is to be had, or not in time, no other is waited for; nor once the run is stopped.
    """
    tried: dict[str, TriedFix] = {}
    suggested = () if bench.loop.is_interrupted() else _suggested(evidence)
    for one in islice(suggested, MAX_TRIED):
        answer = bench.host.rehearse(one.trial)
        tried[one.check] = TriedFix(command=one.trial.command, answer=answer)
        if isinstance(answer, NotChecked) or bench.loop.is_interrupted():
            break
    return replace(evidence, checks=tuple(_with(item, tried) for item in evidence.checks))


def _with(item: Evidence, tried: dict[str, TriedFix]) -> Evidence:
    if not isinstance(item, FlowEvidence | ListenerEvidence) or item.target.check not in tried:
        return item
    return replace(item, tried_fix=tried[item.target.check])


def _suggested(evidence: RunEvidence) -> Iterator[_Suggested]:
    stopped = {
        item.target.check: item
        for item in evidence.checks
        if isinstance(item, FlowEvidence | ListenerEvidence)
    }
    tables = evidence.host.legacy_tables
    legacy = () if isinstance(tables, NotChecked) else tables
    judgement = judge(evidence)
    by_id = {check.id: check for check in judgement.checks}
    for cause in judgement.root_causes:
        # A name that is not resolved is explained by its resolver, which has the flow; and in the
        # words of that the cause is said.
        origin = origin_of(by_id[cause.explains[0]], by_id)
        told = (origin.id, *cause.explains)
        first = next((stopped[check] for check in told if check in stopped), None)
        packet = None if first is None else _packet(first, evidence.host)
        if first is None or packet is None:
            continue
        command = _command(cause, packet, legacy)
        if command is not None:
            trial = FixTrial(packet=packet, command=command, is_answered=_is_answered(first))
            yield _Suggested(check=first.target.check, trial=trial)


def _packet(evidence: FlowEvidence | ListenerEvidence, state: HostState) -> Flow | Arrival | None:
    """What the culprit stops; of what comes in from several networks the first, for it stops all.

    returns  None where it is not known what comes in
    """
    if isinstance(evidence, FlowEvidence):
        return evidence.flow
    if isinstance(evidence.listeners, NotChecked):
        return None
    arrivals = arrivals_at(evidence.target, state, evidence.listeners)
    return None if isinstance(arrivals, NotChecked) else arrivals[0]


def _is_answered(evidence: FlowEvidence | ListenerEvidence) -> bool:
    trace = evidence.trace if isinstance(evidence, FlowEvidence) else None
    return isinstance(trace, TraceDropped) and trace.is_reply


def _command(cause: RootCause, packet: Flow | Arrival, legacy: Collection[str]) -> str | None:
    if cause.culprit is None or cause.where != (Place.LOCAL,):
        return None
    if cause.certainty is not Certainty.PROVEN:
        return None
    flow = packet if isinstance(packet, Flow) else packet.flow
    return fix_for(cause.culprit, version=flow.destination.version, legacy_tables=legacy)
