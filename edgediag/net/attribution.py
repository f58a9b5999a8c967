"""Which rule of this host drops a flow: by nf_tables' trace and by iptables-legacy's counters.

Both only look; the trace's table vanishes with the process, the counters count anyway.
"""

from collections.abc import Sequence
from types import TracebackType
from typing import Final

from edgediag.host.netfilter.counted import dropped_by
from edgediag.host.netfilter.legacy import LegacyRule
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Flow
from edgediag.model.host import TraceDropped, TraceResult
from edgediag.net.nftrace import Tracer as NftTracer
from edgediag.net.nftrace import open_tracer
from edgediag.net.senders import errno_name
from edgediag.net.xtables import read_legacy

# One packet is enough for a trace. A counter may move for others: five in a row are ours.
_TRIES: Final = 5


class Attribution:
    """An open trace beside counters that are read before and after the packets.

    Where nf_tables names no rule, the counters are asked; where neither can, the trace's word
    stands.
    """

    tries = _TRIES

    def __init__(self, trace: NftTracer | NotChecked, before: Sequence[LegacyRule]) -> None:
        self._trace = trace
        self._before = before
        self._after: Sequence[LegacyRule] | NotChecked = before

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
        self._after = _legacy()
        return count

    def conclude(self, flow: Flow) -> TraceResult:
        """Which rule ended the flow or its answer, by either."""
        traced = (
            self._trace
            if isinstance(self._trace, NotChecked)
            else self._trace.conclude(flow)
        )
        if isinstance(traced, TraceDropped):
            return traced
        if isinstance(self._after, NotChecked):
            return self._after
        return dropped_by(flow, self._before, self._after, tries=_TRIES) or traced


def open_attribution(
    flows: Sequence[Flow], devices: Sequence[str] = ()
) -> NftTracer | Attribution | NotChecked:
    """The trace alone where this host has no iptables-legacy, else both; or why neither can be.

    devices  by which answers come in
    """
    trace = open_tracer(flows, devices)
    before = _legacy()
    if isinstance(before, NotChecked) or not before:
        return trace
    return Attribution(trace, before)


def _legacy() -> tuple[LegacyRule, ...] | NotChecked:
    try:
        return read_legacy()
    except OSError as error:
        return NotChecked(reason=f"cannot read iptables-legacy: {errno_name(error)}")
