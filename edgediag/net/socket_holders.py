"""Which processes hold a socket: /proc has them by inode (proc(5))."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_PREFIX: Final = "socket:["


def holders(inodes: frozenset[str]) -> Iterator[tuple[Path, str]]:
    """The folder of each process that holds one of the sockets, and which; () asks nobody."""
    for process in _PROC.iterdir() if inodes else ():
        if not process.name.isdigit():
            continue
        for inode in inodes & _held_by(process):
            yield process, inode


def _held_by(process: Path) -> frozenset[str]:
    try:
        entries = tuple((process / "fd").iterdir())
    except OSError:
        # It has ended, or is not to be looked at.
        return frozenset()
    targets = map(_target, entries)
    return frozenset(item[len(_PREFIX) : -1] for item in targets if item.startswith(_PREFIX))


def _target(entry: Path) -> str:
    try:
        return os.readlink(entry)
    except OSError:
        # It was closed meanwhile.
        return ""
