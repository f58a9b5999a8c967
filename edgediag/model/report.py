"""The report: what every output format renders."""

from dataclasses import dataclass

from edgediag.model.answer import NotChecked
from edgediag.model.cluster import Fact
from edgediag.model.endpoint import Direction
from edgediag.model.evidence import NOT_TIMED, RunEvidence
from edgediag.model.flow import Address, Flow, Protocol
from edgediag.model.mapping import MappingLifetime
from edgediag.model.verdict import Finding, RootCause, Status, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """One check with its verdict.

    flow       None where no packet was needed or no address was known
    host       as the matrix names it; "" for this node
    latency_s  of the first answered probe, None where nothing answered
    note       one sentence on an ok or not-checked row, or ""
    """

    id: str
    endpoint: str
    purpose: str
    direction: Direction
    is_required: bool
    protocol: Protocol
    host: str
    port: int
    flow: Flow | None
    status: Status
    latency_s: float | None
    note: str
    verdict: Verdict | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A file the run left; `path` relative to report.json."""

    kind: str
    path: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of a command.

    started   RFC 3339, UTC
    settings  name and value of every option that was set, in the order of the command line
    is_interrupted  evidence is what was seen until then
    """

    id: str
    command: str
    started: str
    duration_s: float
    settings: tuple[tuple[str, str], ...]
    is_interrupted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """The node the run was made on."""

    hostname: str
    kernel: str
    addresses: tuple[Address, ...]
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A run as evidence.json keeps it: enough to judge it again."""

    version: str
    run: Run
    node: Node
    warnings: tuple[str, ...]
    evidence: RunEvidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that a run has to say; `warnings` are about the run itself, such as lost packets.

    mapping  how long an idle mapping lives, where that was asked for
    """

    version: str
    run: Run
    node: Node
    checks: tuple[CheckReport, ...]
    root_causes: tuple[RootCause, ...]
    warnings: tuple[str, ...]
    artifacts: tuple[Artifact, ...]
    mapping: MappingLifetime | NotChecked = NOT_TIMED
