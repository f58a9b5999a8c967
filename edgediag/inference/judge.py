"""From the evidence of a run to its checks and root causes; the same offline as live."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from edgediag.checked import is_wild
from edgediag.compat import assert_never
from edgediag.inference.combine import combine, find, is_served
from edgediag.inference.disagreement import judge_disagreement
from edgediag.inference.forms import TUNNEL_PORT_NOTE
from edgediag.inference.http2 import http2_text
from edgediag.inference.hub import hub_text
from edgediag.inference.name_answers import nobody_of
from edgediag.inference.names import judge_hijacked, judge_name
from edgediag.inference.node_certificates import signer_text
from edgediag.inference.registry import registry_text
from edgediag.inference.remedy import with_tried
from edgediag.inference.roots import root_causes
from edgediag.inference.rows import judge_listener, judge_omitted, judge_tools
from edgediag.inference.rules import RULES_OF_SEGMENTS
from edgediag.inference.shared import judge_shared
from edgediag.inference.short_mapping import judge_mapping
from edgediag.inference.spared import judge_spared
from edgediag.inference.stub import judge_stub
from edgediag.inference.tunnel import heard_text
from edgediag.inference.unjudged import status_of, unjudged
from edgediag.inference.wireguard_row import judge_wireguard
from edgediag.inference.wording import named
from edgediag.meaning import decisive, is_answered_well
from edgediag.model.evidence import (
    Evidence,
    FlowEvidence,
    ListenerEvidence,
    NameEvidence,
    OmittedEvidence,
    RunEvidence,
    SparedEvidence,
    ToolsEvidence,
)
from edgediag.model.host import HostState
from edgediag.model.outcome import Answered
from edgediag.model.report import CheckReport, Record, Report
from edgediag.model.verdict import RootCause, Status

IN_IPV4 = "the name answers in IPv4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """All verdicts of a run; checks in the order of the evidence, the widest root cause first."""

    checks: tuple[CheckReport, ...]
    root_causes: tuple[RootCause, ...]


def judge(evidence: RunEvidence) -> Judgement:
    """The verdicts on all checks of a run."""
    direct = _direct(evidence)
    alone = {check.id: check for check in direct.values()}
    direct |= {
        index: judge_stub(item, direct[index], alone)
        for index, item in enumerate(evidence.checks)
        if isinstance(item, FlowEvidence)
    }
    by_id = {check.id: check for check in direct.values()}
    forgers = {
        item.target.check: (item, verdict)
        for index, item in enumerate(evidence.checks)
        if isinstance(item, FlowEvidence) and is_wild(item.attempts, nobody_of(item))
        if (verdict := direct[index].verdict) is not None
    }
    checks = []
    for index, item in enumerate(evidence.checks):
        match item:
            case NameEvidence():
                checks.append(judge_name(item, by_id))
            case FlowEvidence():
                report = judge_mapping(item, direct[index], evidence.mapping)
                report = judge_disagreement(item, report, by_id)
                checks.append(judge_hijacked(item, report, forgers))
            case _:
                checks.append(direct[index])
    checks = [_beside_ipv4(check, checks) for check in checks]
    return Judgement(checks=tuple(checks), root_causes=root_causes(checks))


def _direct(evidence: RunEvidence) -> dict[int, CheckReport]:
    """What each check but those of names alone amounts to, with the segments that it shares."""
    direct = {
        index: _judge_one(item, evidence.host)
        for index, item in enumerate(evidence.checks)
        if not isinstance(item, NameEvidence)
    }
    flows = [item for item in evidence.checks if isinstance(item, FlowEvidence)]
    segments = [
        segment for rule in RULES_OF_SEGMENTS for segment in rule.judge_run(flows, evidence.host)
    ]
    return direct | {
        index: judge_shared(item, direct[index], segments)
        for index, item in enumerate(evidence.checks)
        if isinstance(item, FlowEvidence)
    }


def _beside_ipv4(report: CheckReport, checks: Sequence[CheckReport]) -> CheckReport:
    """The report, degraded where an address of IPv6 is blocked and IPv4 serves the same name.

    Programs try the next address of a name, at the price of a wait (RFC 6724 §2, RFC 8305 §5). A
    host given as an address has no row of the other version.
    """
    if report.status is not Status.BLOCKED or _version(report) != 6:
        return report
    asked = report.host, report.protocol, report.port
    serves = any(
        other.status is Status.OK
        and _version(other) == 4
        and (other.host, other.protocol, other.port) == asked
        for other in checks
    )
    if not serves:
        return report
    note = "; ".join(filter(None, (report.note, IN_IPV4)))
    return replace(report, status=Status.DEGRADED, note=note)


def _version(report: CheckReport) -> int | None:
    return None if report.flow is None else report.flow.destination.version


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
        mapping=record.evidence.mapping,
    )


def _judge_one(evidence: Evidence, host: HostState) -> CheckReport:
    match evidence:
        case FlowEvidence():
            return _judge_flow(evidence, host)
        case ListenerEvidence():
            return judge_listener(evidence, host)
        case SparedEvidence():
            return judge_spared(evidence, host)
        case ToolsEvidence():
            return judge_tools(evidence)
        case OmittedEvidence():
            return judge_wireguard(judge_omitted(evidence), evidence.omitted, host)
        case NameEvidence():
            return judge_name(evidence, {})
        case _:
            assert_never(evidence)


def _judge_flow(evidence: FlowEvidence, host: HostState) -> CheckReport:
    target, outcome = evidence.target, decisive(evidence.attempts)
    findings = find(evidence, host)
    verdict = combine(named(target, evidence.flow), findings)
    if verdict is not None:
        verdict = with_tried(verdict, evidence.tried_fix)
    served = is_served(evidence)
    works = served and verdict is None
    note = TUNNEL_PORT_NOTE if served and not is_answered_well(outcome) else ""
    beside = (
        heard_text(evidence, host),
        registry_text(evidence),
        http2_text(evidence),
        hub_text(target, host),
        signer_text(target.endpoint, host),
    )
    note = "; ".join(filter(None, (note, *beside)))
    answered = [item for item in evidence.attempts if isinstance(item, Answered)]
    status = Status.OK if works else status_of(verdict, is_served=served)
    return replace(
        unjudged(target, status, note),
        flow=evidence.flow,
        latency_s=answered[0].rtt_s if works and answered else None,
        verdict=verdict,
        findings=findings,
    )
