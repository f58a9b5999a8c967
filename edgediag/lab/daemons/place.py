"""Where a daemon lies: on the machine, or unpacked in a folder of its own.

Unpacked files stand where the daemon looks for them in a mount namespace alone: an overlay puts
them over /usr there, and nothing of the machine's own /usr changes.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgediag.lab import namespace
from edgediag.lab.daemons.catalog import DAEMONS
from edgediag.lab.daemons.daemon import Daemon
from edgediag.lab.netfilter import find_program

SYSTEM_FOLDER = Path("/var/cache/edgediag/daemons")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a daemon was found; `root` is the folder to overlay, None for the machine itself."""

    root: Path | None


def folders(environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Where unpacked daemons may lie: the system's cache, then the user's."""
    home = Path(environment.get("HOME", "/"))
    cache = Path(environment.get("XDG_CACHE_HOME") or home / ".cache")
    return SYSTEM_FOLDER, cache / "edgediag/daemons"


def find(daemon: Daemon, candidates: Sequence[Path]) -> Place | None:
    """Where the daemon is, the machine's own first; None if it is nowhere.

    candidates  folders with one root a daemon
    """
    if _are_there(daemon.files, ()):
        return Place(root=None)
    for folder in candidates:
        root = folder / daemon.program
        if _are_there(daemon.files, (root,)):
            return Place(root=root)
    return None


def absent(programs: Sequence[str]) -> tuple[str, ...]:
    """Those programs that are neither installed nor, being daemons, unpacked."""
    candidates = folders(os.environ)
    return tuple(
        program
        for program in programs
        if find_program(program) is None
        and not (program in DAEMONS and find(DAEMONS[program], candidates))
    )


def overlay(place: Place) -> None:
    """The calling process sees the unpacked files below /usr, in a mount namespace of its own."""
    if place.root is None:
        return
    namespace.lay_over(place.root / "usr", "/usr")


def _are_there(files: Sequence[str], roots: Sequence[Path]) -> bool:
    """Each file is there, below a root or on the machine; what was installed is not unpacked."""
    return all(
        any(os.path.exists(base) for base in (file, *(f"{root}{file}" for root in roots)))
        for file in files
    )
