"""The kernel's own word on why and where it drops packets of some flows.

A program on the raw tracepoint of kfree_skb tells of them. It, its ring and its place at the
tracepoint are descriptors of this process, and gone with it, however it ends.
"""

import os
import socket
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from edgediag.host.btf import Btf, enumerators, parameters, read_btf
from edgediag.host.drop_event import DropEvent, Names, decode_event, drops_of
from edgediag.host.drop_layout import Layout, layout_of
from edgediag.host.drop_program import MAX_FLOWS, Watched, drop_program
from edgediag.host.kernel_symbols import functions_at
from edgediag.host.messages import errno_name
from edgediag.model.answer import NotChecked
from edgediag.model.drops import UNWATCHED, KernelDrop
from edgediag.model.flow import Flow
from edgediag.net import bpf
from edgediag.net.closing import Closing
from edgediag.net.event_ring import EventRing

BTF: Final = Path("/sys/kernel/btf/vmlinux")
_SYMBOLS: Final = Path("/proc/kallsyms")
_NAMESPACE: Final = Path("/proc/thread-self/ns/net")
_TRACEPOINT: Final = "kfree_skb"
# What it passes to programs: a pointer of its own, the packet, where, and why.
_PARAMETERS: Final = 4
REASONS: Final[Mapping[str, str]] = {
    "EPERM": "CAP_BPF and CAP_PERFMON are missing, or bpf(2) is forbidden to this process",
    "ENOSYS": "bpf(2) is not there, or forbidden to this process",
    "EINVAL": "this kernel has no ring buffers (Linux 5.8), or is locked down",
    "ENOENT": "this kernel has no tracepoint for dropped packets",
}


class DropWatch(Closing):
    """An open watch; what is told while it is open is kept until it is asked for."""

    def __init__(
        self, flows: Sequence[Flow], ring: EventRing, held: ExitStack, reasons: Mapping[int, str]
    ) -> None:
        self._flows = frozenset(flows)
        self._ring = ring
        self._held = held
        self._reasons = reasons
        self._events: list[DropEvent] = []
        self._functions: dict[int, str] = {}

    def close(self) -> None:
        """Take the program out of the kernel; what was read stays known."""
        self._held.close()

    def read(self) -> None:
        """Take in what was told since the watch was opened, or since the last time."""
        events = map(decode_event, self._ring.take())
        self._events += [event for event in events if event is not None]

    def drops(self, flow: Flow) -> tuple[KernelDrop, ...] | NotChecked:
        """What was dropped of a flow and of its answers, by all that was read."""
        if flow not in self._flows:
            return _unwatched(f"more than {MAX_FLOWS} flows are watched already")
        names = Names(
            reasons=self._reasons,
            functions=self._located(),
            devices=dict(socket.if_nameindex()) if self._events else {},
        )
        return drops_of(flow, self._events, names)

    def _located(self) -> Mapping[int, str]:
        # To read all symbols takes 0.1 s and more: they are read only once something was dropped.
        unknown = {event.location for event in self._events} - set(self._functions)
        if unknown:
            try:
                text = _SYMBOLS.read_text("ascii", "replace")
            except OSError:
                text = ""
            self._functions |= dict.fromkeys(unknown, "") | functions_at(text, unknown)
        return self._functions


def open_drop_watch(flows: Sequence[Flow]) -> DropWatch | NotChecked:
    """Begin to watch for drops of the flows and of their answers, or say why it cannot be done."""
    described = _described()
    if isinstance(described, NotChecked):
        return described
    btf, layout = described
    known = flows[:MAX_FLOWS]
    with ExitStack() as undo:
        try:
            ring = EventRing()
            undo.callback(ring.close)
            watched = Watched(
                flows=known, namespace=_NAMESPACE.stat().st_ino, ring=ring.descriptor
            )
            program = bpf.load(
                bpf.Program(
                    type_=bpf.RAW_TRACEPOINT,
                    instructions=drop_program(layout, watched),
                    name=b"edgediag_drops",
                )
            )
            undo.callback(os.close, program)
            undo.callback(
                os.close, bpf.open_raw_tracepoint(_TRACEPOINT.encode(), program)
            )
        except OSError as error:
            name = errno_name(error.errno or 0)
            return _unwatched(REASONS.get(name, name))
        return DropWatch(known, ring, undo.pop_all(), enumerators(btf, "skb_drop_reason"))


def _described() -> tuple[Btf, Layout] | NotChecked:
    """What the program must know of this kernel."""
    try:
        btf = read_btf(BTF.read_bytes())
    except OSError as error:
        name = errno_name(error.errno or 0)
        return _unwatched(f"{BTF}: {name}: this kernel does not describe its types")
    layout = None if btf is None else layout_of(btf)
    if btf is None or layout is None:
        return _unwatched(f"{BTF} does not describe packets")
    count = parameters(btf, f"btf_trace_{_TRACEPOINT}")
    if count is None or count < _PARAMETERS:
        return _unwatched("this kernel gives no reason when it drops a packet (Linux 5.17)")
    return btf, layout


def _unwatched(reason: str) -> NotChecked:
    return NotChecked(reason=f"{UNWATCHED}: {reason}")
