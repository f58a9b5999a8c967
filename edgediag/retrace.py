"""Suspects sent once more, in a row, while the kernel traces them through its rule sets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgediag.checked import Checked, are_octets_kept, lead
from edgediag.instruments import Bench
from edgediag.meaning import decisive
from edgediag.model.answer import NotChecked
from edgediag.model.host import DropCount, KernelDrop, TraceResult
from edgediag.model.probe import Probe
from edgediag.plan import draw_repeats, draw_stream_repeat

# How long nf_tables may take to tell of the last packet: some 200 us were measured when idle.
TRACE_READ_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Retraced:
    """What was sent, what became of each suspect by check, and what counted drops meanwhile.

    kernel_drops  what the kernel said it dropped of each suspect, by check
    """

    repeats: tuple[Probe, ...]
    results: Mapping[str, TraceResult]
    drops: tuple[DropCount, ...]
    kernel_drops: Mapping[str, tuple[KernelDrop, ...] | NotChecked]


def retrace(bench: Bench, suspects: Sequence[Checked]) -> Retraced:
    """Send all suspects again under one trace.

    Where a connection stands and its octets do not leave, a new one is opened: what is dropped for
    its content or its length comes after a handshake alone.
    """
    streams = {
        check.target.check: draw_stream_repeat(decisive(check.attempts).probe, bench.supply)
        for check in suspects
        if are_octets_kept(check)
    }
    packets = {
        check.target.check: lead(check).probe
        for check in suspects
        if check.target.check not in streams
    }
    return trace_probes(bench, packets, streams)


def trace_probes(
    bench: Bench, packets: Mapping[str, Probe], streams: Mapping[str, Probe]
) -> Retraced:
    """Send the packets again, as often as the trace asks, and open the streams, under one trace."""
    flows = {name: probe.flow for name, probe in (*packets.items(), *streams.items())}
    if not flows:
        return Retraced(repeats=(), results={}, drops=(), kernel_drops={})
    trace = bench.host.trace(tuple(flows.values()))
    if isinstance(trace, NotChecked):
        untold = dict.fromkeys(flows, trace)
        return Retraced(repeats=(), results=untold, drops=(), kernel_drops=untold)
    with trace as tracer:
        again = (
            repeat
            for probe in packets.values()
            for repeat in draw_repeats(probe, tracer.tries, bench.supply)
        )
        repeats = (*again, *streams.values())
        bench.loop.submit(repeats, {})
        bench.loop.settle(repeats)
        tracer.read(TRACE_READ_S)
        results = {name: tracer.conclude(flow) for name, flow in flows.items()}
        return Retraced(
            repeats=repeats,
            results=results,
            drops=tracer.drops(),
            kernel_drops={name: tracer.kernel_drops(flow) for name, flow in flows.items()},
        )
