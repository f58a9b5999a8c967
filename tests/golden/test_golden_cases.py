"""Recorded runs are judged again and must come to the verdicts they came to."""

import json
from pathlib import Path

import pytest

from edgediag.inference.judge import report_of
from edgediag.model.evidence import FlowEvidence, RunEvidence
from edgediag.model.outcome import Outcome
from edgediag.model.packet import IcmpError, Packet
from edgediag.model.report import Record
from edgediag.report import json as json_report
from edgediag.report.values import from_text, to_text
from edgediag.toml import tomllib
from edgediag.wire.headers import decode
from edgediag.wire.pcapng import decode_pcapng

pytestmark = pytest.mark.golden

CAPTURES = Path(__file__).parents[2] / "captures"
CASES = sorted(path.name for path in (CAPTURES / "cases").iterdir())


def record_of(case: str) -> Record:
    return from_text(Record, (CAPTURES / "cases" / case / "evidence.json").read_text())


def packets_of(case: str) -> dict[int, Packet | None]:
    """What the capture holds, by number."""
    capture = decode_pcapng((CAPTURES / "cases" / case / "capture.pcapng").read_bytes())
    assert capture is not None
    types = [interface.link_type for interface in capture.interfaces]
    return {
        number: decode(frame.octets, types[frame.interface])
        for number, frame in enumerate(capture.frames, start=1)
    }


def outcomes_of(evidence: RunEvidence) -> list[Outcome]:
    """The attempts at all flows."""
    flows = [check for check in evidence.checks if isinstance(check, FlowEvidence)]
    return [outcome for flow in flows for outcome in flow.attempts]


def test_every_case_is_listed_with_its_scenario() -> None:
    assert sorted(tomllib.loads((CAPTURES / "cases.toml").read_text())) == CASES


@pytest.mark.parametrize("case", CASES)
def test_the_evidence_is_judged_as_it_was(case: str) -> None:
    recorded = json.loads((CAPTURES / "cases" / case / "report.json").read_text())
    judged = json.loads(json_report.render(report_of(record_of(case))))
    assert judged["checks"] == recorded["checks"]
    assert judged["root_causes"] == recorded["root_causes"]


@pytest.mark.parametrize("case", CASES)
def test_the_evidence_survives_a_round_trip(case: str) -> None:
    record = record_of(case)
    assert from_text(Record, to_text(record)) == record


@pytest.mark.parametrize("case", CASES)
def test_every_packet_that_an_attempt_points_at_is_of_its_flow(case: str) -> None:
    packets = packets_of(case)
    for outcome in outcomes_of(record_of(case).evidence):
        flow = outcome.probe.flow
        for seen in outcome.seen:
            packet = packets[seen.number]
            assert packet is not None
            quote = packet.payload.quote if isinstance(packet.payload, IcmpError) else None
            assert flow in (packet.flow, packet.flow.reversed(), quote.flow if quote else None)


@pytest.mark.parametrize("case", CASES)
def test_every_finding_points_at_packets_of_the_capture(case: str) -> None:
    numbers = packets_of(case).keys()
    for check in report_of(record_of(case)).checks:
        for finding in check.findings:
            assert set(finding.packets) <= numbers
