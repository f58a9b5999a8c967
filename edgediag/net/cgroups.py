"""The folders of the control groups that this process is in.

A mount of our own would not do: in the first cgroup namespace it changes the options of all others
(kernel/cgroup/cgroup.c, apply_cgroup_root_flags).
"""

import errno
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from edgediag.host.cgroups import decode_mount, groups_of

# Whose mounts are looked at, and what stands before their paths here. Entering a network namespace
# by ip(8) lays a new /sys over the mount; the first process still has it.
_VIEWS: Final = (("/proc/thread-self", ""), ("/proc/1", "/proc/1/root"))


def group_folders() -> Mapping[str, str]:
    """The folder of each group that holds this process, by its name, the innermost first.

    raises  OSError: ENOENT where no cgroup2 in sight holds this process
    """
    found = next(_views(), None)
    if found is None:
        raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))
    return found


def _views() -> Iterator[Mapping[str, str]]:
    own = _text("/proc/thread-self/cgroup")
    for process, root in _VIEWS:
        mount = decode_mount(_text(f"{process}/mountinfo"))
        groups = () if mount is None else groups_of(own, mount)
        if mount is not None and groups and os.path.isdir(f"{root}{mount.path}{groups[0]}"):
            yield {group: f"{root}{mount.path}{group}" for group in groups}


def _text(path: str) -> str:
    """What the file says, "" where the kernel does not let it be read."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="backslashreplace")
    except OSError:
        return ""
