"""The second stage: look for what failed, on this host and hop by hop on the path."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgediag.checked import Checked, is_ok, lead, surroundings
from edgediag.evidence import Located, heard_echoes
from edgediag.instruments import Bench
from edgediag.locate import CONFIRM_SPACING_S, Search
from edgediag.meaning import is_answered_well
from edgediag.model.answer import NotChecked
from edgediag.model.exchange import NextHop
from edgediag.model.flow import Flow
from edgediag.model.host import (
    DropCount,
    HostState,
    Link,
    Neighbour,
    Route,
    RouteAnswer,
    TraceResult,
)
from edgediag.model.outcome import Outcome, Unanswered
from edgediag.model.probe import Probe
from edgediag.path import draw_rungs, ladder_of
from edgediag.plan import draw_confirm, draw_contrast, draw_repeats

# How long nf_tables may take to tell of the last packet: some 200 us were measured when idle.
TRACE_READ_S = 0.05

# With a third of all packets lost, one in a thousand flows is silent after so many more.
RECONFIRM_TRIES = 3

INTERRUPTED = NotChecked(reason="the run was interrupted before an answer came")
NO_ROUTE = NotChecked(reason="the kernel has no route for it")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What was sent during the search, so that its outcomes can be read later.

    contrasts  by check: the probe, or why none was sent
    confirmations  by check, the last one asked
    rungs      by flow
    repeats    of suspects for the trace, and confirmations that were asked once more
    """

    contrasts: Mapping[str, Probe | NotChecked]
    confirmations: Mapping[str, Probe]
    rungs: Mapping[Flow, tuple[Probe, ...]]
    repeats: tuple[Probe, ...]
    traces: Mapping[str, TraceResult]
    drops: tuple[DropCount, ...]


def seek(bench: Bench, search: Search, routes: Mapping[str, RouteAnswer]) -> Sought:
    """Trace the suspects, then send their contrasts and climb all ladders at once."""
    suspects = {check.target.check: lead(check).probe for check in search.suspects}
    repeats, traces, drops = trace_probes(bench, suspects)
    contrasts, next_hops = _contrasts(bench, search.suspects, routes)
    rungs = {walk.flow: draw_rungs(walk, bench.supply) for walk in search.walks}
    confirmations = {
        one.check.target.check: draw_confirm(lead(one.check).probe, (one.start_s,), bench.supply)
        for one in search.confirmations
    }
    sent = [probe for probe in contrasts.values() if isinstance(probe, Probe)]
    sent += confirmations.values()
    sent += [probe for ladder in rungs.values() for probe in ladder]
    bench.loop.submit(sent, next_hops)
    bench.loop.settle(sent)
    again = _asked_again(bench, confirmations)
    return Sought(
        contrasts=contrasts,
        confirmations=confirmations | again,
        rungs=rungs,
        repeats=(*repeats, *(confirmations[check] for check in again)),
        traces=traces,
        drops=drops,
    )


def _asked_again(bench: Bench, confirmations: Mapping[str, Probe]) -> dict[str, Probe]:
    """More confirmations of what is still silent, in a run where others were served in the end.

    What loses packets of all flows may have lost the one question that was asked alone.
    """
    outcomes = dict(zip(confirmations, bench.loop.outcomes(confirmations.values()), strict=True))
    silent = [check for check, outcome in outcomes.items() if isinstance(outcome, Unanswered)]
    if not any(map(is_answered_well, outcomes.values())):
        return {}
    spacing_s = CONFIRM_SPACING_S * len(silent)
    again = {
        check: draw_confirm(
            confirmations[check],
            tuple(CONFIRM_SPACING_S * place + spacing_s * turn for turn in range(RECONFIRM_TRIES)),
            bench.supply,
        )
        for place, check in enumerate(silent)
    }
    bench.loop.submit(again.values(), {})
    bench.loop.settle(again.values())
    return again


