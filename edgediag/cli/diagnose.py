"""edgediag diagnose: the main job."""

import sys
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import click

from edgediag import __version__
from edgediag.cli import ExitStatus
from edgediag.cli.asking import with_objects
from edgediag.cli.evidence_files import annotate, leave, prepare
from edgediag.cli.exit_status import exit_status
from edgediag.cli.facts_options import facts_options
from edgediag.cli.output_options import OutputOptions, output_directory, output_options
from edgediag.cli.printing import print_report
from edgediag.cli.selection import select
from edgediag.discovery.cluster import discover
from edgediag.discovery.conflict_text import conflict_text
from edgediag.discovery.gateway_ends import gateway_ends
from edgediag.discovery.given import EXPECTED, Given
from edgediag.discovery.node_ends import node_ends
from edgediag.discovery.trust import NOT_STATED, pem_in, read_anchors
from edgediag.errors import UsageError
from edgediag.inference.judge import report_of
from edgediag.live import Measured, Pace, measure, rehearse
from edgediag.matrix import build_matrix
from edgediag.model.answer import NotChecked
from edgediag.model.cluster import ClusterFacts
from edgediag.model.report import Node, Record, Report, Run
from edgediag.net.capture import Capture
from edgediag.net.clock import utc_timestamp
from edgediag.net.entropy import run_suffix
from edgediag.net.files import NodeFiles
from edgediag.net.interfaces import identity, own_addresses
from edgediag.net.interrupt import Interrupt
from edgediag.survey import Assignment

NAME = "diagnose"
DEFAULT_TIMEOUT_S = 2.0
DEFAULT_RATE_PPS = 1000.0
MAX_LISTEN_S = 600
MAX_NAT_TIMEOUT_S = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What was asked for on the command line, made usable."""

    command: str
    facts: ClusterFacts
    files: NodeFiles
    assignment: Assignment
    rate_pps: float
    listen_s: float
    settings: tuple[tuple[str, str], ...]


LISTEN_OPTION = click.option(
    "--listen",
    "listen_s",
    metavar="S",
    type=click.IntRange(0, MAX_LISTEN_S),
    default=0,
    help="Listen to the tunnel's port for S seconds at least (default: while the run lasts).",
)

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


@click.command(name=NAME)
@output_options
@facts_options
@click.option("--only", metavar="ID", multiple=True, help="This check or endpoint only.")
@click.option("--skip", metavar="ID", multiple=True, help="Not this check or endpoint.")
@RATE_OPTION
@LISTEN_OPTION
@NAT_TIMEOUT_OPTION
@click.option("--dry-run", is_flag=True, help="Print what would be sent, and send nothing.")
def command(
    given: Given,
    output: OutputOptions,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    rate_pps: float,
    listen_s: int,
    nat_timeout_s: float | None,
    dry_run: bool,
) -> ExitStatus:
    """Find out what blocks this edge node, and where, and leave the evidence."""
    files = NodeFiles(root=given.root)
    # A dry run sends nothing, to nobody.
    facts = discover(files, given if dry_run else with_objects(given))
    timeout_s = output.timeout_s or DEFAULT_TIMEOUT_S
    job = Job(
        command=NAME,
        facts=facts,
        files=files,
        assignment=Assignment(
            matrix=select(build_matrix(facts), only=only, skip=skip),
            hosts_entries=facts.hosts_entries,
            resolver_lines=facts.resolver_lines,
            lookup=facts.lookup,
            upstreams=facts.upstreams,
            timeout_s=timeout_s,
            anchors=read_anchors(files, _stated_anchors(given)),
            nat_timeout_s=nat_timeout_s or 0.0,
            peers=facts.peers,
            node_ends=node_ends(facts.statements),
            gateway_ends=gateway_ends(facts.gateways, facts.raven_tunnels),
        ),
        rate_pps=rate_pps,
        listen_s=listen_s,
        settings=_settings(
            given,
            (
                ("timeout", f"{timeout_s:g}"),
                ("rate", f"{rate_pps:g}"),
                ("listen", str(listen_s)),
                *nat_timeout_setting(nat_timeout_s),
            ),
        ),
    )
    if dry_run:
        click.echo("\n".join(rehearse(job.assignment, job.files)))
        return ExitStatus.PASSED
    report, _ = carry_out(job, output)
    print_report(report, output)
    return exit_status(report)


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


def _stated_anchors(given: Given) -> str | NotChecked:
    fact = next((fact for fact in given.stated if fact.name == "ca"), None)
    if fact is None:
        return NOT_STATED
    pem = pem_in(NodeFiles(root="/"), str(Path(fact.value).absolute()))
    if isinstance(pem, NotChecked):
        expected = EXPECTED[fact.name]
        raise UsageError(f"{fact.source}: {fact.value!a} is not {expected}: {pem.reason}")
    return pem


def _record(
    job: Job, measured: Measured, started: datetime, *, is_interrupted: bool
) -> Record:
    name = identity()
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
            facts=job.facts.facts,
        ),
        warnings=(
            *job.facts.warnings,
            *map(conflict_text, job.facts.conflicts),
            *_losses(measured),
        ),
        evidence=measured.diagnosed.evidence,
    )


def _losses(measured: Measured) -> tuple[str, ...]:
    losses = (
        (measured.dropped, "frames came faster than the tap was read and are not in the evidence"),
        (measured.left_out, "frames exceeded the bounds of the capture and were not kept"),
    )
    return tuple(f"{count} {what}" for count, what in losses if count)


def _say(output: OutputOptions, text: str) -> None:
    if not output.is_quiet and not output.is_json:
        print(f"edgediag: {text}", file=sys.stderr)


def _settings(
    given: Given, others: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, str], ...]:
    return (*((fact.name, fact.value) for fact in given.stated), *others)
