"""edgediag trace: the path of one flow, hop by hop."""

from dataclasses import replace

import click

from edgediag.cli import ExitStatus
from edgediag.cli.exit_status import exit_status
from edgediag.cli.job import RATE_OPTION, carry_out
from edgediag.cli.output_options import OutputOptions, output_options
from edgediag.cli.printing import print_report
from edgediag.cli.probe import job_for
from edgediag.model.evidence import FlowEvidence
from edgediag.model.report import Record, Report
from edgediag.report.trace import TracedPath, render_json, render_table, traced_path

NAME = "trace"


@click.command(name=NAME)
@output_options
@RATE_OPTION
@click.argument("urls", nargs=-1, required=True, metavar="URL...")
def command(output: OutputOptions, rate_pps: float, urls: tuple[str, ...]) -> ExitStatus:
    """Walk the path of the very flow that each URL makes, with a control flow beside it.

    URL is as for probe. Of a name with several addresses each has a table of its own.
    """
    job = job_for(NAME, urls, output, rate_pps)
    traced = replace(job, assignment=replace(job.assignment, is_traced=True))
    report, record = carry_out(traced, output)
    _print(report, _paths(report, record, urls), output)
    return exit_status(report)


def _paths(report: Report, record: Record, urls: tuple[str, ...]) -> list[TracedPath]:
    endpoints = {url.partition(":")[0] for url in urls}
    checks = {check.id: check for check in report.checks}
    flows = (item for item in record.evidence.checks if isinstance(item, FlowEvidence))
    return [
        traced_path(flow, checks[flow.target.check])
        for flow in flows
        if flow.target.endpoint in endpoints
    ]


def _print(report: Report, paths: list[TracedPath], output: OutputOptions) -> None:
    if not paths:
        # Without an address there is no path: the report says what became of the name.
        print_report(report, output)
    elif output.is_json:
        click.echo(render_json(paths, report), nl=False)
    else:
        click.echo("\n".join(map(render_table, paths)), nl=False)
