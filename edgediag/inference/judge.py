"""From the evidence of a run to its checks and root causes; the same offline as live."""

from dataclasses import dataclass, replace

from edgediag.compat import assert_never
from edgediag.inference.combine import combine, find, find_in_forms
from edgediag.inference.forms import TUNNEL_PORT_NOTE, is_served_as_the_tunnel_asks
from edgediag.inference.names import judge_name
from edgediag.inference.overlay_mtu import judge_overlay_mtu
from edgediag.inference.roots import root_causes
from edgediag.inference.rows import judge_listener, judge_omitted, judge_tools
from edgediag.inference.unjudged import status_of, unjudged
from edgediag.inference.wording import named
from edgediag.meaning import decisive, is_answered_well
from edgediag.model.evidence import (
    Evidence,
    FlowEvidence,
    ListenerEvidence,
    NameEvidence,
    OmittedEvidence,
    RunEvidence,
    ToolsEvidence,
)
from edgediag.model.host import HostState
from edgediag.model.outcome import Answered
from edgediag.model.report import CheckReport, Record, Report
from edgediag.model.verdict import RootCause, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """All verdicts of a run; checks in the order of the evidence, the widest root cause first."""

    checks: tuple[CheckReport, ...]
    root_causes: tuple[RootCause, ...]


def judge(evidence: RunEvidence) -> Judgement:
    """The verdicts on all checks of a run."""
    direct = {
        index: _judge_one(item, evidence.host)
        for index, item in enumerate(evidence.checks)
        if not isinstance(item, NameEvidence)
    }
    by_id = {check.id: check for check in direct.values()}
    checks = tuple(
        judge_name(item, by_id) if isinstance(item, NameEvidence) else direct[index]
        for index, item in enumerate(evidence.checks)
    )
    return Judgement(checks=checks, root_causes=root_causes(checks))


def report_of(record: Record) -> Report:
    """The report on a recorded run; artifacts are added by whoever wrote them."""
    judgement = judge(record.evidence)
    return Report(
        version=record.version,
        run=record.run,
        node=record.node,
        checks=judgement.checks,
        root_causes=judgement.root_causes,
        warnings=record.warnings,
        artifacts=(),
    )


def _judge_one(evidence: Evidence, host: HostState) -> CheckReport:
    match evidence:
        case FlowEvidence():
            return _judge_flow(evidence, host)
        case ListenerEvidence():
            return judge_overlay_mtu(judge_listener(evidence), host)
        case ToolsEvidence():
            return judge_tools(evidence)
        case OmittedEvidence():
            return judge_omitted(evidence)
        case NameEvidence():
            return judge_name(evidence, {})
        case _:
            assert_never(evidence)


def _judge_flow(evidence: FlowEvidence, host: HostState) -> CheckReport:
    target, outcome = evidence.target, decisive(evidence.attempts)
    works, note = is_answered_well(outcome), ""
    if not works and is_served_as_the_tunnel_asks(evidence):
        works, note = True, TUNNEL_PORT_NOTE
    findings = find_in_forms(evidence, host) if works else find(evidence, host)
    verdict = combine(named(target, evidence.flow), findings)
    answered = [item for item in evidence.attempts if isinstance(item, Answered)]
    status = Status.OK if works and verdict is None else status_of(verdict)
    return replace(
        unjudged(target, status, note),
        flow=evidence.flow,
        latency_s=answered[0].rtt_s if works and answered else None,
        verdict=verdict,
        findings=findings,
    )
