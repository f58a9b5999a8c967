"""edgediag probe: targets of one's own, by the same engine as diagnose."""

from dataclasses import replace

import click

from edgediag.cli import ExitStatus
from edgediag.cli.exit_status import exit_status
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
from edgediag.discovery.cluster import discover
from edgediag.discovery.given import Given
from edgediag.discovery.probe_url import peers_of, targets_of
from edgediag.discovery.trust import NOT_STATED, read_anchors
from edgediag.matrix import build_matrix
from edgediag.model.endpoint import Matrix
from edgediag.net.files import NodeFiles
from edgediag.stages.assignment import RESOLVER, Assignment

NAME = "probe"


@click.command(name=NAME)
@output_options
@RATE_OPTION
@NAT_TIMEOUT_OPTION
@click.argument("urls", nargs=-1, required=True, metavar="URL...")
def command(
    output: OutputOptions, rate_pps: float, nat_timeout_s: float | None, urls: tuple[str, ...]
) -> ExitStatus:
    """Find out whether each URL is reached, and if not, where it is blocked.

    tcp://HOST:PORT, tls://HOST, ike://HOST, ntp://HOST, dns://HOST/NAME, icmp://HOST or
    vxlan://PEER:8472.
    """
    job = job_for(NAME, urls, output, rate_pps)
    if nat_timeout_s is not None:
        job = replace(
            job,
            assignment=replace(job.assignment, nat_timeout_s=nat_timeout_s),
            settings=(*job.settings, *nat_timeout_setting(nat_timeout_s)),
        )
    report, _ = carry_out(job, output)
    print_report(report, output)
    return exit_status(report)


def job_for(
    command_name: str, urls: tuple[str, ...], output: OutputOptions, rate_pps: float
) -> Job:
    """The job of probing these; this node's name servers join it where a host has a name."""
    targets = targets_of(urls)
    files = NodeFiles(root="/")
    facts = discover(files, Given(stated=(), root="/", saved=()))
    is_named = any(item.host and item.address is None for item in targets)
    rows = build_matrix(facts).targets if is_named else ()
    resolvers = tuple(row for row in rows if row.endpoint == RESOLVER)
    timeout_s = output.timeout_s or DEFAULT_TIMEOUT_S
    settings = (("url", url) for url in urls)
    return Job(
        command=command_name,
        facts=lambda: replace(facts, warnings=()),
        files=files,
        assignment=Assignment(
            matrix=Matrix(targets=(*targets, *resolvers), omitted=(), not_applicable=()),
            hosts_entries=facts.hosts_entries,
            resolver_lines=facts.resolver_lines,
            lookup=facts.lookup,
            upstreams=facts.upstreams,
            search=facts.search,
            anchors=read_anchors(files, NOT_STATED),
            timeout_s=timeout_s,
            peers=peers_of(urls),
        ),
        rate_pps=rate_pps,
        listen_s=0.0,
        settings=(*settings, ("timeout", f"{timeout_s:g}"), ("rate", f"{rate_pps:g}")),
    )
