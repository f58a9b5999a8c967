"""`python -m edgediag.lab.daemons.launch PREFIX NODE PROGRAM COMMAND…`: become a daemon.

It waits for the word "go" on standard input, as `server` does, enters the node, lays the
daemon's unpacked files over /usr, and becomes COMMAND; process number and start time stay.
Standard output joins standard error, which is the log.
"""

import os
import sys
from collections.abc import Sequence

from edgediag.errors import CannotRunError
from edgediag.lab import namespace
from edgediag.lab.daemons.catalog import DAEMONS
from edgediag.lab.daemons.place import find, folders, overlay
from edgediag.lab.files import SEARCH_PATH

CANNOT_RUN = 4


def main(prefix: str, node: str, program: str, *command: str) -> None:
    """Never return but for an error, which goes to the log."""
    if sys.stdin.readline() != "go\n":
        return
    try:
        _enter(f"{prefix}-{node}", program)
        _become(command)
    except CannotRunError as exc:
        print(f"edgediag lab: {exc}", file=sys.stderr)
        sys.exit(CANNOT_RUN)


def _enter(name: str, program: str) -> None:
    place = find(DAEMONS[program], folders(os.environ))
    if place is None:
        raise CannotRunError(f"cannot find {program}: it was there a moment ago")
    namespace.enter(name)
    namespace.unshare(namespace.CLONE_NEWNS)
    # Slave, not private: a namespace that is removed outside must not live on in here.
    namespace.mount("none", "/", flags=namespace.MS_SLAVE | namespace.MS_REC)
    overlay(place)


def _become(command: Sequence[str]) -> None:
    os.dup2(2, 1)
    try:
        os.execvpe(command[0], list(command), dict(os.environ) | {"PATH": SEARCH_PATH})
    except OSError as exc:
        raise CannotRunError(f"cannot run {command[0]}: {exc.strerror}") from exc


if __name__ == "__main__":
    main(*sys.argv[1:])
