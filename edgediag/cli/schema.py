"""`edgediag schema`: what report.json looks like, for programs."""

from importlib.resources import files

import click


@click.command("schema")
def command() -> None:
    """Print the JSON Schema (draft 2020-12) of report.json."""
    schema = files("edgediag.report").joinpath("report.schema.json")
    click.echo(schema.read_text(encoding="utf-8"), nl=False)
