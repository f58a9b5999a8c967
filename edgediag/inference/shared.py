"""The report on a check that shares a segment which loses packets."""

from collections.abc import Sequence
from dataclasses import replace

from edgediag.inference.claim import finding
from edgediag.inference.combine import combine
from edgediag.inference.counts import own_trains
from edgediag.inference.shared_segment import Shared, suffers, text_of
from edgediag.inference.unjudged import status_of
from edgediag.inference.wording import named
from edgediag.model.evidence import FlowEvidence
from edgediag.model.report import CheckReport
from edgediag.model.verdict import Certainty, Mechanism, Status

_PARTIAL = (Mechanism.LOSS, Mechanism.RATE_LIMIT)


def judge_shared(
    evidence: FlowEvidence, report: CheckReport, segments: Sequence[Shared]
) -> CheckReport:
    """The report, with the segment that the check shares where it is served or lost at times."""
    if not _is_open(report):
        return report
    shared = next((item for item in segments if suffers(evidence, item)), None)
    if shared is None or _says_no_more(shared, report):
        return report
    said = (text_of(evidence, shared), shared.remedy, _packets(evidence))
    found = (finding(shared.rule, evidence, shared.claim, said), *report.findings)
    verdict = combine(named(evidence.target, evidence.flow), found)
    status = status_of(verdict, is_served=True)
    return replace(report, status=status, verdict=verdict, findings=found, latency_s=None)


def _is_open(report: CheckReport) -> bool:
    if report.status is Status.OK:
        return True
    verdict = report.verdict
    return (
        verdict is not None
        and verdict.mechanism in _PARTIAL
        and verdict.certainty is Certainty.AMBIGUOUS
    )


def _says_no_more(shared: Shared, report: CheckReport) -> bool:
    return report.status is not Status.OK and shared.claim.certainty is Certainty.AMBIGUOUS


def _packets(evidence: FlowEvidence) -> tuple[int, ...]:
    return tuple(sorted({number for train in own_trains(evidence) for number in train.packets}))
