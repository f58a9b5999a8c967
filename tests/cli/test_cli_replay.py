"""`edgediag replay`: the evidence of a run, judged again."""

import json
from ipaddress import ip_address
from pathlib import Path

import pytest

from edgediag.cli import ExitStatus, run
from edgediag.cli.evidence_files import EVIDENCE
from edgediag.inference.judge import report_of
from edgediag.model.evidence import FlowEvidence, Relation, RunEvidence
from edgediag.model.report import Node, Record, Run
from edgediag.report import json as json_report
from edgediag.report.values import to_text
from story import (
    EDGE,
    GATEWAY,
    ROUTERS,
    answered,
    control,
    flow,
    flow_evidence,
    host_state,
    ike_reply,
    ladder,
    probe,
    unanswered,
)

LOST = unanswered(probe())
WORKS = flow_evidence(answered(probe(), ike_reply()))
# Lost behind the first router, where a flow to another port of the host goes on.
DROPPED = flow_evidence(
    LOST,
    walked=ladder(LOST.probe.flow, [GATEWAY, ROUTERS[0], None, None, None]),
    controls=(
        control(
            Relation.SAME_HOST,
            ladder(flow(port=123, source_port=40001), [GATEWAY, *ROUTERS, ike_reply()]),
            check="ntp-123",
        ),
    ),
)


def record(evidence: FlowEvidence, *, is_interrupted: bool = False) -> Record:
    return Record(
        version="1.2.3",
        run=Run(
            id="20261122T210000Z-0badcafe",
            command="diagnose",
            started="2026-11-22T21:00:00Z",
            duration_s=0.5,
            settings=(),
            is_interrupted=is_interrupted,
        ),
        node=Node(hostname="edge", kernel="6.18", addresses=(ip_address(EDGE),), facts=()),
        warnings=(),
        evidence=RunEvidence(host=host_state(), checks=(evidence,)),
    )


def left(directory: Path, kept: Record) -> str:
    (directory / EVIDENCE).write_text(to_text(kept))
    return str(directory)


@pytest.mark.parametrize(
    ("kept", "status"),
    [
        pytest.param(record(WORKS), ExitStatus.PASSED, id="nothing wrong"),
        pytest.param(record(DROPPED), ExitStatus.FAULT_FOUND, id="a block"),
        pytest.param(record(flow_evidence(LOST)), ExitStatus.UNDETERMINED, id="nothing was walked"),
        pytest.param(
            record(DROPPED, is_interrupted=True), ExitStatus.INTERRUPTED, id="it was interrupted"
        ),
    ],
)
def test_the_exit_status_is_that_of_the_run(
    tmp_path: Path, kept: Record, status: ExitStatus
) -> None:
    assert run(["replay", left(tmp_path, kept)]) is status


def test_json_is_the_report_that_the_evidence_makes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["replay", "--json", left(tmp_path, record(DROPPED))])
    printed = capsys.readouterr().out
    assert printed == json_report.render(report_of(record(DROPPED)))
    assert json.loads(printed)["checks"][0]["verdict"]["mechanism"] == "silent-drop"


def test_text_names_the_block_in_80_columns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["replay", left(tmp_path, record(DROPPED))])
    printed = capsys.readouterr().out
    assert ROUTERS[0] in printed and ROUTERS[1] in printed
    assert max(map(len, printed.splitlines())) <= 80


def test_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left(tmp_path, record(WORKS))
    monkeypatch.chdir(tmp_path)
    run(["replay", "."])
    assert [path.name for path in tmp_path.iterdir()] == [EVIDENCE]


@pytest.mark.parametrize(
    ("octets", "message"),
    [
        pytest.param(None, "cannot read ", id="no evidence"),
        pytest.param(b"{}", "does not hold the evidence of a run", id="other JSON"),
    ],
)
def test_what_cannot_be_judged_is_a_matter_of_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], octets: bytes | None, message: str
) -> None:
    if octets is not None:
        (tmp_path / EVIDENCE).write_bytes(octets)
    assert run(["replay", str(tmp_path)]) is ExitStatus.USAGE
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("edgediag: ") and message in captured.err
