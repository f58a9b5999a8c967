"""Suspects sent once more, in a row, while the kernel traces them through its rule sets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from edgediag.checked import Checked, is_lost_behind_handshake, lead
from edgediag.instruments import Bench
from edgediag.meaning import decisive, is_answered_well
from edgediag.model.answer import NotChecked
from edgediag.model.drops import DropCount, KernelDrops, TraceResult
from edgediag.model.probe import Probe
from edgediag.plan import Supply, draw_repeats, draw_stream_repeat

# How long nf_tables may take to tell of the last packet: some 200 us were measured when idle.
TRACE_READ_S = 0.05

MAX_COUNTED_STREAMS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Retraced:
    """What was sent, what became of each suspect by check, and what counted drops meanwhile.

    kernel_drops  what the kernel said it dropped of each suspect, by check
    """

    repeats: tuple[Probe, ...]
    results: Mapping[str, TraceResult]
    drops: tuple[DropCount, ...]
    kernel_drops: Mapping[str, KernelDrops | NotChecked]


def retrace(bench: Bench, suspects: Sequence[Checked], masked: Sequence[Checked]) -> Retraced:
    """Send all suspects again under one trace, and once what is masked, for drops of its answers.

    Where a connection stands and its octets do not leave, or the answer's are lost here, a new one
    is opened: what is dropped for its content or its length comes after a handshake alone. Where a
    packet is served and the connection is not, one is opened beside it: what acts on sockets does
    not see the packet.
    """
    streams = {
        check.target.check: draw_stream_repeat(decisive(check.attempts).probe, bench.supply)
        for check in suspects
        if is_lost_behind_handshake(check)
    }
    packets = {
        check.target.check: lead(check).probe
        for check in suspects
        if check.target.check not in streams
    }
    watched = {
        check.target.check: draw_stream_repeat(decisive(check.attempts).probe, bench.supply)
        for check in suspects
        if check.target.check in packets and is_answered_well(lead(check))
    }
    watched |= {
        check.target.check: draw_repeats(lead(check).probe, 1, bench.supply)[0] for check in masked
    }
    return trace_probes(bench, packets, streams, watched)


def trace_probes(
    bench: Bench,
    packets: Mapping[str, Probe],
    streams: Mapping[str, Probe],
    watched: Mapping[str, Probe] = MappingProxyType({}),
) -> Retraced:
    """Send the packets again, as often as the trace asks, and open the streams, under one trace.

    watched  sent beside them, for what the kernel says of its drops
    """
    traced = {name: probe.flow for name, probe in (*packets.items(), *streams.items())}
    flows = {
        name: [probes[name].flow for probes in (watched, packets, streams) if name in probes]
        for name in (*traced, *watched)
    }
    if not flows:
        return Retraced(repeats=(), results={}, drops=(), kernel_drops={})
    trace = bench.host.trace(tuple(flow for group in flows.values() for flow in group))
    if isinstance(trace, NotChecked):
        untold, unheard = dict.fromkeys(traced, trace), dict.fromkeys(flows, trace)
        return Retraced(repeats=(), results=untold, drops=(), kernel_drops=unheard)
    with trace as tracer:
        again = (
            repeat
            for probe in packets.values()
            for repeat in draw_repeats(probe, tracer.tries, bench.supply)
        )
        beside = _beside(streams, tracer.tries - 1, bench.supply)
        repeats = (*again, *streams.values(), *beside, *watched.values())
        bench.loop.submit(repeats, {})
        bench.loop.settle(repeats)
        tracer.read(TRACE_READ_S)
        return Retraced(
            repeats=repeats,
            results={
                name: tracer.conclude(flow, is_stream=name in streams)
                for name, flow in traced.items()
            },
            drops=tracer.drops(),
            kernel_drops={
                name: _together([tracer.kernel_drops(flow) for flow in group])
                for name, group in flows.items()
            },
        )


def _beside(streams: Mapping[str, Probe], count: int, supply: Supply) -> tuple[Probe, ...]:
    """As many more connections for each: what is only counted must be counted of each."""
    counted = tuple(streams.values())[:MAX_COUNTED_STREAMS]
    return tuple(draw_stream_repeat(probe, supply) for probe in counted for _ in range(count))


def _together(
    told: Sequence[KernelDrops | NotChecked],
) -> KernelDrops | NotChecked:
    known = [drops for drops in told if not isinstance(drops, NotChecked)]
    if not known:
        return told[0]
    return tuple(dict.fromkeys(drop for drops in known for drop in drops))
