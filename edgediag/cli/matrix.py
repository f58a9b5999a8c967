"""`edgediag matrix`: the endpoint matrix for these facts, for people and for programs."""

import csv
import io
import json
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields, replace
from typing import Final

import click
from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from edgediag.cli.facts_options import facts_options
from edgediag.discovery.cluster import DEFAULT, discover
from edgediag.discovery.conflict_text import conflict_text
from edgediag.discovery.given import Given
from edgediag.endpoints.listing import MatrixRow, matrix_rows
from edgediag.matrix import build_matrix
from edgediag.model.cluster import ClusterFacts, Fact
from edgediag.model.endpoint import Direction, Matrix
from edgediag.net.files import NodeFiles
from edgediag.report.escape import escaped

SCHEMA: Final = "edgediag.matrix/1"

# What a spreadsheet takes for the beginning of a formula.
_FORMULA_STARTS: Final = ("=", "+", "-", "@")
_TITLES: Final = {
    Direction.INBOUND: "INBOUND: this node must be reached on",
    Direction.OUTBOUND: "OUTBOUND: this node must reach",
    Direction.ON_HOST: "ON THIS NODE",
}
# Below this the longest check id is folded into confetti.
_MIN_WIDTH: Final = 60


@click.command("matrix")
@click.option(
    "--format",
    "format_",
    type=click.Choice(("table", "csv", "json")),
    default="table",
    show_default=True,
    help="How to print it.",
)
@click.option("--json", "is_json", is_flag=True, help="The same as --format json.")
@facts_options
def command(given: Given, format_: str, is_json: bool) -> None:
    """Print what this node must reach and be reached on.

    Rows that hang on a fact nobody stated are printed too, with what would complete them. All
    phases are shown unless --phase says otherwise.
    """
    facts = discover(NodeFiles(root=given.root), _in_all_phases(given))
    for warning in (*facts.warnings, *map(conflict_text, facts.conflicts)):
        click.echo(f"warning: {escaped(warning)}", err=True)
    render = _FORMATS["json" if is_json else format_]
    click.echo(render(build_matrix(facts), facts), nl=False)


def render_table(matrix: Matrix, facts: ClusterFacts) -> str:
    """A table per direction, folded to the terminal or to 80 columns, never cut."""
    out = io.StringIO()
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 80
    console = Console(file=out, width=max(width, _MIN_WIDTH), color_system=None)
    rows = matrix_rows(matrix, facts.region)
    for direction, title in _TITLES.items():
        chosen = [row for row in rows if row.direction == direction.value]
        if chosen:
            console.print(Text(title), _table(chosen), Text(), sep="\n")
    if matrix.not_applicable:
        console.print(Text(f"does not apply: {', '.join(matrix.not_applicable)}"))
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


def render_csv(matrix: Matrix, facts: ClusterFacts) -> str:
    """A header and a line per row (RFC 4180, but for lines ended by LF alone)."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(field.name for field in fields(MatrixRow))
    for row in matrix_rows(matrix, facts.region):
        cells = (getattr(row, field.name) for field in fields(MatrixRow))
        writer.writerow(csv_cell(_words(cell)) for cell in cells)
    return out.getvalue()


def csv_cell(text: str) -> str:
    """The text as a cell that no spreadsheet runs: no control characters, and no formula."""
    cell = escaped(text)
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell


def render_json(matrix: Matrix, facts: ClusterFacts) -> str:
    """One object: the rows, what does not apply, and the facts all this was made from."""
    rows = matrix_rows(matrix, facts.region)
    document = {
        "schema": SCHEMA,
        "rows": [{**asdict(row), "omitted": row.omitted or None} for row in rows],
        "not_applicable": matrix.not_applicable,
        "facts": [asdict(fact) for fact in facts.facts],
        "warnings": facts.warnings,
    }
    return json.dumps(document, indent=2) + "\n"


def _in_all_phases(given: Given) -> Given:
    if any(fact.name == "phase" for fact in given.stated):
        return given
    every = Fact(name="phase", value="all", source=DEFAULT)
    return replace(given, stated=(*given.stated, every))


def _table(rows: list[MatrixRow]) -> Table:
    table = Table(box=None, expand=True, padding=(0, 1, 0, 0), pad_edge=False, header_style="none")
    table.add_column("check", ratio=1)
    for title in ("port", "phase", "required"):
        table.add_column(title, no_wrap=True)
    for row in rows:
        port = f"{row.protocol} {_words(row.port)}".strip()
        table.add_row(_check(row), port, "\n".join(row.phase), _words(row.required))
    return table


def _check(row: MatrixRow) -> Group:
    lines = [row.host, row.purpose]
    if row.omitted:
        lines.append(f"not checked: {row.omitted}")
    below = (Padding(Text(escaped(line), overflow="fold"), (0, 0, 0, 2)) for line in lines)
    return Group(Text(escaped(row.check), overflow="fold"), *below)


def _words(value: object) -> str:
    """A cell as text: booleans in words, lists with commas, nothing for None."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


_FORMATS: Final[Mapping[str, Callable[[Matrix, ClusterFacts], str]]] = {
    "table": render_table,
    "csv": render_csv,
    "json": render_json,
}
