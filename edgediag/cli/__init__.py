"""The command line: arguments in, exit status out; each command is a module of its own.

Only the module of the command that was asked for is imported, so that `--help` stays quick.
"""

import gc
import io
import os
import sys
from collections.abc import Sequence
from enum import Enum
from importlib import import_module
from typing import Final, NoReturn

import click

from edgediag import __version__
from edgediag.errors import EdgediagError, UsageError
from edgediag.report.escape import escaped

PROGRAM: Final = "edgediag"

# Name, the module whose `command` it is, and its line in `edgediag --help`.
COMMANDS: Final = {
    "diagnose": ("edgediag.cli.diagnose", "Find where this node's traffic is blocked, and why."),
    "explain": (
        "edgediag.cli.explain",
        "Explain why this node would pass or drop a packet, sending none.",
    ),
    "facts": ("edgediag.cli.facts", "Print what is known of the cluster, and who says so."),
    "inspect": ("edgediag.cli.inspect", "Print one table of this node, and what is wrong in it."),
    "lab": ("edgediag.cli.lab", "The network in a box: build it, break it, look at it."),
    "matrix": ("edgediag.cli.matrix", "Print what this node must reach and be reached on."),
    "probe": ("edgediag.cli.probe", "Find out whether targets of your own are reached."),
    "replay": ("edgediag.cli.replay", "Infer again from a run's evidence, with no network."),
    "schema": ("edgediag.cli.schema", "Print the JSON Schema of report.json."),
    "trace": ("edgediag.cli.trace", "Walk the path of a flow, hop by hop, beside a control."),
}


class ExitStatus(Enum):
    """What the exit status of every command says."""

    PASSED = 0
    FAULT_FOUND = 1
    USAGE = 2
    UNDETERMINED = 3
    CANNOT_RUN = 4
    INTERRUPTED = 130


# The first that fits counts.
_STATUS_OF: Final[tuple[tuple[type[BaseException], ExitStatus], ...]] = (
    (click.UsageError, ExitStatus.USAGE),
    (UsageError, ExitStatus.USAGE),
    (click.Abort, ExitStatus.INTERRUPTED),
    (KeyboardInterrupt, ExitStatus.INTERRUPTED),
    (Exception, ExitStatus.CANNOT_RUN),
)


def main() -> NoReturn:
    """Run the command that the command line asks for and exit with its status."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A locale without our characters gets \uNNNN, which JSON reads as what was meant.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        status = run(sys.argv[1:])
    except Exception:
        # A crash would exit with 1 in Python, and 1 says here that a fault was found.
        sys.excepthook(*sys.exc_info())
        status = ExitStatus.CANNOT_RUN
    try:
        sys.stdout.flush()
    except OSError:
        status = ExitStatus.CANNOT_RUN
        # The interpreter flushes once more on its way out; let that go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    # On its way out the interpreter would search all that there is for cycles, to free it piece by
    # piece: a seventh of the whole time of a short command.
    gc.freeze()
    sys.exit(status.value)


def run(arguments: Sequence[str]) -> ExitStatus:
    """The exit status of a command line; every error becomes a message and a status here.

    A command returns its ExitStatus, or None for PASSED.
    """
    try:
        with _group(arguments).make_context(PROGRAM, list(arguments)) as context:
            status = context.command.invoke(context)
    except click.exceptions.Exit as exc:
        return ExitStatus(exc.exit_code)
    except click.exceptions.NoArgsIsHelpError as exc:
        exc.show()
        return ExitStatus.USAGE
    except BrokenPipeError:
        return ExitStatus.CANNOT_RUN
    except (click.ClickException, click.Abort, EdgediagError, KeyboardInterrupt) as exc:
        click.echo(f"{PROGRAM}: {escaped(_message(exc))}", err=True)
        return next(status for type_, status in _STATUS_OF if isinstance(exc, type_))
    return ExitStatus.PASSED if status is None else ExitStatus(status)


def _group(arguments: Sequence[str]) -> click.Group:
    group = click.Group(
        name=PROGRAM,
        help="Where the traffic of an edge node is blocked, and by what.",
        commands={name: _command(name, arguments) for name in COMMANDS},
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    click.version_option(__version__, prog_name=PROGRAM, message="%(prog)s %(version)s")(group)
    return group


def _command(name: str, arguments: Sequence[str]) -> click.Command:
    """The command itself where the command line names it, else its line of help.

    The group has no option with a value, so the first word without a dash is the command.
    """
    module, line = COMMANDS[name]
    asked_for = next((word for word in arguments if not word.startswith("-")), "")
    if name != asked_for:
        return click.Command(name, help=line)
    command = import_module(module).command
    assert isinstance(command, click.Command)
    return command


def _message(error: BaseException) -> str:
    """What to say of an error; click's own words are brought into our style."""
    if isinstance(error, click.Abort | KeyboardInterrupt):
        return "interrupted"
    if not isinstance(error, click.ClickException):
        return str(error)
    message = error.format_message().rstrip(".")
    message = f"{message[:1].lower()}{message[1:]}"
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"{message}; see '{context.command_path} --help'" if context else message
