"""`python tests/denied.py NAME -- COMMAND…`: run a command from which the kernel keeps one thing.

So old and poor kernels, and containers with fewer rights, are had on a new one. All of it binds the
command alone: filters of system calls, the bounding set of capabilities, a mount namespace.
"""

import ctypes
import errno
import os
import platform
import runpy
import struct
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from edgediag.lab import namespace

# <linux/prctl.h>, <linux/seccomp.h>, <linux/bpf_common.h>
_PR_CAPBSET_DROP, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 24, 22, 38
_MODE_FILTER: Final = 2
_RETURN_ERRNO: Final = 0x00050000
_RETURN_ALLOW: Final = 0x7FFF0000
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
# struct seccomp_data: the number of the call, and the low half of its first argument.
_NUMBER, _ARGUMENTS = 0, 16

_CALLS: Final[Mapping[str, Mapping[str, int]]] = MappingProxyType(
    {
        "x86_64": {"bpf": 321, "socket": 41, "getsockopt": 55},
        "aarch64": {"bpf": 280, "socket": 198, "getsockopt": 209},
    }
)

# <linux/capability.h>
CAPABILITIES: Final[Mapping[str, int]] = MappingProxyType(
    {
        "CAP_NET_ADMIN": 12,
        "CAP_NET_RAW": 13,
        "CAP_SYS_ADMIN": 21,
        "CAP_PERFMON": 38,
        "CAP_BPF": 39,
    }
)

# Where programs find this tree's own modules first, and those of the tests.
PATH: Final = f"{Path(__file__).parents[1]}:{Path(__file__).parent}"

_LIBC: Final = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A system call that fails where its arguments, by their place, have these values."""

    name: str
    error: int
    arguments: Mapping[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """What is kept from a command.

    capabilities  that it cannot have
    hidden        folders that are empty for it
    patch         a line of Python that stands for what no filter can tell
    """

    calls: tuple[Call, ...] = ()
    capabilities: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    patch: str = ""


def _socket(family: int, protocol: int) -> Call:
    return Call(
        name="socket", error=errno.EPROTONOSUPPORT, arguments={0: family, 2: protocol}
    )


def _bpf(error: int) -> Call:
    return Call(name="bpf", error=error, arguments={})


_NETLINK, _PACKET = 16, 17
_NO_OWNED_TABLES: Final = """
import edgediag.net.nftrace as nftrace
from edgediag.net.netlink import Refusal
nftrace.commit = lambda netlink, changes: Refusal(errno_name="EOPNOTSUPP", text="")
"""

DENIALS: Final[Mapping[str, Denial]] = MappingProxyType(
    {
        "nothing": Denial(),
        "bpf-refused": Denial(calls=(_bpf(errno.EPERM),)),
        "bpf-unknown": Denial(calls=(_bpf(errno.ENOSYS),)),
        "no-netfilter-netlink": Denial(calls=(_socket(_NETLINK, 12),)),
        "no-xfrm-netlink": Denial(calls=(_socket(_NETLINK, 6),)),
        "no-sock-diag": Denial(calls=(_socket(_NETLINK, 4),)),
        "no-owned-tables": Denial(patch=_NO_OWNED_TABLES),
        "no-tracefs": Denial(
            hidden=("/sys/kernel/tracing", "/sys/kernel/debug", "/sys/kernel/btf")
        ),
        "no-sysctls": Denial(hidden=("/proc/sys",)),
        "no-cgroups": Denial(hidden=("/sys/fs/cgroup",)),
        "no-legacy-tables": Denial(
            calls=tuple(
                Call(name="getsockopt", error=errno.EPERM, arguments={1: 0, 2: option})
                for option in (64, 65)
            )
        ),
        "no-CAP_NET_ADMIN": Denial(capabilities=("CAP_NET_ADMIN",)),
        "no-CAP_NET_RAW": Denial(capabilities=("CAP_NET_RAW",)),
        "no-CAP_SYS_ADMIN": Denial(capabilities=("CAP_SYS_ADMIN",)),
        # CAP_SYS_ADMIN stands for both where they are missing (capabilities(7)).
        "no-CAP_BPF": Denial(capabilities=("CAP_BPF", "CAP_PERFMON", "CAP_SYS_ADMIN")),
        # What a container has that may open raw sockets.
        "few-rights": Denial(
            capabilities=tuple(name for name in CAPABILITIES if name != "CAP_NET_RAW")
        ),
        "no-packet-sockets": Denial(
            calls=(Call(name="socket", error=errno.EPERM, arguments={0: _PACKET}),)
        ),
    }
)

# Those without which no packet is sent or seen.
FATAL: Final = ("no-CAP_NET_RAW", "no-packet-sockets")


def command(name: str, words: Sequence[str]) -> tuple[str, ...]:
    """The command line that runs another without the thing."""
    return ("env", f"PYTHONPATH={PATH}", sys.executable, __file__, name, "--", *words)


def main(name: str, _dashes: str, *words: str) -> None:
    """Give the thing up, and become the command; Python modules are run in this very process."""
    denial = DENIALS[name]
    if denial.hidden:
        namespace.unshare(namespace.CLONE_NEWNS)
        namespace.mount("none", "/", flags=namespace.MS_SLAVE | namespace.MS_REC)
        for folder in filter(os.path.isdir, denial.hidden):
            namespace.mount("none", folder, kind="tmpfs", flags=0)
    for capability in denial.capabilities:
        _prctl(_PR_CAPBSET_DROP, CAPABILITIES[capability])
    _install(_program(denial.calls))
    if denial.patch:
        exec(denial.patch, {})
        sys.argv = [*words[2:]]
        runpy.run_module(words[2], run_name="__main__", alter_sys=True)
    os.execvp(words[0], words)


def _program(calls: Sequence[Call]) -> bytes:
    """The filter in classic BPF: each call's own test, and what it returns where that holds."""
    numbers = _CALLS[platform.machine()]
    return b"".join(
        (*(_test(call, numbers[call.name]) for call in calls), _step(_RETURN, 0, _RETURN_ALLOW))
    )


def _test(call: Call, number: int) -> bytes:
    places = [(_ARGUMENTS + 8 * at, value) for at, value in call.arguments.items()]
    conditions = [(_NUMBER, number), *places]
    steps: list[bytes] = []
    for passed, (offset, value) in enumerate(conditions):
        # What does not match goes on behind this call's own return.
        left = 2 * (len(conditions) - passed) - 1
        steps += (_step(_LOAD, 0, offset), _step(_EQUAL, left, value))
    return b"".join((*steps, _step(_RETURN, 0, _RETURN_ERRNO | call.error)))


def _step(code: int, if_not: int, value: int) -> bytes:
    return struct.pack("=HBBI", code, 0, if_not, value)


def _install(program: bytes) -> None:
    octets = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog
    described = struct.pack("@HP", len(program) // 8, ctypes.addressof(octets))
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.c_char_p(described))


def _prctl(option: int, *arguments: object) -> None:
    padded = [*arguments, *(0,) * (4 - len(arguments))]
    as_words = [ctypes.c_ulong(each) if isinstance(each, int) else each for each in padded]
    if _LIBC.prctl(option, *as_words) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


if __name__ == "__main__":
    main(*sys.argv[1:])
