"""Work in a process of its own that ends with this one, and its answer through a pipe."""

import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Final, NoReturn

from edgediag.net.namespaces import die_with
from edgediag.net.polling import is_readable

# What a command of its own may take; a run has less time.
LIMIT_S: Final = 60.0
_MOST_OCTETS: Final = 1 << 20


def answer_of(work: Callable[[int], str], limit_s: float = LIMIT_S) -> str:
    """What the work says; "" where it says nothing, fails or takes longer than the limit.

    work    called with the pipe's descriptor, so that a process it forks can answer for it
    raises  OSError where there can be no process
    """
    parent = os.getpid()
    reader, writer = os.pipe()
    try:
        child = _forked(lambda: _bound(work, (reader, writer), parent), writer)
        return _awaited(reader, child, limit_s).decode("ascii", "replace")
    finally:
        os.close(reader)


def say_and_exit(writer: int, work: Callable[[], str]) -> NoReturn:
    """Write what the work says and end, with nothing of the parent's unwritten output."""
    try:
        try:
            said = work()
        except Exception:
            # Said while the pipe is open: once it is closed this process is ended.
            sys.excepthook(*sys.exc_info())
            sys.stderr.flush()
            said = ""
        with os.fdopen(writer, "w", encoding="ascii") as pipe:
            pipe.write(said)
    finally:
        os._exit(0)


def _forked(work: Callable[[], str], writer: int) -> int:
    """The child's process id; the pipe's writing end is open in the child alone."""
    try:
        child = os.fork()
        if child == 0:
            say_and_exit(writer, work)
        return child
    finally:
        os.close(writer)


def _bound(work: Callable[[int], str], pipe: tuple[int, int], parent: int) -> str:
    reader, writer = pipe
    # Who holds it does not notice that nobody reads any more.
    os.close(reader)
    die_with(parent)
    # Ctrl-C is for the process that waits, which ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return work(writer)


def _awaited(reader: int, child: int, limit_s: float) -> bytes:
    try:
        return _read_all(reader, limit_s)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        # Processes of the child's hold the other end until the kernel has ended them.
        _read_all(reader, LIMIT_S)


def _read_all(reader: int, limit_s: float) -> bytes:
    """What comes through the pipe until its other end is closed or the time is up."""
    deadline_s = time.monotonic() + limit_s
    octets = b""
    while len(octets) < _MOST_OCTETS:
        remaining_s = deadline_s - time.monotonic()
        if remaining_s <= 0 or not is_readable(reader, remaining_s):
            break
        more = os.read(reader, 65536)
        if not more:
            break
        octets += more
    return octets
