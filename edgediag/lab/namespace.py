"""Network namespaces by name, where ip-netns(8) keeps them, so that its commands work on them.

Namespaces are entered by the calling thread only; a program it starts meanwhile starts inside.
"""

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edgediag.errors import CannotRunError

RUN_DIRECTORY = Path("/run/netns")
MOUNT_S = 10.0

# <linux/sched.h>, <linux/mount.h>; the standard library has unshare() and setns() from 3.12 on.
CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWNET = 0x40000000
MS_BIND = 0x1000
MS_REC = 0x4000
MS_SLAVE = 0x80000
MS_SHARED = 0x100000
MNT_DETACH = 2

_LIBC = ctypes.CDLL(None, use_errno=True)


def require_root() -> None:
    """The caller may make namespaces."""
    if os.geteuid() != 0:
        raise CannotRunError("cannot build the lab: it needs root for network namespaces; use sudo")


def create(name: str) -> None:
    """A new, empty namespace stands under `name`."""
    _share_run_directory()
    path = RUN_DIRECTORY / name
    path.touch(mode=0o444, exist_ok=False)
    with _returning():
        unshare(CLONE_NEWNET)
        mount("/proc/thread-self/ns/net", str(path), flags=MS_BIND)


def remove(name: str) -> None:
    """The name is gone; the namespace follows when the last process in it ends."""
    path = RUN_DIRECTORY / name
    # A crash may have left the file without its mount: EINVAL is then no failure.
    _LIBC.umount2(os.fsencode(path), MNT_DETACH)
    path.unlink(missing_ok=True)


def exists(name: str) -> bool:
    """A name is taken, be it a whole namespace or what a crash left of one."""
    return (RUN_DIRECTORY / name).exists()


@contextmanager
def entered(name: str) -> Iterator[None]:
    """The calling thread is inside the namespace until the block ends."""
    with _returning():
        enter(name)
        yield


def enter(name: str) -> None:
    """The calling thread moves into the namespace for good."""
    try:
        descriptor = os.open(RUN_DIRECTORY / name, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError as exc:
        raise CannotRunError(f"cannot enter namespace {name}: there is none; lab up first") from exc
    try:
        _check(_LIBC.setns(descriptor, CLONE_NEWNET), f"enter namespace {name}")
    finally:
        os.close(descriptor)


def unshare(flags: int) -> None:
    """The calling thread gets namespaces of its own, of the kinds in `flags`."""
    _check(_LIBC.unshare(flags), "make a namespace")


def mount(source: str, target: str, *, kind: str = "none", flags: int) -> None:
    """mount(2)."""
    result = _LIBC.mount(os.fsencode(source), os.fsencode(target), os.fsencode(kind), flags, None)
    _check(result, f"mount {source} on {target}")


def lay_over(layer: Path, target: str) -> None:
    """The files of a folder are seen in another, beside what it has, and nothing in it changes.

    For the calling thread's mount namespace, which should be one of its own.
    """
    # mount(8), because the layers go into the options, and a colon parts them.
    options = f"lowerdir={layer}:{target}"
    command = ("mount", "-t", "overlay", "-o", options, "overlay", target)
    ended = subprocess.run(command, capture_output=True, text=True, timeout=MOUNT_S)
    if ended.returncode:
        said = " ".join(ended.stderr.split())
        raise CannotRunError(f"cannot overlay {layer} on {target}: {said}")


def _share_run_directory() -> None:
    """/run/netns is a shared mount point, so that other mount namespaces see names come and go."""
    RUN_DIRECTORY.mkdir(mode=0o755, exist_ok=True)
    path = os.fsencode(RUN_DIRECTORY)
    if _LIBC.mount(b"none", path, b"none", MS_SHARED | MS_REC, None) != 0:
        mount(str(RUN_DIRECTORY), str(RUN_DIRECTORY), flags=MS_BIND | MS_REC)
        mount("none", str(RUN_DIRECTORY), flags=MS_SHARED | MS_REC)


@contextmanager
def _returning() -> Iterator[None]:
    """The calling thread is back in its own network namespace when the block ends."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield
    finally:
        result = _LIBC.setns(home, CLONE_NEWNET)
        os.close(home)
        _check(result, "return from a namespace")


def _check(result: int, doing: str) -> None:
    if result == 0:
        return
    number = ctypes.get_errno()
    raise CannotRunError(f"cannot {doing}: {os.strerror(number)}")
