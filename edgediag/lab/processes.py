"""Start the processes that serve the lab's nodes, and end them, never anybody else's."""

import os
import select
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edgediag.errors import CannotRunError
from edgediag.lab import state
from edgediag.lab.state import Process

READY_S = 20.0
END_S = 5.0
# In the place of a node's name: one process serves on all of them.
SERVICES_NODE = "services"


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A process that has not said "ready" yet; `said` is the reading end of its output."""

    process: Process
    said: int
    log: Path


def start(prefix: str) -> Started:
    """The process of all services, on file before it opens anything."""
    words = (sys.executable, "-m", "edgediag.lab.server", prefix)
    return start_program(prefix, SERVICES_NODE, words, "")


def await_ready(started: Started) -> None:
    """All its sockets are open."""
    readable, _, _ = select.select([started.said], [], [], READY_S)
    words = os.read(started.said, 16) if readable else b""
    os.close(started.said)
    if words != b"ready\n":
        complaint = started.log.read_text().strip()[-500:] or "it says nothing"
        raise CannotRunError(f"cannot serve in the lab: {complaint}")


def end(processes: Sequence[Process]) -> None:
    """None of them runs any more."""
    descriptors = [_signal(process, signal.SIGKILL) for process in processes]
    deadline_s = time.monotonic() + END_S
    for process, descriptor in zip(processes, descriptors):
        if descriptor is None:
            continue
        # A pidfd is readable once its process has ended (pidfd_open(2)).
        select.select([descriptor], [], [], max(0.0, deadline_s - time.monotonic()))
        os.close(descriptor)
        _reap(process.pid)


def is_running(process: Process) -> bool:
    """The very process that was started still runs."""
    return _identity(process.pid) == (process.start_time, process.boot_id)


def has_ended(started: Started) -> bool:
    """The process that this one started runs no more; `end` reaps it."""
    options = os.WEXITED | os.WNOHANG | os.WNOWAIT
    return os.waitid(os.P_PID, started.process.pid, options) is not None


def start_program(prefix: str, node: str, argv: tuple[str, ...], name: str) -> Started:
    """A process of the node, on file before it is told to "go" on its standard input.

    argv  the program by its path, which waits for that word
    name  of its log, beside the node's own; "" for that one
    """
    log = state.folder(prefix) / f"{'-'.join(filter(None, (node, name)))}.log"
    input_end, go = os.pipe()
    said, output_end = os.pipe()
    pid = os.posix_spawn(
        argv[0],
        argv,
        dict(os.environ),
        file_actions=[
            (os.POSIX_SPAWN_DUP2, input_end, 0),
            (os.POSIX_SPAWN_DUP2, output_end, 1),
            (os.POSIX_SPAWN_OPEN, 2, str(log), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644),
        ],
        setsid=True,
    )
    os.close(input_end)
    os.close(output_end)
    start_time, boot_id = _identity(pid)
    process = Process(node=node, pid=pid, start_time=start_time, boot_id=boot_id)
    known = state.load(prefix)
    state.save(prefix, replace(known, processes=(*known.processes, process)))
    os.write(go, b"go\n")
    os.close(go)
    return Started(process=process, said=said, log=log)


def _signal(process: Process, number: signal.Signals) -> int | None:
    """A pidfd of the process, signalled; None if it is gone or is another's."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return None
    # The descriptor pins the process, so what is read after opening it cannot change owner.
    if not is_running(process):
        os.close(descriptor)
        return None
    signal.pidfd_send_signal(descriptor, number)
    return descriptor


def _identity(pid: int) -> tuple[int, str]:
    """Start time and boot of the process with this number; (0, "") if there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        boot_id = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return 0, ""
    # The name in parentheses may hold spaces; 20 fields follow up to the start time.
    return int(stat.rpartition(")")[2].split()[19]), boot_id


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        # Another process started it; init reaps it.
        return
