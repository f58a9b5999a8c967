"""The common options reach a command as one value."""

import sys
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import click
import pytest

from edgediag.cli.output_options import OutputOptions, output_directory, output_options
from edgediag.errors import UsageError

DEFAULTS = OutputOptions(
    is_json=False,
    directory=None,
    is_written=True,
    is_quiet=False,
    is_verbose=False,
    timeout_s=None,
    is_colored=False,
    width=80,
)
# A quarter to eleven on the 22nd in Shanghai is a quarter to three in UTC.
STARTED = datetime(2026, 11, 22, 22, 45, tzinfo=timezone(timedelta(hours=8)))


def _given(*arguments: str) -> OutputOptions:
    """What a command is given for these arguments."""
    received: list[OutputOptions] = []

    @click.command()
    @click.option("--region", default="")
    @output_options
    def command(options: OutputOptions, region: str) -> None:
        received.append(options)

    command.main(list(arguments), standalone_mode=False)
    return received[0]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param([], DEFAULTS, id="nothing given"),
        pytest.param(["--json"], replace(DEFAULTS, is_json=True), id="JSON"),
        pytest.param(
            ["--output", "here"], replace(DEFAULTS, directory=Path("here")), id="a directory"
        ),
        pytest.param(["--no-output"], replace(DEFAULTS, is_written=False), id="no files"),
        pytest.param(["--quiet"], replace(DEFAULTS, is_quiet=True), id="quiet"),
        pytest.param(["--verbose"], replace(DEFAULTS, is_verbose=True), id="verbose"),
        pytest.param(["--timeout", "1.5"], replace(DEFAULTS, timeout_s=1.5), id="a timeout"),
        pytest.param(["--region", "x", "--no-color"], DEFAULTS, id="beside a command's own option"),
    ],
)
def test_options(arguments: list[str], expected: OutputOptions) -> None:
    assert _given(*arguments) == expected


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["--output", "here", "--no-output"], id="files and no files"),
        pytest.param(["--quiet", "--verbose"], id="quiet and verbose"),
        pytest.param(["--timeout", "nan"], id="a timeout that is no number"),
        pytest.param(["--timeout", "inf"], id="a timeout without end"),
    ],
)
def test_contradictions(arguments: list[str]) -> None:
    with pytest.raises(UsageError):
        _given(*arguments)


@pytest.mark.parametrize("value", ["0", "-1", "soon"])
def test_a_timeout_is_a_positive_number(value: str) -> None:
    with pytest.raises(click.BadParameter):
        _given("--timeout", value)


@pytest.mark.parametrize(
    ("no_color", "arguments", "is_colored"),
    [
        pytest.param(None, [], True, id="a terminal has colour"),
        pytest.param(None, ["--no-color"], False, id="the option objects"),
        pytest.param("1", [], False, id="the environment objects"),
        pytest.param("any word", [], False, id="whatever the word"),
        pytest.param("", [], True, id="an empty word is none"),
    ],
)
def test_colour(
    monkeypatch: pytest.MonkeyPatch, no_color: str | None, arguments: list[str], is_colored: bool
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_color is not None:
        monkeypatch.setenv("NO_COLOR", no_color)
    assert _given(*arguments).is_colored is is_colored


def test_the_width_is_the_terminal_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "132")
    assert _given().width == 132


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param(
            DEFAULTS, Path("captures/20261122T144500Z-diagnose"), id="the UTC time and the command"
        ),
        pytest.param(replace(DEFAULTS, directory=Path("here")), Path("here"), id="as asked for"),
        pytest.param(replace(DEFAULTS, is_written=False), None, id="nowhere"),
    ],
)
def test_directory(options: OutputOptions, expected: Path | None) -> None:
    assert output_directory(options, command="diagnose", started=STARTED) == expected
