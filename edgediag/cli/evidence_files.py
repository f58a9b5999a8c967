"""What a run leaves on disk, and how it is read again."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from edgediag.errors import CannotRunError, UsageError
from edgediag.model.outcome import Outcome
from edgediag.model.report import Artifact, CheckReport, Record, Report
from edgediag.net.capture import Capture
from edgediag.report import json as json_report
from edgediag.report.packet_comments import packet_comments
from edgediag.report.values import MAX_TEXT, ValueCodecError, from_text, to_text

REPORT = "report.json"
EVIDENCE = "evidence.json"
CAPTURE = "capture.pcapng"


def prepare(directory: Path) -> None:
    """Make the directory before anything is sent, so that no evidence is lost for want of it.

    raises  UsageError where it cannot be made, or holds files of another run
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as exc:
        raise UsageError(
            f"cannot make the output directory {directory}: {exc.strerror}; choose another --output"
        ) from exc
    for name in (REPORT, EVIDENCE, CAPTURE):
        if (directory / name).exists():
            raise UsageError(
                f"{directory} already holds a {name}; choose another --output, nothing is "
                "overwritten"
            )


def leave(directory: Path, report: Report, record: Record, capture: Capture) -> Report:
    """Write capture, evidence and report; the report as written, with its artifacts."""
    capture.write(directory / CAPTURE)
    _write(directory / EVIDENCE, to_text(record))
    kinds = (("capture", CAPTURE), ("evidence", EVIDENCE))
    artifacts = tuple(_artifact(kind, directory / name) for kind, name in kinds)
    whole = replace(report, artifacts=artifacts)
    _write(directory / REPORT, json_report.render(whole))
    return whole


def annotate(capture: Capture, outcomes: Iterable[Outcome], checks: Iterable[CheckReport]) -> None:
    """Write beside each packet why it was sent and what came of it."""
    for number, comments in packet_comments(outcomes, checks).items():
        for comment in comments:
            capture.annotate(number, comment)


def read_record(directory: Path) -> Record:
    """The record that a run left.

    raises  UsageError where there is none, or it cannot be read
    """
    path = directory / EVIDENCE
    try:
        if path.stat().st_size > MAX_TEXT:
            raise UsageError(f"{path} is larger than {MAX_TEXT} octets; not read")
        text = path.read_text(encoding="utf-8")
    except OSError as exc:
        raise UsageError(
            f"cannot read {path}: {exc.strerror}; give the directory that a run left"
        ) from exc
    except UnicodeDecodeError as exc:
        raise UsageError(f"{path} is not UTF-8 text: {exc.reason} at octet {exc.start}") from exc
    try:
        return from_text(Record, text)
    except ValueCodecError as exc:
        raise UsageError(f"{path} does not hold the evidence of a run: {exc}") from exc


def _artifact(kind: str, path: Path) -> Artifact:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Artifact(kind=kind, path=path.name, sha256=digest)


def _write(path: Path, text: str) -> None:
    try:
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise CannotRunError(f"cannot write {path}: {exc.strerror}") from exc
