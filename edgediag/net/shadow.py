"""A copy of this host's network, in namespaces that live no longer than the process inside.

No name stands for them and no file: when the process inside ends, by whatever end, the kernel
takes them down. What runs inside sees no process of the host, none of its named namespaces, and
may change nothing but the copy's network.
"""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Final

from edgediag.host.clone.handles import Handles
from edgediag.host.clone.ipset import CopiedSet
from edgediag.host.clone.legacy import CopiedTable
from edgediag.host.clone.nft import RuleSet
from edgediag.host.fix_words import Fix
from edgediag.model.answer import NotChecked
from edgediag.model.listener import Listener
from edgediag.model.rehearsal import FixFailed
from edgediag.net.clone_ipset import make_sets, read_sets
from edgediag.net.clone_legacy import make_tables, read_tables
from edgediag.net.clone_nft import copied_handles, make_rule_set, read_rule_set
from edgediag.net.clone_routing import (
    Routing,
    make_devices,
    make_ways,
    raise_far_ends,
    read_routing,
)
from edgediag.net.clone_sockets import hold
from edgediag.net.clone_sysctls import read_sysctls, stop_link_local, write_sysctls
from edgediag.net.host_tables import read_listeners
from edgediag.net.namespaces import (
    CLONE_NEWNET,
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    MS_PRIVATE,
    MS_REC,
    become_network_only,
    die_with,
    enter_network,
    mount,
    own_network,
    unshare,
)

NOT_COPIED: Final = ("connections", "xfrm", "traffic control", "BPF programs", "bridge tables")
_FIX_TIMEOUT_S: Final = 10.0
_MOST_SAID: Final = 2000
_STDERR: Final = 2
_PATH: Final = "/usr/sbin:/usr/bin:/sbin:/bin"
_PLAIN: Final = MS_NOSUID | MS_NODEV | MS_NOEXEC


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """All that a copy is made of, as it was read in one namespace."""

    rules: RuleSet
    tables: tuple[CopiedTable, ...]
    sets: tuple[CopiedSet, ...]
    routing: Routing
    sysctls: Mapping[str, str]
    listeners: tuple[Listener, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """What a copy has become.

    missing  what it lacks, in words
    sockets  held open as long as it is used
    far      a descriptor of the namespace with the other ends of its devices
    """

    handles: Handles
    missing: tuple[str, ...]
    sockets: tuple[socket.socket, ...]
    far: int


def read_network() -> Network | NotChecked:
    """The network of the namespace that the caller is in.

    raises  OSError where no netlink socket can be had
    """
    rules = read_rule_set()
    if isinstance(rules, NotChecked):
        return rules
    tables = read_tables()
    if isinstance(tables, NotChecked):
        return tables
    sets = read_sets()
    if isinstance(sets, NotChecked):
        return sets
    listeners = read_listeners()
    if isinstance(listeners, NotChecked):
        return listeners
    routing = read_routing()
    names = [link.name for link in routing.links]
    return Network(
        rules=rules,
        tables=tables,
        sets=sets,
        routing=routing,
        sysctls=read_sysctls(names),
        listeners=listeners,
    )


def enter_copy(network: Network) -> Copy | NotChecked:
    """The calling process, the first of its pid namespace, goes into a fresh copy.

    raises  OSError where the kernel refuses a namespace
    """
    mount("none", "/", kind="none", flags=MS_PRIVATE | MS_REC)
    mount("proc", "/proc", kind="proc", flags=_PLAIN)
    # Names of namespaces, locks and sockets of the host's daemons are not for the copy.
    mount("tmpfs", "/run", kind="tmpfs", flags=_PLAIN, data="mode=1777,size=16m")
    far, missing = _enter_network(network.routing)
    mount("sysfs", "/sys", kind="sysfs", flags=_PLAIN)
    sysctls = write_sysctls(network.sysctls)
    missing += make_ways(network.routing)
    for refused in (make_sets(network.sets), make_rule_set(network.rules)):
        if refused is not None:
            return refused
    refused = make_tables(network.tables)
    handles = copied_handles(network.rules) if refused is None else refused
    if isinstance(handles, NotChecked):
        return handles
    return Copy(
        handles=handles,
        missing=(*missing, *(f"sysctl {key}" for key in sysctls)),
        sockets=hold(network.listeners),
        far=far,
    )


def _enter_network(routing: Routing) -> tuple[int, tuple[str, ...]]:
    """Into a new network namespace with all devices; their other ends are in one of their own."""
    unshare(CLONE_NEWNET)
    far = own_network()
    stop_link_local()
    unshare(CLONE_NEWNET)
    near = own_network()
    stop_link_local()
    missing = make_devices(routing, far)
    enter_network(far)
    missing += raise_far_ends(routing)
    enter_network(near)
    os.close(near)
    # The descriptor `far` stays open as long as the process: it alone holds the other ends.
    return far, missing


def apply_fix(fix: Fix) -> FixFailed | NotChecked | None:
    """Run a fix in the namespaces that the caller is in, and with no power beyond them."""
    program = shutil.which(fix.program, path=_PATH)
    if program is None:
        return FixFailed(fix=fix.text, status=127, said="there is no such program")
    parent = os.getpid()
    with tempfile.TemporaryFile(dir="/run") as said:
        try:
            done = subprocess.run(
                [program, *fix.words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=said,
                env={"PATH": _PATH, "LC_ALL": "C"},
                cwd="/",
                timeout=_FIX_TIMEOUT_S,
                preexec_fn=lambda: confine(parent),
            )
        except subprocess.TimeoutExpired as error:
            return FixFailed(fix=fix.text, status=126, said=str(error))
        except (OSError, subprocess.SubprocessError) as error:
            return NotChecked(reason=f"the fix cannot be run confined: {_words(said) or error}")
        if done.returncode == 0:
            return None
        return FixFailed(fix=fix.text, status=done.returncode, said=_words(said))


def confine(parent: int) -> None:
    """The calling process is one for a fix: it may change the network and ends with its parent.

    Called between fork and exec; why it fails is written to standard error.
    """
    try:
        become_network_only()
        # Not before: to become another user takes it back.
        die_with(parent)
    except OSError as error:
        # The exception stays in this process, of which the other learns only that there was one.
        os.write(_STDERR, str(error).encode())
        raise


def _words(said: IO[bytes]) -> str:
    said.seek(0)
    return said.read(_MOST_SAID).decode("utf-8", "backslashreplace").strip()
