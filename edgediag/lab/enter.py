"""`python -m edgediag.lab.enter PREFIX NODE COMMAND…`: run a command inside a node.

It sees that node's name and network devices, and on the edge node that node's files: they are
mounted in a mount namespace of its own, which ends with it.
"""

import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from edgediag.errors import CannotRunError
from edgediag.lab import cgroup, namespace
from edgediag.lab.files import BINDS, LAID_OVER, SEARCH_PATH, edge_folder

# No exit status of a diagnosis that leaves a report, so that the two are not mistaken.
CANNOT_RUN = 4

_CGROUPS = "/sys/fs/cgroup"


def main(prefix: str, node: str, *command: str) -> None:
    """Become the command."""
    try:
        go_in(prefix, node)
        _become(command)
    except CannotRunError as exc:
        print(f"edgediag lab: {exc}", file=sys.stderr)
        sys.exit(CANNOT_RUN)


def go_in(prefix: str, node: str) -> None:
    """Make this process, and what it starts, one of the node's; there is no way back."""
    cgroup.join(f"{prefix}-{node}")
    namespace.enter(f"{prefix}-{node}")
    namespace.unshare(namespace.CLONE_NEWNS | namespace.CLONE_NEWUTS)
    socket.sethostname(node)
    # Slave, not private: a namespace that is removed outside must not live on in here.
    namespace.mount("none", "/", flags=namespace.MS_SLAVE | namespace.MS_REC)
    _mount_sys()
    if node == "edge":
        _bind_edge_files(edge_folder(prefix))
    path = os.environ.get("PATH", "")
    os.environ["PATH"] = f"{path}:{SEARCH_PATH}" if path else SEARCH_PATH


def _mount_sys() -> None:
    """The namespace's own devices, beside the control groups that every process has in sight."""
    flags = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
    groups = os.open(_CGROUPS, flags) if os.path.isdir(_CGROUPS) else None
    namespace.mount("sysfs", "/sys", kind="sysfs", flags=0)
    if groups is not None:
        source = f"/proc/self/fd/{groups}"
        namespace.mount(source, _CGROUPS, flags=namespace.MS_BIND | namespace.MS_REC)
        os.close(groups)


def _bind_edge_files(root: Path) -> None:
    for name, target in BINDS.items():
        if target.startswith("/run/"):
            # Not every machine has run systemd; what is below /run is gone with the next start.
            os.makedirs(target, exist_ok=True)
        if os.path.exists(target):
            namespace.mount(str(root / name), target, flags=namespace.MS_BIND)
    if (root / LAID_OVER).is_dir():
        namespace.lay_over(root / LAID_OVER, f"/{LAID_OVER}")


def _become(command: Sequence[str]) -> None:
    try:
        os.execvp(command[0], list(command))
    except OSError as exc:
        raise CannotRunError(f"cannot run {command[0]}: {exc.strerror}") from exc


if __name__ == "__main__":
    main(*sys.argv[1:])
