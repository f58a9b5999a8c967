"""Processes in namespaces of their own, that end with the one that made them.

The standard library has unshare() from Python 3.12 on; the rest it has not.
"""

import ctypes
import os
import signal
from typing import Final

# <linux/sched.h>, <linux/mount.h>, <linux/prctl.h>, <linux/capability.h>
CLONE_NEWNS: Final = 0x00020000
CLONE_NEWPID: Final = 0x20000000
CLONE_NEWNET: Final = 0x40000000
MS_NOSUID, MS_NODEV, MS_NOEXEC = 0x2, 0x4, 0x8
MS_REC, MS_PRIVATE = 0x4000, 0x40000
_PR_SET_PDEATHSIG, _PR_SET_KEEPCAPS, _PR_CAPBSET_DROP = 1, 8, 24
_PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE = 38, 47, 2
_CAP_NET_ADMIN, _CAP_NET_RAW, _MOST_CAPABILITIES = 12, 13, 64
_CAPABILITY_VERSION_3: Final = 0x20080522
_NOBODY: Final = 65534

_LIBC: Final = ctypes.CDLL(None, use_errno=True)


def unshare(flags: int) -> None:
    """The calling process gets namespaces of its own; OSError where it may not."""
    _check(_LIBC.unshare(flags), "unshare")


def mount(source: str, target: str, *, kind: str, flags: int, data: str = "") -> None:
    """mount(2); OSError where it fails."""
    words = (os.fsencode(word) for word in (source, target, kind))
    _check(_LIBC.mount(*words, ctypes.c_ulong(flags), os.fsencode(data)), f"mount {target}")


def die_with(parent: int) -> None:
    """The calling process is killed when its parent ends, however that ends.

    A change of credentials undoes it (prctl(2), PR_SET_PDEATHSIG), also one of setfsuid(2): it is
    called after each.

    parent  the process id that the caller knows its parent by; 0 for one it cannot see
    """
    _check(_LIBC.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0), "prctl")
    if os.getppid() != parent:
        # It ended before it could be told.
        os._exit(1)


def own_network() -> int:
    """A descriptor of the network namespace that the caller is in."""
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def enter_network(descriptor: int) -> None:
    """The calling process moves into a network namespace."""
    _check(_LIBC.setns(descriptor, CLONE_NEWNET), "setns")


def become_network_only() -> None:
    """The calling process may change its network namespace, and nothing else of this host.

    It is nobody's, so that no file is its own; of root's power it keeps CAP_NET_ADMIN and
    CAP_NET_RAW. Called between fork and exec.
    """
    for capability in range(_MOST_CAPABILITIES):
        if capability not in (_CAP_NET_ADMIN, _CAP_NET_RAW):
            # EINVAL: this kernel has fewer.
            _LIBC.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    _check(_LIBC.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0), "prctl")
    os.setgroups([])
    os.setresgid(_NOBODY, _NOBODY, _NOBODY)
    os.setresuid(_NOBODY, _NOBODY, _NOBODY)
    kept = 1 << _CAP_NET_ADMIN | 1 << _CAP_NET_RAW
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)(kept, kept, kept, 0, 0, 0)
    _check(_LIBC.capset(header, sets), "capset")
    for capability in (_CAP_NET_ADMIN, _CAP_NET_RAW):
        raised = _LIBC.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability, 0, 0)
        _check(raised, "prctl")
    _check(_LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")


def _check(result: int, doing: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), doing)
