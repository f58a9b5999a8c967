"""A cgroup of the lab's own for a node: programs attached to it see that node's commands alone.

It lies below the mounted cgroup2 and is there only while something is attached to it.
"""

import errno
from pathlib import Path

from edgediag.errors import CannotRunError

MOUNTS = Path("/proc/self/mounts")
ATTEMPTS = 10


def root() -> Path | None:
    """Where a cgroup2 is mounted, the first one if there are several."""
    for line in MOUNTS.read_text().splitlines():
        _, target, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(target)
    return None


def create(name: str) -> Path:
    """The node's cgroup, which is there from now on."""
    above = root()
    if above is None:
        raise CannotRunError(f"cannot make a cgroup for {name}: no cgroup2 is mounted")
    folder = above / _folder(name)
    try:
        folder.mkdir(exist_ok=True)
    except OSError as exc:
        raise CannotRunError(f"cannot make {folder}: {exc.strerror}") from exc
    return folder


def join(name: str) -> None:
    """The calling process, and what it starts, belongs to the node's cgroup if there is one."""
    above = root()
    if above is None or not (above / _folder(name)).exists():
        return
    try:
        (above / _folder(name) / "cgroup.procs").write_text("0")
    except OSError as exc:
        raise CannotRunError(f"cannot join {above / _folder(name)}: {exc.strerror}") from exc


def remove(name: str) -> None:
    """There is no cgroup of the node's; what still runs in it belongs to the one above."""
    above = root()
    if above is None:
        return
    folder = above / _folder(name)
    for _ in range(ATTEMPTS):
        try:
            _move_all(folder, above)
            folder.rmdir()
        except FileNotFoundError:
            return
        except OSError as exc:
            # A process that has forked meanwhile is moved the next time.
            if exc.errno != errno.EBUSY:
                raise CannotRunError(f"cannot remove {folder}: {exc.strerror}") from exc
    if folder.exists():
        raise CannotRunError(f"cannot remove {folder}: processes keep coming up in it")


def _move_all(folder: Path, above: Path) -> None:
    for pid in (folder / "cgroup.procs").read_text().split():
        try:
            (above / "cgroup.procs").write_text(pid)
        except ProcessLookupError:
            # It has ended by itself.
            continue


def _folder(name: str) -> str:
    return f"edgediag-lab-{name}"
