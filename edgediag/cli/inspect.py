"""`edgediag inspect`: one local table as the diagnosis reads it, and what is wrong in it."""

from dataclasses import replace
from typing import Final

import click

from edgediag.cli import ExitStatus
from edgediag.discovery.cluster import discover
from edgediag.discovery.gateway_ends import gateway_ends, gateway_pools
from edgediag.discovery.given import Given
from edgediag.discovery.hub_ends import hub_ends
from edgediag.discovery.node_ends import node_ends
from edgediag.inference.inspection import TABLES, Inspection, inspect
from edgediag.model.answer import NotChecked
from edgediag.net.files import NodeFiles
from edgediag.net.host_tables import read_host
from edgediag.net.tunnel_objects import read_tunnels
from edgediag.report.inspection import render_json, render_text

_OF_TUNNELS: Final = ("raven", "xfrm")


@click.command("inspect")
@click.option("--json", "is_json", is_flag=True, help="Print JSON, and nothing else.")
@click.argument("table", type=click.Choice([table.name for table in TABLES]))
def command(table: str, is_json: bool) -> ExitStatus:
    """Print one table of this node as edgediag reads it, and what is wrong in it.

    Nothing is sent, and nothing is changed. What tunnels carry is read twice, a second apart.
    """
    chosen = next(item for item in TABLES if item.name == table)
    facts = discover(NodeFiles(root="/"), Given(stated=(), root="/", saved=()))
    host = replace(
        read_host(),
        node_ends=node_ends(facts.statements),
        gateway_ends=gateway_ends(facts.gateways, facts.raven_tunnels),
        gateway_pools=gateway_pools(facts.gateways),
        hub_ends=hub_ends(facts.statements),
    )
    if table in _OF_TUNNELS:
        host = read_tunnels(host)
    inspection = inspect(chosen, host)
    click.echo(render_json(inspection) if is_json else render_text(inspection), nl=False)
    return exit_status(inspection)


def exit_status(inspection: Inspection) -> ExitStatus:
    """A fault outweighs a part that could not be read."""
    if inspection.faults:
        return ExitStatus.FAULT_FOUND
    if any(isinstance(entries, NotChecked) for _, entries in inspection.parts):
        return ExitStatus.UNDETERMINED
    return ExitStatus.PASSED
