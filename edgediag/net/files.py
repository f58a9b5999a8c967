"""The node's files, of this node or below a directory that holds another's; never written to."""

import errno
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass

from edgediag.model.answer import NotChecked

MAX_OCTETS = 4 * 1024 * 1024
MAX_NAMES = 4096
# As many as the kernel follows before ELOOP (path_resolution(7)).
MAX_SYMLINKS = 40

PROGRAM_DIRECTORIES = (
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
)
"""Where packages put programs; not PATH, which `sudo` and cron cut short."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFiles:
    """A reader of files by the path that the node itself gives them.

    Below a root other than "/" every symbolic link is followed as in a chroot(2): an absolute one
    starts at the root, and ".." does not climb above it. The tree is taken to stand still.
    """

    root: str

    def read_text(self, path: str) -> str | NotChecked:
        """The text of a regular file of at most MAX_OCTETS, or why it cannot be had.

        Octets that are not UTF-8 become U+FFFD.
        """
        try:
            octets = _read_regular(self._inside(path))
        except (OSError, ValueError) as exc:
            return NotChecked(reason=f"cannot read {path}: {_reason(exc)}")
        if len(octets) > MAX_OCTETS:
            return NotChecked(reason=f"cannot read {path}: larger than {MAX_OCTETS} octets")
        return octets.decode("utf-8", errors="replace")

    def list_dir(self, path: str) -> tuple[str, ...] | NotChecked:
        """The names in a directory in ascending order, or why they cannot be had."""
        try:
            names = os.listdir(self._inside(path))
        except (OSError, ValueError) as exc:
            return NotChecked(reason=f"cannot list {path}: {_reason(exc)}")
        if len(names) > MAX_NAMES:
            return NotChecked(reason=f"cannot list {path}: more than {MAX_NAMES} names")
        return tuple(sorted(names))

    def modified_s(self, path: str) -> float | NotChecked | None:
        """When the file was last written, in seconds since the epoch; None where there is none."""
        try:
            return os.stat(self._inside(path)).st_mtime
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as exc:
            return NotChecked(reason=f"cannot look at {path}: {_reason(exc)}")

    def find_programs(self, names: Sequence[str]) -> tuple[str, ...]:
        """Those of the names, in their order, that are a program of the node."""
        return tuple(
            name
            for name in names
            if any(self._is_program(f"{directory}/{name}") for directory in PROGRAM_DIRECTORIES)
        )

    def _is_program(self, path: str) -> bool:
        try:
            mode = os.stat(self._inside(path)).st_mode
        except (OSError, ValueError):
            return False
        return stat.S_ISREG(mode) and bool(mode & 0o111)

    def _inside(self, path: str) -> str:
        if os.path.realpath(self.root) == "/":
            return path
        return _resolve(os.path.realpath(self.root), path)


def _resolve(root: str, path: str) -> str:
    """The path outside that stands for `path` inside, without a symbolic link in it."""
    done: list[str] = []
    ahead = path.split("/")[::-1]
    links = 0
    while ahead:
        part = ahead.pop()
        if part in ("", "."):
            continue
        if part == "..":
            del done[-1:]
            continue
        step = os.path.join(root, *done, part)
        if not os.path.islink(step):
            done.append(part)
            continue
        links += 1
        if links > MAX_SYMLINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
        aim = os.readlink(step)
        if aim.startswith("/"):
            done.clear()
        ahead.extend(aim.split("/")[::-1])
    return os.path.join(root, *done)


def _read_regular(path: str) -> bytes:
    # Asked before it is opened: opening alone is an act where the path leads to a device.
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise OSError(errno.EINVAL, "not a regular file")
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    with open(descriptor, "rb") as stream:
        # None where a file below /proc has nothing to say yet.
        return stream.read(MAX_OCTETS + 1) or b""


def _reason(exc: OSError | ValueError) -> str:
    if isinstance(exc, OSError) and exc.strerror:
        return exc.strerror.lower()
    # A path with a NUL in it, or one that the file system's encoding cannot spell.
    return "the path cannot exist"