def read_back(
    bench: Bench,
    checks: Sequence[Checked],
    sought: Sought,
    host: tuple[HostState, Mapping[str, RouteAnswer]],
) -> Located:
    """What the search brought, with the state of the host after it."""
    state, routes = host
    # A ladder that was interrupted half-way would read as silence.
    ladders = {
        flow: bench.loop.outcomes(rungs)
        for flow, rungs in sought.rungs.items()
        if bench.loop.is_settled(rungs)
    }
    confirmations = {
        check: _settled(bench, probe) for check, probe in sought.confirmations.items()
    }
    later = (
        *heard_echoes(ladders.values()),
        *(one for one in confirmations.values() if not isinstance(one, NotChecked)),
    )
    return Located(
        attempts={check.target.check: check.attempts for check in checks},
        ladders={flow: ladder_of(flow, outcomes) for flow, outcomes in ladders.items()},
        contrasts={check: _settled(bench, probe) for check, probe in sought.contrasts.items()},
        confirmations=confirmations,
        traces=sought.traces,
        drops=sought.drops,
        overrides={},
        variations={},
        trains={},
        routes=routes,
        neighbours={
            check.target.check: _neighbour(bench, check, routes[check.target.check])
            for check in checks
            if not is_ok(check)
        },
        links={
            check.target.check: link_of(routes[check.target.check], state) for check in checks
        },
        surroundings=surroundings(checks, later, routes),
    )


def _settled(bench: Bench, probe: Probe | NotChecked) -> Outcome | NotChecked:
    if isinstance(probe, NotChecked):
        return probe
    return bench.loop.outcomes([probe])[0] if bench.loop.is_settled([probe]) else INTERRUPTED


def trace_probes(
    bench: Bench, suspects: Mapping[str, Probe]
) -> tuple[tuple[Probe, ...], dict[str, TraceResult], tuple[DropCount, ...]]:
    """Send each again under a trace: what was sent, what became of each, what else was counted."""
    if not suspects:
        return (), {}, ()
    trace = bench.host.trace([probe.flow for probe in suspects.values()])
    if isinstance(trace, NotChecked):
        return (), dict.fromkeys(suspects, trace), ()
    with trace as tracer:
        repeats = tuple(
            repeat
            for probe in suspects.values()
            for repeat in draw_repeats(probe, tracer.tries, bench.supply)
        )
        bench.loop.submit(repeats, {})
        bench.loop.settle(repeats)
        tracer.read(TRACE_READ_S)
        results = {name: tracer.conclude(probe.flow) for name, probe in suspects.items()}
        return repeats, results, tracer.drops()


def _contrasts(
    bench: Bench, suspects: Sequence[Checked], routes: Mapping[str, RouteAnswer]
) -> tuple[dict[str, Probe | NotChecked], dict[int, NextHop]]:
    contrasts: dict[str, Probe | NotChecked] = {}
    next_hops: dict[int, NextHop] = {}
    for check in suspects:
        name, probe = check.target.check, lead(check).probe
        route = routes[name]
        hop = (
            bench.host.next_hop(route, probe.flow.destination)
            if isinstance(route, Route)
            else NO_ROUTE
        )
        if isinstance(hop, NotChecked):
            contrasts[name] = hop
            continue
        contrast = draw_contrast(probe, bench.supply)
        contrasts[name], next_hops[contrast.id] = contrast, hop
    return contrasts, next_hops


def _neighbour(bench: Bench, check: Checked, route: RouteAnswer) -> Neighbour | NotChecked:
    if not isinstance(route, Route):
        return NO_ROUTE
    return bench.host.neighbour(route, lead(check).probe.flow.destination)


def link_of(route: RouteAnswer, state: HostState) -> Link | NotChecked:
    """The device that a route leaves by."""
    if not isinstance(route, Route):
        return NO_ROUTE
    if isinstance(state.links, NotChecked):
        return state.links
    found = (link for link in state.links if link.name == route.interface)
    return next(found, NotChecked(reason=f"no such device: {route.interface}"))
