"""edgediag replay: judge the evidence of a run once more, with no network."""

from pathlib import Path

import click

from edgediag.cli import ExitStatus
from edgediag.cli.evidence_files import read_record
from edgediag.cli.exit_status import exit_status
from edgediag.cli.output_options import OutputOptions, output_options
from edgediag.cli.printing import print_report
from edgediag.inference.judge import report_of


@click.command(name="replay")
@output_options
@click.argument("directory", type=click.Path(path_type=Path))
def command(output: OutputOptions, directory: Path) -> ExitStatus:
    """Judge the evidence in DIRECTORY again; nothing is sent, and nothing is written."""
    report = report_of(read_record(directory))
    print_report(report, output)
    return exit_status(report)
