"""A report on standard output, in the form that was asked for."""

import click

from edgediag.cli.output_options import OutputOptions
from edgediag.model.report import Report
from edgediag.report import json as json_report
from edgediag.report import text as text_report


def print_report(report: Report, output: OutputOptions) -> None:
    """Print JSON and nothing else with --json, else text as wide as the terminal."""
    if output.is_json:
        click.echo(json_report.render(report), nl=False)
    else:
        click.echo(text_report.render(report, width=output.width, color=output.is_colored))
