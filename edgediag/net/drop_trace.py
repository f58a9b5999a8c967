"""Drops that the kernel traces while this process sends: where no BPF program may look.

A trace instance of this process's own tells reason and function of each drop, and not whose packet
it was. It is made only where tracefs is mounted already, and removed at the end. A kill leaves it
behind, empty of effect on others; `sweep` removes what ended processes have left.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

from edgediag.host.drop_trace import MAX_OCTETS, decode_drops
from edgediag.host.messages import errno_name
from edgediag.model.answer import NotChecked
from edgediag.model.drops import ProcessDrop
from edgediag.model.flow import Flow

MOUNTS: Final = Path("/proc/self/mounts")
_INSTANCES: Final = "instances"
_PREFIX: Final = "edgediag_drops_"
_EVENT: Final = Path("events/skb/kfree_skb")
# IPv4 alone, so that no drop of another protocol is taken for one of these.
_FILTER: Final = "protocol == 0x800"
# For each CPU, some hundred drops.
_BUFFER_KB: Final = "16"


class DropTrace:
    """A trace instance that is open; what is told while it is open is kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._drops: tuple[ProcessDrop, ...] = ()

    def begin(self) -> None:
        """Make the instance; from then on it tells of what this thread causes.

        raises  OSError as the kernel's; however it ends early, the instance is removed
        """
        folder = self._folder
        with ExitStack() as undo:
            undo.callback(self.close)
            folder.mkdir()
            (folder / "buffer_size_kb").write_text(_BUFFER_KB)
            (folder / "set_event_pid").write_text(str(threading.get_native_id()))
            (folder / _EVENT / "filter").write_text(_FILTER)
            (folder / _EVENT / "enable").write_text("1")
            undo.pop_all()

    def read(self) -> None:
        """Take in what was told since it was opened."""
        with suppress(OSError), (self._folder / "trace").open("rb") as trace:
            self._drops = decode_drops(trace.read(MAX_OCTETS).decode("ascii", "replace"))

    def drops(self, flow: Flow) -> tuple[ProcessDrop, ...]:
        """What was dropped while this process sent; which flow it was of is not told."""
        return self._drops

    def close(self) -> None:
        """Remove the instance, which takes the kernel some 50 ms."""
        with suppress(OSError):
            self._folder.rmdir()


def open_drop_trace() -> DropTrace | NotChecked:
    """Begin to trace the drops that this thread causes, or say why it cannot be done."""
    mounted = _mounted()
    if mounted is None:
        return NotChecked(reason="no tracefs is mounted")
    opened = DropTrace(mounted / _INSTANCES / f"{_PREFIX}{os.getpid()}_{os.urandom(4).hex()}")
    try:
        opened.begin()
    except OSError as error:
        return NotChecked(reason=f"cannot trace in {mounted}: {errno_name(error.errno or 0)}")
    return opened


def sweep() -> None:
    """Remove the instances of processes that have ended."""
    mounted = _mounted()
    if mounted is None:
        return
    for folder in _left(mounted / _INSTANCES):
        with suppress(OSError):
            folder.rmdir()


def _mounted() -> Path | None:
    """Where tracefs is mounted; the first place if there are several."""
    try:
        lines = MOUNTS.read_text().splitlines()
    except OSError:
        return None
    fields = (line.split() for line in lines)
    return next((Path(words[1]) for words in fields if words[2:3] == ["tracefs"]), None)


def _left(instances: Path) -> Iterator[Path]:
    with suppress(OSError):
        for folder in instances.glob(f"{_PREFIX}*"):
            process = folder.name.removeprefix(_PREFIX).partition("_")[0]
            if process.isascii() and process.isdecimal() and not Path("/proc", process).exists():
                yield folder
