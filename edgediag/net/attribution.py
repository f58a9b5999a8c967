"""What of this host drops a flow: by nf_tables' trace, by counters, and by the kernel's own word.

All of it only looks; the trace's table and the watch for drops vanish with the process, and what
counts, counts anyway.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final, TypeAlias

from edgediag.host.drop_counts import risen
from edgediag.host.netfilter.legacy_index import LegacyTable
from edgediag.host.walk.counted import counted_all, dropped_by
from edgediag.model.answer import NotChecked
from edgediag.model.drops import DropCount, KernelDrops, TraceDropped, TraceResult
from edgediag.model.flow import Flow
from edgediag.net.closing import Closing
from edgediag.net.conntrack import read_conntrack_drops
from edgediag.net.degraded import degraded
from edgediag.net.drop_reasons import DropWatch, open_drop_watch
from edgediag.net.drop_trace import DropTrace, open_drop_trace, sweep
from edgediag.net.nftrace import Tracer as NftTracer
from edgediag.net.nftrace import open_tracer
from edgediag.net.traffic_control import read_drop_counts
from edgediag.net.xtables import read_legacy

Watch: TypeAlias = DropWatch | DropTrace

# One packet is enough for a trace. A counter may move for others: five in a row are ours.
COUNTED_TRIES: Final = 5
_OF_HANDSHAKE = NotChecked(reason="what passed may be the handshake alone")
_FAMILIES: Final = {4: "ip", 6: "ip6"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What counts packets, read at one moment; the tables are those of `families`."""

    families: Sequence[str]
    tables: tuple[LegacyTable, ...] | NotChecked
    drops: tuple[DropCount, ...] | NotChecked


class Attribution(Closing):
    """An open trace and a watch for drops, beside counters read before and after the packets.

    Where nf_tables names no rule, those of iptables-legacy are asked; where neither can, the
    trace's word stands.
    """

    def __init__(
        self,
        trace: NftTracer | NotChecked,
        watch: Watch | NotChecked,
        before: Counted,
        held: ExitStack,
    ) -> None:
        self._trace = trace
        self._watch = watch
        self._before = self._after = before
        self._held = held

    @property
    def tries(self) -> int:
        """How many packets of each flow it needs to see."""
        tables = self._before.tables
        is_counted = not isinstance(tables, NotChecked) and tables
        return COUNTED_TRIES if is_counted else 1

    def close(self) -> None:
        """End the trace and the watch; what was read stays known."""
        self._held.close()

    def read(self, timeout_s: float) -> int:
        """Collect what the trace says within the time, then read the counters."""
        count = 0 if isinstance(self._trace, NotChecked) else self._trace.read(timeout_s)
        self._after = _counted(self._before.families)
        if not isinstance(self._watch, NotChecked):
            self._watch.read()
        return count

    def conclude(self, flow: Flow, *, is_stream: bool = False) -> TraceResult:
        """Which rule ended the flow or its answer, by either.

        is_stream  what was lost are octets behind a handshake: that it passed excuses no rule
        """
        trace = self._trace
        traced = trace if isinstance(trace, NotChecked) else trace.conclude(flow)
        before, after = self._before.tables, self._after.tables
        if isinstance(traced, TraceDropped):
            return traced
        if isinstance(before, NotChecked) or isinstance(after, NotChecked):
            # What iptables-legacy would say is not known, and the trace alone is no answer.
            return next(tables for tables in (before, after) if isinstance(tables, NotChecked))
        ends = counted_all(before, after, tries=COUNTED_TRIES)
        return dropped_by(flow, ends, _OF_HANDSHAKE if is_stream else traced) or traced

    def drops(self) -> tuple[DropCount, ...]:
        """The other counters that rose; none where they cannot be read."""
        before, after = self._before.drops, self._after.drops
        if isinstance(before, NotChecked) or isinstance(after, NotChecked):
            return ()
        return risen(before, after)

    def kernel_drops(self, flow: Flow) -> KernelDrops | NotChecked:
        """What the kernel said it dropped of the flow and of its answers, and why."""
        return self._watch if isinstance(self._watch, NotChecked) else self._watch.drops(flow)


def open_attribution(flows: Sequence[Flow], devices: Sequence[str] = ()) -> Attribution:
    """Begin to watch the flows and their answers.

    devices  by which answers come in
    """
    families = sorted({_FAMILIES[flow.source.version] for flow in flows})
    with ExitStack() as undo:
        trace = open_tracer(flows, devices)
        _keep(undo, trace)
        watch = _open_watch(flows)
        _keep(undo, watch)
        before = _counted(families)
        return Attribution(trace, watch, before, undo.pop_all())


def _keep(undo: ExitStack, opened: NftTracer | Watch | NotChecked) -> None:
    if not isinstance(opened, NotChecked):
        undo.callback(opened.close)


def _open_watch(flows: Sequence[Flow]) -> Watch | NotChecked:
    """The kernel's word on drops: by a BPF program, else by its trace, which knows less."""
    # What a killed run has left goes even where this one makes no trace.
    sweep()
    watch = open_drop_watch(flows)
    if not isinstance(watch, NotChecked):
        return watch
    trace = open_drop_trace()
    if not isinstance(trace, NotChecked):
        return trace
    return NotChecked(reason=f"{watch.reason}; {trace.reason}")


def _counted(families: Sequence[str]) -> Counted:
    tables = degraded("iptables-legacy", lambda: read_legacy(families))
    return Counted(families=families, tables=tables, drops=_drops())


def _drops() -> tuple[DropCount, ...] | NotChecked:
    counted = degraded("counters of drops", read_drop_counts)
    tracked = degraded("conntrack", read_conntrack_drops)
    if isinstance(counted, NotChecked):
        return tracked
    return counted if isinstance(tracked, NotChecked) else (*counted, *tracked)
