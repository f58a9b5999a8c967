"""The options that every reporting command has in common."""

import functools
import math
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Concatenate, Final, ParamSpec, TypeVar

import click

from edgediag.errors import UsageError

# RFC 3339 without the punctuation that file names and shells trip over.
TIME_FORMAT: Final = "%Y%m%dT%H%M%SZ"
# What a report is folded to where nobody says how wide the paper is.
DEFAULT_WIDTH: Final = 80

# Where click keeps what was given until the command's function is called.
_META: Final = "edgediag.output"

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputOptions:
    """What to print, how, and where to leave the evidence.

    directory   None for the default one
    is_written  whether any file is left at all
    timeout_s   None for the command's own
    is_colored  standard output is a terminal and nobody objects to colour
    width       columns of that terminal, or 80
    """

    is_json: bool
    directory: Path | None
    is_written: bool
    is_quiet: bool
    is_verbose: bool
    timeout_s: float | None
    is_colored: bool
    width: int


def output_options(function: Callable[Concatenate[OutputOptions, P], R]) -> Callable[P, R]:
    """A click command's function that is given the common options as its first argument."""

    @functools.wraps(function)
    def command(*args: P.args, **kwargs: P.kwargs) -> R:
        return function(_gathered(click.get_current_context()), *args, **kwargs)

    for option in reversed(_OPTIONS):
        option(command)
    return command


def output_directory(options: OutputOptions, *, command: str, started: datetime) -> Path | None:
    """Where this run leaves its files, None for nowhere; nothing is created.

    started  an aware time; the name is in UTC
    """
    if not options.is_written:
        return None
    if options.directory is not None:
        return options.directory
    return Path("captures", f"{started.astimezone(timezone.utc):{TIME_FORMAT}}-{command}")


def _gathered(context: click.Context) -> OutputOptions:
    given = context.meta[_META]
    for one, other in (("output", "no_output"), ("quiet", "verbose")):
        if given[one] and given[other]:
            names = f"--{one} and --{other.replace('_', '-')}"
            raise UsageError(f"{names} contradict each other; give one of them")
    # A range of click's lets "nan" pass, which is on no side of any limit.
    if given["timeout"] is not None and not math.isfinite(given["timeout"]):
        raise UsageError("--timeout is no number of seconds; give one such as 1.5")
    is_terminal = sys.stdout.isatty()
    return OutputOptions(
        is_json=given["json"],
        directory=given["output"],
        is_written=not given["no_output"],
        is_quiet=given["quiet"],
        is_verbose=given["verbose"],
        timeout_s=given["timeout"],
        # https://no-color.org: present and not empty, whatever the value.
        is_colored=is_terminal and not given["no_color"] and not os.environ.get("NO_COLOR"),
        width=_terminal_width() if is_terminal else DEFAULT_WIDTH,
    )


def _terminal_width() -> int:
    return shutil.get_terminal_size(fallback=(DEFAULT_WIDTH, 24)).columns


def _remember(context: click.Context, parameter: click.Parameter, value: object) -> None:
    """Keep an option's value for `_gathered`, so that no command has to name it."""
    context.meta.setdefault(_META, {})[parameter.name] = value


_option = functools.partial(click.option, expose_value=False, callback=_remember)

_OPTIONS: Final = (
    _option("--json", is_flag=True, help="Print the report as JSON, and nothing else."),
    _option(
        "--output",
        metavar="DIR",
        type=click.Path(file_okay=False, path_type=Path),
        help="Leave report, evidence and capture in DIR (default: captures/TIME-COMMAND).",
    ),
    _option("--no-output", is_flag=True, help="Leave no files."),
    _option("--quiet", "-q", is_flag=True, help="No progress on standard error."),
    _option("--verbose", "-v", is_flag=True, help="Say on standard error what is being done."),
    _option(
        "--timeout",
        metavar="S",
        type=click.FloatRange(min=0, min_open=True),
        help="Wait at most S seconds for the answer to a probe.",
    ),
    _option("--no-color", is_flag=True, help="No colour, as with NO_COLOR in the environment."),
)
