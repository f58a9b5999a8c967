"""A stub resolver of this host that serves nobody, and the servers that it forwards to."""

from collections.abc import Mapping

from edgediag.inference.claim import ANYWHERE
from edgediag.inference.names import FORWARDED, leaning, with_finding
from edgediag.meaning import is_answered_well
from edgediag.model.answer import NotChecked
from edgediag.model.evidence import FlowEvidence
from edgediag.model.report import CheckReport
from edgediag.model.verdict import Mechanism, Verdict


def judge_stub(
    evidence: FlowEvidence, report: CheckReport, checks: Mapping[str, CheckReport]
) -> CheckReport:
    """The stub does not resolve, and neither do the servers that it forwards to.

    Holds because   a stub knows no name itself: what keeps every server behind it away keeps it.
                    Asked directly from this host they fail for one and the same place
    Does not hold   where one of them serves, or where they fail in different places; where nothing
                    listens at the stub's own address
    Asks for        the verdicts on the servers behind the stub
    source          systemd-resolved(8)

    report  what the stub alone amounts to
    checks  what every check alone amounts to, by its id
    """
    server = evidence.name_server
    behind = () if isinstance(server, NotChecked) else server.upstreams
    is_open = report.verdict is not None and report.verdict.where == ANYWHERE
    if isinstance(behind, NotChecked) or not is_open or any(map(is_answered_well, behind)):
        return report
    known = (checks.get(outcome.probe.check) for outcome in behind)
    verdicts = [check.verdict for check in known if check is not None]
    first = next(iter(verdicts), None)
    if first is None or not _is_one_place(verdicts, first):
        return report
    said = (FORWARDED, "the stub resolver serves nobody, for it cannot ask")
    finding = leaning(report, said, first, Mechanism.DNS_FAILURE)
    return with_finding(report, finding, first)


def _is_one_place(verdicts: list[Verdict | None], first: Verdict) -> bool:
    return all(verdict is not None and _place(verdict) == _place(first) for verdict in verdicts)


def _place(verdict: Verdict) -> tuple[object, ...]:
    # Two segments of a path are two faults, though both are on the path.
    return verdict.where, verdict.after, verdict.upto, verdict.mechanism
