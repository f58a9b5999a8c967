"""The report for a terminal or a ticket: root causes first, then every check."""

import io
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Final

from edgediag.compat import assert_never
from edgediag.inference.layers import is_stopped, layers_of
from edgediag.inference.lifetime import in_words
from edgediag.model.layer import LayerReport, LayerState
from edgediag.model.mapping import MappingLifetime
from edgediag.model.report import CheckReport, Report
from edgediag.model.verdict import Place, RootCause, Status, Verdict
from edgediag.report.escape import escape_strings
from edgediag.report.words import exhibit, where_in_words

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

# Below this the columns of the checks have no room for a word.
MIN_WIDTH: Final = 60

# Enough for the longest place and the longest mechanism, one above the other.
VERDICT_WIDTH: Final = 22

# The word says it; the colour only repeats it.
_STYLES: Final = {
    Status.OK: "green",
    Status.BLOCKED: "bold red",
    Status.DEGRADED: "yellow",
    Status.UNDETERMINED: "magenta",
    Status.NOT_CHECKED: "dim",
}


def render(report: Report, *, width: int, color: bool) -> str:
    """The report in lines of at most `width` columns, folded and never cut.

    width  60 or more; less is taken for 60
    """
    from rich.console import Console

    out = io.StringIO()
    console = Console(
        file=out,
        width=max(width, MIN_WIDTH),
        color_system="standard" if color else None,
        force_terminal=color,
        force_jupyter=False,
        force_interactive=False,
        no_color=not color,
        legacy_windows=False,
        highlight=False,
        markup=False,
        emoji=False,
        _environ={},
    )
    _print(console, escape_strings(report))
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


def _print(console: "Console", report: Report) -> None:
    console.print(_headline(report), style="bold")
    console.print(_origin(report))
    if report.root_causes:
        _print_title(console, "ROOT CAUSES")
    for number, cause in enumerate(report.root_causes, start=1):
        _print_conclusion(console, number, cause, ("explains", ", ".join(cause.explains)))
    apart = _unexplained(report)
    if apart:
        _print_title(console, "CHECKS WITHOUT A COMMON CAUSE")
    for number, (check, verdict) in enumerate(apart, start=len(report.root_causes) + 1):
        _print_conclusion(console, number, verdict, ("check", check.id))
    made = [check for check in report.checks if check.status is not Status.NOT_CHECKED]
    if made:
        _print_title(console, "CHECKS")
        console.print(_checks(made))
    layers = layers_of(report.checks, report.root_causes)
    if is_stopped(layers):
        _print_title(console, "LAYERS, FROM BELOW")
        console.print(_grid(_layers(layers), indent=0))
    if isinstance(report.mapping, MappingLifetime):
        _print_list(console, "IDLE UDP MAPPINGS LIVE", [in_words(report.mapping)])
    _print_list(console, "NOT CHECKED", _omitted(report))
    _print_list(console, "FILES", (f"{file.path} ({file.kind})" for file in report.artifacts))
    _print_list(console, "WARNINGS", report.warnings)


def _headline(report: Report) -> str:
    """The whole report in one sentence."""
    counts = {status: 0 for status in Status}
    for check in report.checks:
        counts[check.status] += 1
    tally = ", ".join(f"{n} {status.value}" for status, n in counts.items() if n) or "no check"
    prefix = "INTERRUPTED, so far: " if report.run.is_interrupted else ""
    if counts[Status.BLOCKED] + counts[Status.DEGRADED]:
        return f"{prefix}FAULTS FOUND: {tally}"
    if counts[Status.UNDETERMINED]:
        return f"{prefix}UNDETERMINED: no block is proven, but not every check passes: {tally}"
    if not counts[Status.OK]:
        return f"{prefix}NOTHING CHECKED: {tally}"
    return f"{prefix}HEALTHY: every check that was made passes: {tally}"


def _origin(report: Report) -> str:
    node, run = report.node, report.run
    addresses = ", ".join(str(address) for address in node.addresses) or "no address"
    return (
        f"edgediag {report.version} {run.command} on {node.hostname} ({addresses}; "
        f"kernel {node.kernel}), {run.started}, {run.duration_s:.1f} s"
    )


