"""The frame of the command line: help without imports, one place for errors and statuses."""

import re
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import click
import pytest

import edgediag
from edgediag import cli
from edgediag.cli import COMMANDS, ExitStatus, main, run, schema
from edgediag.errors import CannotRunError, EdgediagError, UsageError


def _raiser(error: BaseException) -> Callable[[], None]:
    def function() -> None:
        raise error

    return function


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Put a function in the place of `edgediag schema`."""

    def replace(function: Callable[[], object]) -> None:
        monkeypatch.setattr(schema, "command", click.command("schema")(function))

    return replace


def test_help_lists_every_command_from_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) is ExitStatus.PASSED
    out = capsys.readouterr().out
    for name, (_, line) in COMMANDS.items():
        assert f"  {name}" in out
        assert line in out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) is ExitStatus.PASSED
    assert capsys.readouterr().out == f"edgediag {edgediag.__version__}\n"


def test_no_command_is_a_usage_error_that_shows_the_help(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run([]) is ExitStatus.USAGE
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Usage: edgediag" in captured.err


@pytest.mark.parametrize(
    ("arguments", "pattern"),
    [
        pytest.param(
            ["--frob"],
            r"edgediag: no such option.*--frob.*; see 'edgediag --help'\n",
            id="an unknown option",
        ),
        pytest.param(
            ["frob"],
            r"edgediag: no such command.*frob.*; see 'edgediag --help'\n",
            id="an unknown command",
        ),
        pytest.param(
            ["schema", "--frob"],
            r"edgediag: no such option.*--frob.*; see 'edgediag schema --help'\n",
            id="an unknown option of a command",
        ),
        pytest.param(
            ["frob\x1b[31m"],
            r"edgediag: no such command.*frob\\x1b\[31m.*; see 'edgediag --help'\n",
            id="an argument that writes to the terminal",
        ),
    ],
)
def test_usage_errors(
    capsys: pytest.CaptureFixture[str], arguments: list[str], pattern: str
) -> None:
    assert run(arguments) is ExitStatus.USAGE
    captured = capsys.readouterr()
    assert captured.out == ""
    assert re.fullmatch(pattern, captured.err)


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        pytest.param(
            UsageError("cannot use --peer x: no address"),
            ExitStatus.USAGE,
            "edgediag: cannot use --peer x: no address\n",
            id="what the caller gave cannot be used",
        ),
        pytest.param(
            CannotRunError("cannot open a raw socket: EPERM; run as root"),
            ExitStatus.CANNOT_RUN,
            "edgediag: cannot open a raw socket: EPERM; run as root\n",
            id="a privilege is missing",
        ),
        pytest.param(
            EdgediagError("cannot read evidence.json"),
            ExitStatus.CANNOT_RUN,
            "edgediag: cannot read evidence.json\n",
            id="any other error of our own",
        ),
        pytest.param(
            KeyboardInterrupt(), ExitStatus.INTERRUPTED, "edgediag: interrupted\n", id="Ctrl-C"
        ),
        pytest.param(BrokenPipeError(), ExitStatus.CANNOT_RUN, "", id="nobody reads any more"),
    ],
)
def test_errors(
    command: Callable[[Callable[[], object]], None],
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    status: ExitStatus,
    message: str,
) -> None:
    command(_raiser(error))
    assert run(["schema"]) is status
    assert capsys.readouterr().err == message


@pytest.mark.parametrize("status", [None, *ExitStatus])
def test_the_status_a_command_returns_is_the_exit_status(
    command: Callable[[Callable[[], object]], None], status: ExitStatus | None
) -> None:
    command(lambda: status)
    assert run(["schema"]) is (status or ExitStatus.PASSED)


def test_a_crash_does_not_exit_with_the_status_of_a_fault(
    command: Callable[[Callable[[], object]], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    command(_raiser(ZeroDivisionError("a bug")))
    monkeypatch.setattr(sys, "argv", ["edgediag", "schema"])
    with pytest.raises(SystemExit) as exited:
        main()
    assert exited.value.code == ExitStatus.CANNOT_RUN.value
    assert "ZeroDivisionError: a bug" in capsys.readouterr().err


def test_output_that_cannot_be_written_is_not_a_fault_of_the_network() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "edgediag", "--version"], stdout=full, stderr=subprocess.PIPE
        )
    assert done.returncode == ExitStatus.CANNOT_RUN.value


def test_a_reader_that_goes_away_is_no_news() -> None:
    script = f"{sys.executable} -m edgediag schema | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], stderr=subprocess.PIPE, text=True)
    assert done.stderr == ""
    assert done.returncode in (ExitStatus.PASSED.value, ExitStatus.CANNOT_RUN.value)


def test_help_imports_neither_a_command_nor_a_library_of_the_network() -> None:
    script = (
        "import sys\n"
        "from edgediag.cli import run\n"
        "run(['--help'])\n"
        "print(*sys.modules, sep='\\n', file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    roots = {name.partition(".")[0] for name in done.stderr.split()}
    commands = {module for module, _ in COMMANDS.values()}
    assert roots & {"scapy", "pyroute2", "netifaces", "rich", "socket"} == set()
    assert commands & set(done.stderr.split()) == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_the_table_is_there_and_has_its_help(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert find_spec(COMMANDS[name][0]) is not None
    assert run([name, "--help"]) is ExitStatus.PASSED
    assert f"Usage: edgediag {name}" in capsys.readouterr().out


def test_every_module_with_a_command_is_in_the_table() -> None:
    modules = {
        f"edgediag.cli.{path.stem}"
        for path in Path(cli.__file__).parent.glob("*.py")
        if re.search(r"^(def )?command\b", path.read_text(), flags=re.MULTILINE)
    }
    assert {module for module, _ in COMMANDS.values()} == modules
