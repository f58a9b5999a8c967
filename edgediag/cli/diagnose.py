"""edgediag diagnose: the main job."""

from dataclasses import replace
from pathlib import Path

import click

from edgediag.cli import ExitStatus
from edgediag.cli.asking import Assigned, begin
from edgediag.cli.exit_status import exit_status
from edgediag.cli.facts_options import facts_options
from edgediag.cli.job import (
    DEFAULT_TIMEOUT_S,
    NAT_TIMEOUT_OPTION,
    RATE_OPTION,
    Job,
    carry_out,
    nat_timeout_setting,
)
from edgediag.cli.output_options import OutputOptions, output_options
from edgediag.cli.printing import print_report
from edgediag.cli.selection import select
from edgediag.discovery.cluster import discover
from edgediag.discovery.gateway_ends import gateway_ends, gateway_pools
from edgediag.discovery.given import EXPECTED, Given
from edgediag.discovery.hub_ends import hub_ends
from edgediag.discovery.node_certificates import node_certificates
from edgediag.discovery.node_ends import node_ends
from edgediag.discovery.pause_images import pause_images
from edgediag.discovery.trust import NOT_STATED, pem_in, read_anchors
from edgediag.errors import UsageError
from edgediag.live import rehearse
from edgediag.matrix import build_matrix
from edgediag.model.answer import NotChecked
from edgediag.model.certificate import Anchors
from edgediag.model.cluster import ClusterFacts
from edgediag.model.endpoint import Matrix
from edgediag.net.files import NodeFiles
from edgediag.stages.assignment import Assignment

NAME = "diagnose"
MAX_LISTEN_S = 600


LISTEN_OPTION = click.option(
    "--listen",
    "listen_s",
    metavar="S",
    type=click.IntRange(0, MAX_LISTEN_S),
    default=0,
    help="Listen to the tunnel's port for S seconds at least (default: while the run lasts).",
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
    timeout_s = output.timeout_s or DEFAULT_TIMEOUT_S
    anchors = read_anchors(files, _stated_anchors(given))

    def assign(known: Given) -> Assigned:
        facts = discover(files, known)
        matrix = select(build_matrix(facts), only=only, skip=skip)
        assignment = _assignment(facts, matrix, anchors, timeout_s)
        assignment = replace(
            assignment,
            nat_timeout_s=nat_timeout_s or 0.0,
            certificates=node_certificates(files, facts, known.fetched),
        )
        return Assigned(facts=facts, assignment=assignment)

    # A dry run sends nothing, to nobody.
    assignment, facts = begin(replace(given, is_asking=given.is_asking and not dry_run), assign)
    job = Job(
        command=NAME,
        facts=facts,
        files=files,
        assignment=assignment,
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


def _assignment(
    facts: ClusterFacts, matrix: Matrix, anchors: Anchors, timeout_s: float
) -> Assignment:
    return Assignment(
        matrix=matrix,
        hosts_entries=facts.hosts_entries,
        resolver_lines=facts.resolver_lines,
        lookup=facts.lookup,
        upstreams=facts.upstreams,
        search=facts.search,
        timeout_s=timeout_s,
        anchors=anchors,
        peers=facts.peers,
        node_ends=node_ends(facts.statements),
        gateway_ends=gateway_ends(facts.gateways, facts.raven_tunnels),
        gateway_pools=gateway_pools(facts.gateways),
        hub_ends=hub_ends(facts.statements),
        forward_proxies=facts.forward_proxies,
        images=pause_images(facts.statements),
    )


def _stated_anchors(given: Given) -> str | NotChecked:
    fact = next((fact for fact in given.stated if fact.name == "ca"), None)
    if fact is None:
        return NOT_STATED
    pem = pem_in(NodeFiles(root="/"), str(Path(fact.value).absolute()))
    if isinstance(pem, NotChecked):
        expected = EXPECTED[fact.name]
        raise UsageError(f"{fact.source}: {fact.value!a} is not {expected}: {pem.reason}")
    return pem


def _settings(
    given: Given, others: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, str], ...]:
    return (*((fact.name, fact.value) for fact in given.stated), *others)
