"""A job of measuring, and how it is carried out: what diagnose, probe and trace have in common."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone

import click

from edgediag import __version__
from edgediag.cli.evidence_files import annotate, leave, prepare
from edgediag.cli.output_options import OutputOptions, output_directory
from edgediag.discovery.conflict_text import conflict_text
from edgediag.inference.judge import report_of
from edgediag.live import Measured, Pace, measure
from edgediag.model.cluster import ClusterFacts
from edgediag.model.report import Node, Record, Report, Run
from edgediag.net.capture import Capture
from edgediag.net.clock import utc_timestamp
from edgediag.net.entropy import run_suffix
from edgediag.net.files import NodeFiles
from edgediag.net.interfaces import identity, own_addresses
from edgediag.net.interrupt import Interrupt
from edgediag.session.quota import MAX_QUESTIONS
from edgediag.stages.assignment import Assignment

DEFAULT_TIMEOUT_S = 2.0
DEFAULT_RATE_PPS = 1000.0
MAX_NAT_TIMEOUT_S = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What was asked for on the command line, made usable.

    facts  as they are known once the run is over
    """

    command: str
    facts: Callable[[], ClusterFacts]
    files: NodeFiles
    assignment: Assignment
    rate_pps: float
    listen_s: float
    settings: tuple[tuple[str, str], ...]


NAT_TIMEOUT_OPTION = click.option(
    "--nat-timeout",
    "nat_timeout_s",
    metavar="SECONDS",
    type=click.FloatRange(1, MAX_NAT_TIMEOUT_S),
    help="Find out how long an idle UDP mapping lives, up to SECONDS.",
)

RATE_OPTION = click.option(
    "--rate",
    "rate_pps",
    metavar="PPS",
    type=click.FloatRange(1, 100_000),
    default=DEFAULT_RATE_PPS,
    show_default=True,
    help="The most packets sent in a second.",
)


def nat_timeout_setting(nat_timeout_s: float | None) -> tuple[tuple[str, str], ...]:
    """The setting as the report names it, nothing where it was not given."""
    return () if nat_timeout_s is None else (("nat-timeout", f"{nat_timeout_s:g}"),)


def carry_out(job: Job, output: OutputOptions) -> tuple[Report, Record]:
    """Measure, judge and leave the evidence; the report, and the record that it is made from."""
    started = datetime.now(timezone.utc)
    directory = output_directory(output, command=job.command, started=started)
    if directory is not None:
        prepare(directory)
    _say(output, f"{len(job.assignment.matrix.targets)} checks, up to {job.rate_pps:g} packets/s")
    capture = Capture()
    with Interrupt() as interrupt:
        pace = Pace(
            rate_pps=job.rate_pps, listen_s=job.listen_s, is_stopped=interrupt.is_wanted
        )
        measured = measure(job.assignment, job.files, capture, pace=pace)
        record = _record(job, measured, started, is_interrupted=interrupt.is_wanted())
        report = report_of(record)
        if directory is not None:
            annotate(capture, measured.diagnosed.outcomes, report.checks)
            report = leave(directory, report, record, capture)
    if directory is not None:
        _say(output, f"evidence is in {directory}")
    return report, record


def _record(
    job: Job, measured: Measured, started: datetime, *, is_interrupted: bool
) -> Record:
    name, facts = identity(), job.facts()
    return Record(
        version=__version__,
        run=Run(
            id=f"{started:%Y%m%dT%H%M%SZ}-{run_suffix()}",
            command=job.command,
            started=utc_timestamp(started.timestamp()),
            duration_s=(datetime.now(timezone.utc) - started).total_seconds(),
            settings=job.settings,
            is_interrupted=is_interrupted,
        ),
        node=Node(
            hostname=name.hostname,
            kernel=name.kernel,
            addresses=own_addresses(),
            facts=facts.facts,
        ),
        warnings=(
            *facts.warnings,
            *map(conflict_text, facts.conflicts),
            *_losses(measured),
            *_withheld(measured),
        ),
        evidence=measured.diagnosed.evidence,
    )


def _losses(measured: Measured) -> tuple[str, ...]:
    losses = (
        (measured.dropped, "frames came faster than the tap was read and are not in the evidence"),
        (measured.left_out, "frames exceeded the bounds of the capture and were not kept"),
    )
    return tuple(f"{count} {what}" for count, what in losses if count)


def _withheld(measured: Measured) -> tuple[str, ...]:
    return tuple(
        f"{count} questions to {gateway} were not asked: "
        f"the {MAX_QUESTIONS} IKE_SA_INIT that a gateway gets in a run were used"
        for gateway, count in measured.withheld.items()
    )


def _say(output: OutputOptions, text: str) -> None:
    if not output.is_quiet and not output.is_json:
        print(f"edgediag: {text}", file=sys.stderr)
