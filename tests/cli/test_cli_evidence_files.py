"""What a run leaves on disk, and how it is read again."""

import hashlib
import json
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest

from edgediag.cli.evidence_files import (
    CAPTURE,
    EVIDENCE,
    REPORT,
    annotate,
    leave,
    prepare,
    read_record,
)
from edgediag.errors import CannotRunError, UsageError
from edgediag.inference.judge import report_of
from edgediag.model.evidence import RunEvidence
from edgediag.model.packet import Sighting
from edgediag.model.report import Node, Record, Run
from edgediag.net.capture import Capture, SightedFrame
from edgediag.report.values import MAX_TEXT
from edgediag.wire.link_type import LinkType
from edgediag.wire.pcapng import decode_pcapng
from story import EDGE, answered, flow_evidence, host_state, ike_reply, probe

ANSWERED = answered(probe(), ike_reply())
RECORD = Record(
    version="1.2.3",
    run=Run(
        id="20261122T210000Z-0badcafe",
        command="diagnose",
        started="2026-11-22T21:00:00Z",
        duration_s=0.5,
        settings=(("timeout", "2"),),
        is_interrupted=False,
    ),
    # A host may be called anything: what is no text in UTF-8 is kept as what it is.
    node=Node(hostname="edge\udcff", kernel="6.18", addresses=(ip_address(EDGE),), facts=()),
    warnings=("2 frames were lost",),
    evidence=RunEvidence(host=host_state(), checks=(flow_evidence(ANSWERED),)),
)


def capture_of(count: int) -> Capture:
    capture = Capture()
    for number in range(count):
        capture.record(
            SightedFrame(
                octets=bytes([0x45, number]),
                seen_s=1000.0 + number,
                sighting=Sighting.HANDED_OVER,
                interface="",
                link_type=LinkType.RAW,
            )
        )
    return capture


def left(directory: Path) -> dict[str, bytes]:
    leave(directory, report_of(RECORD), RECORD, capture_of(2))
    return {path.name: path.read_bytes() for path in directory.iterdir()}


# Before the run.


def test_the_directory_is_made_with_its_parents_for_its_owner_alone(tmp_path: Path) -> None:
    directory = tmp_path / "captures" / "run"
    prepare(directory)
    assert directory.stat().st_mode & 0o777 == 0o700


def test_an_empty_one_that_is_there_will_do(tmp_path: Path) -> None:
    prepare(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_report_of_another_run_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / REPORT).write_text("{}")
    with pytest.raises(UsageError, match="already holds a report.json; choose another --output"):
        prepare(tmp_path)


def test_a_file_in_its_place_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(UsageError, match="cannot make the output directory .*/run: File exists"):
        prepare(tmp_path / "run")


# After it.


def test_capture_evidence_and_report_are_left_for_their_owner_alone(tmp_path: Path) -> None:
    assert sorted(left(tmp_path)) == sorted([CAPTURE, EVIDENCE, REPORT])
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_the_report_names_the_other_files_with_their_digests(tmp_path: Path) -> None:
    files = left(tmp_path)
    named = [
        {"kind": kind, "path": path, "sha256": hashlib.sha256(files[path]).hexdigest()}
        for kind, path in (("capture", CAPTURE), ("evidence", EVIDENCE))
    ]
    assert json.loads(files[REPORT])["artifacts"] == named


def test_what_is_returned_is_what_was_written(tmp_path: Path) -> None:
    whole = leave(tmp_path, report_of(RECORD), RECORD, capture_of(0))
    assert whole == replace(report_of(RECORD), artifacts=whole.artifacts)
    assert [artifact.path for artifact in whole.artifacts] == [CAPTURE, EVIDENCE]


def test_the_record_is_read_again_as_it_was(tmp_path: Path) -> None:
    left(tmp_path)
    assert read_record(tmp_path) == RECORD


@pytest.mark.parametrize("name", [CAPTURE, EVIDENCE, REPORT])
def test_what_cannot_be_written_is_our_own_inability(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(CannotRunError, match=f"cannot write .*{name}"):
        leave(tmp_path, report_of(RECORD), RECORD, capture_of(1))


def test_each_packet_of_a_probe_gets_its_comment(tmp_path: Path) -> None:
    capture = capture_of(12)
    # The story's probe was seen in the frames 11 and 12.
    annotate(capture, [ANSWERED], report_of(RECORD).checks)
    capture.write(tmp_path / CAPTURE)
    written = decode_pcapng((tmp_path / CAPTURE).read_bytes())
    assert written is not None
    comments = [frame.comment for frame in written.frames]
    assert comments[:10] == [""] * 10
    assert len(set(comments[10:])) == 1
    assert comments[10].startswith("probe 1: check ike-sa-init by kernel-socket; ")
    assert comments[10].endswith("; verdict: ok")


# What cannot be read.


@pytest.mark.parametrize(
    ("octets", "message"),
    [
        pytest.param(b"", "does not hold the evidence of a run: .* not JSON", id="nothing"),
        pytest.param(b"[1, 2]", "does not hold the evidence of a run", id="other JSON"),
        pytest.param(b'{"type": "Report"}', "does not hold the evidence", id="another value"),
        pytest.param(b"\xff\xfe", "is not UTF-8 text: .* at octet 0", id="no text"),
        pytest.param(b"[" * 100_000, "does not hold the evidence of a run", id="a deep nest"),
    ],
)
def test_what_holds_no_evidence(tmp_path: Path, octets: bytes, message: str) -> None:
    (tmp_path / EVIDENCE).write_bytes(octets)
    with pytest.raises(UsageError, match=f"{EVIDENCE} {message}"):
        read_record(tmp_path)


def test_a_file_that_is_far_too_large_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / EVIDENCE).open("wb") as file:
        file.truncate(MAX_TEXT + 1)
    with pytest.raises(UsageError, match="is larger than"):
        read_record(tmp_path)


def test_a_directory_that_no_run_left(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file or directory; give the directory"):
        read_record(tmp_path)