def _unexplained(report: Report) -> list[tuple[CheckReport, Verdict]]:
    """The checks that failed and that no root cause explains, in the order of the report."""
    explained = {check for cause in report.root_causes for check in cause.explains}
    return [
        (check, check.verdict)
        for check in report.checks
        if check.verdict is not None
        and check.status not in (Status.OK, Status.NOT_CHECKED)
        and check.id not in explained
    ]


def _print_conclusion(
    console: "Console", number: int, conclusion: RootCause | Verdict, of: tuple[str, str]
) -> None:
    what = conclusion.mechanism.value if conclusion.mechanism else "mechanism unknown"
    title = f"{where_in_words(conclusion)} - {what}, {conclusion.certainty.value}"
    rows = [("what", conclusion.summary)]
    if conclusion.culprit is not None:
        shown = exhibit(conclusion.culprit)
        rows += [("culprit", shown.name), ("look", shown.command)]
    rows += [("remedy", conclusion.remedy), of]
    console.print(_grid([(f"{number}.", title)], indent=0), style="bold")
    console.print(_grid([row for row in rows if row[1]], indent=3))


def _checks(checks: list[CheckReport]) -> "RenderableType":
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("STATUS", no_wrap=True)
    table.add_column("CHECK AND TARGET", overflow="fold")
    table.add_column("TIME", no_wrap=True, justify="right")
    table.add_column("VERDICT", overflow="fold", max_width=VERDICT_WIDTH)
    for check in checks:
        status = Text(check.status.value, style=_STYLES[check.status])
        name = check.id if check.is_required else f"{check.id} (optional)"
        time = "-" if check.latency_s is None else _time(check.latency_s)
        # One cell for both: a long host name moves to a line of its own instead of being cut up.
        table.add_row(status, Text(f"{name}  {_target(check)}"), time, Text(_verdict(check)))
    return table


def _time(latency_s: float) -> str:
    latency_ms = latency_s * 1000
    return f"{latency_ms:.1f} ms" if latency_ms >= 1 else f"{latency_ms:.2f} ms"


def _target(check: CheckReport) -> str:
    if not check.host:
        return check.purpose
    host = f"[{check.host}]" if ":" in check.host else check.host
    return f"{host}:{check.port}" if check.port else host


def _verdict(check: CheckReport) -> str:
    verdict = check.verdict
    if verdict is None or check.status is Status.OK:
        return check.note
    places = "|".join(p.value for p in Place if p in verdict.where) or "not located"
    return f"{places}: {verdict.mechanism.value}" if verdict.mechanism else places


def _layers(layers: Sequence[LayerReport]) -> list[tuple[str, str]]:
    """What each layer is said to be, and its name; neighbours of which the same is said in one."""
    return [
        (said.partition(":")[0], ", ".join(layer.name for layer in group) + _tail(said))
        for said, group in groupby(layers, _said)
    ]


def _said(layer: LayerReport) -> str:
    match layer.state:
        case LayerState.OK:
            return "ok"
        case LayerState.NOT_JUDGED:
            return f"not judged:{layer.reason}"
        case LayerState.FAILED | LayerState.IMPAIRED:
            return f"{layer.state.value}:{', '.join(layer.checks)}"
        case _:
            assert_never(layer.state)


def _tail(said: str) -> str:
    _, separator, rest = said.partition(":")
    return f": {rest}" if separator else ""


def _omitted(report: Report) -> list[str]:
    """The checks that were not made, those with the same reason in one line."""
    reasons: dict[str, list[str]] = {}
    for check in report.checks:
        if check.status is Status.NOT_CHECKED:
            reasons.setdefault(check.note or "no reason given", []).append(check.id)
    return [f"{reason}: {', '.join(checks)}" for reason, checks in reasons.items()]


def _print_list(console: "Console", title: str, lines: Iterable[str]) -> None:
    rows = [("-", line) for line in lines]
    if rows:
        _print_title(console, title)
        console.print(_grid(rows, indent=0))


def _print_title(console: "Console", title: str) -> None:
    console.print(f"\n{title}", style="bold")


def _grid(rows: list[tuple[str, str]], *, indent: int) -> "RenderableType":
    """Label and text side by side, the text folded under itself."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for label, text in rows:
        grid.add_row(Text(label), Text(text))
    return Padding(grid, (0, 0, 0, indent))
