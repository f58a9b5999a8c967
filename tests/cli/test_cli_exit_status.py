"""What a report says to the script that started the run."""

import pytest

from edgediag.cli import ExitStatus
from edgediag.cli.exit_status import exit_status
from edgediag.model.endpoint import Direction
from edgediag.model.flow import Protocol
from edgediag.model.report import CheckReport, Node, Report, Run
from edgediag.model.verdict import Status

OK, BLOCKED, DEGRADED = Status.OK, Status.BLOCKED, Status.DEGRADED
UNDETERMINED, NOT_CHECKED = Status.UNDETERMINED, Status.NOT_CHECKED


def _report(*statuses: Status, is_interrupted: bool = False) -> Report:
    return Report(
        version="0",
        run=Run(
            id="",
            command="diagnose",
            started="2026-11-22T21:00:00Z",
            duration_s=1.0,
            settings=(),
            is_interrupted=is_interrupted,
        ),
        node=Node(hostname="edge-1", kernel="6.1", addresses=(), facts=()),
        checks=tuple(_check(status) for status in statuses),
        root_causes=(),
        warnings=(),
        artifacts=(),
    )


def _check(status: Status) -> CheckReport:
    return CheckReport(
        id="api-server-6443",
        endpoint="api-server",
        purpose="API server",
        direction=Direction.OUTBOUND,
        is_required=True,
        protocol=Protocol.TCP,
        host="192.0.2.1",
        port=6443,
        flow=None,
        status=status,
        latency_s=None,
        note="",
        verdict=None,
        findings=(),
    )


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        pytest.param(_report(OK, OK), ExitStatus.PASSED, id="all pass"),
        pytest.param(_report(OK, NOT_CHECKED), ExitStatus.PASSED, id="not checked is no failure"),
        pytest.param(_report(OK, BLOCKED), ExitStatus.FAULT_FOUND, id="a block"),
        pytest.param(_report(OK, DEGRADED), ExitStatus.FAULT_FOUND, id="a degradation"),
        pytest.param(_report(UNDETERMINED, OK), ExitStatus.UNDETERMINED, id="no block is proven"),
        pytest.param(
            _report(UNDETERMINED, BLOCKED), ExitStatus.FAULT_FOUND, id="a block outweighs a doubt"
        ),
        pytest.param(
            _report(BLOCKED, is_interrupted=True), ExitStatus.INTERRUPTED, id="interrupted"
        ),
    ],
)
def test_exit_status(report: Report, expected: ExitStatus) -> None:
    assert exit_status(report) is expected
