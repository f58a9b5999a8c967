"""What of this host drops a flow: by nf_tables' trace, by counters of rules and of all the rest.

All of it only looks; the trace's table vanishes with the process, and what counts, counts anyway.
"""

from collections.abc import Sequence
from types import TracebackType
from typing import Final

from edgediag.host.drop_counts import risen
from edgediag.host.netfilter.legacy import LegacyTable
from edgediag.host.walk.counted import counted_all, dropped_by
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Flow
from edgediag.model.host import DropCount, TraceDropped, TraceResult
from edgediag.net.degraded import degraded
from edgediag.net.nftrace import Tracer as NftTracer
from edgediag.net.nftrace import open_tracer
from edgediag.net.traffic_control import read_drop_counts
from edgediag.net.xtables import read_legacy

# One packet is enough for a trace. A counter may move for others: five in a row are ours.
COUNTED_TRIES: Final = 5
_FAMILIES: Final = {4: "ip", 6: "ip6"}


class Attribution:
    """An open trace beside counters that are read before and after the packets.

    Where nf_tables names no rule, those of iptables-legacy are asked; where neither can, the
    trace's word stands.
    """

    def __init__(self, trace: NftTracer | NotChecked, families: Sequence[str]) -> None:
        self._trace = trace
        self._families = families
        self._tables_before = self._tables_after = _tables(families)
        self._counts_before = self._counts_after = _counts()

    @property
    def tries(self) -> int:
        """How many packets of each flow it needs to see."""
        is_counted = not isinstance(self._tables_before, NotChecked) and self._tables_before
        return COUNTED_TRIES if is_counted else 1

    def __enter__(self) -> "Attribution":
        return self

    def __exit__(
        self,
        type_: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not isinstance(self._trace, NotChecked):
            self._trace.close()

    def read(self, timeout_s: float) -> int:
        """Collect what the trace says within the time, then read the counters."""
        count = 0 if isinstance(self._trace, NotChecked) else self._trace.read(timeout_s)
        self._tables_after = _tables(self._families)
        self._counts_after = _counts()
        return count

    def conclude(self, flow: Flow) -> TraceResult:
        """Which rule ended the flow or its answer, by either."""
        trace = self._trace
        traced = trace if isinstance(trace, NotChecked) else trace.conclude(flow)
        before, after = self._tables_before, self._tables_after
        if isinstance(traced, TraceDropped):
            return traced
        if isinstance(before, NotChecked) or isinstance(after, NotChecked):
            # What iptables-legacy would say is not known, and the trace alone is no answer.
            return next(tables for tables in (before, after) if isinstance(tables, NotChecked))
        ends = counted_all(before, after, tries=COUNTED_TRIES)
        return dropped_by(flow, ends, traced) or traced

    def drops(self) -> tuple[DropCount, ...]:
        """The other counters that rose; none where they cannot be read."""
        before, after = self._counts_before, self._counts_after
        if isinstance(before, NotChecked) or isinstance(after, NotChecked):
            return ()
        return risen(before, after)


def open_attribution(flows: Sequence[Flow], devices: Sequence[str] = ()) -> Attribution:
    """Begin to watch the flows and their answers.

    devices  by which answers come in
    """
    families = sorted({_FAMILIES[flow.source.version] for flow in flows})
    return Attribution(open_tracer(flows, devices), families)


def _tables(families: Sequence[str]) -> tuple[LegacyTable, ...] | NotChecked:
    return degraded("iptables-legacy", lambda: read_legacy(families))


def _counts() -> tuple[DropCount, ...] | NotChecked:
    return degraded("counters of drops", read_drop_counts)
