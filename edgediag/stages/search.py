"""The second stage: look for what failed, on this host and hop by hop on the path."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from edgediag.checked import (
    Checked,
    is_lost_behind_handshake,
    is_ok,
    is_suspect,
    lead,
    name_of,
    surroundings,
)
from edgediag.evidence import Located, heard_echoes
from edgediag.instruments import Bench
from edgediag.locate.learnt import Learnt, completed, parts_of
from edgediag.locate.pacing import CONFIRM_SPACING_S
from edgediag.locate.planned import Follower, Search
from edgediag.meaning import decisive, is_answered_well, is_rewritten, leaves_by
from edgediag.model.answer import NotChecked
from edgediag.model.drops import DropCount, KernelDrops, TraceResult
from edgediag.model.exchange import NextHop
from edgediag.model.explained import Explained
from edgediag.model.flow import Flow
from edgediag.model.host import HostState, Link, Neighbour
from edgediag.model.outcome import Unanswered
from edgediag.model.path import Ladder
from edgediag.model.probe import Probe
from edgediag.model.route import Route, RouteAnswer
from edgediag.path import draw_rungs, ladder_of
from edgediag.plan import draw_confirm, draw_contrast
from edgediag.stages.alternative import AnotherWay, Doubts, NextHopAddress
from edgediag.stages.arp_rules import resolutions_of
from edgediag.stages.conversation import Conversation
from edgediag.stages.handshake import Handshake
from edgediag.stages.inquiry import (
    addressed,
    alternatives_of,
    carriers,
    handshakes_of,
    link_answers_of,
    questions,
    settled,
    streams_of,
)
from edgediag.stages.retrace import retrace

# With a third of all packets lost, one in a thousand flows is silent after so many more.
RECONFIRM_TRIES = 3

# One walk through 50,000 rules of kube-proxy takes a tenth of a second; what is kept is alike.
MAX_EXPLAINED = 6

HANDSHAKE_PASSES = NotChecked(reason="its handshake passes, and what follows it is lost here")
NO_ROUTE = NotChecked(reason="the kernel has no route for it")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What was sent during the search, so that its outcomes can be read later.

    contrasts  by check: the probe, or why none was sent
    confirmations  by check, the last one asked
    rungs      by flow
    learnt     hops that were not asked on a flow, as other flows had shown them
    waited_for  the next hops of suspects as they were at first: the kernel forgets a failed one
    repeats    of suspects for the trace, and confirmations that were asked once more
    """

    contrasts: Mapping[str, Probe | NotChecked]
    confirmations: Mapping[str, Probe]
    rungs: Mapping[Flow, tuple[Probe, ...]]
    learnt: Mapping[Flow, Learnt]
    repeats: tuple[Probe, ...]
    traces: Mapping[str, TraceResult]
    drops: tuple[DropCount, ...]
    kernel_drops: Mapping[str, KernelDrops | NotChecked]
    conversations: tuple[Conversation, ...]
    handshakes: tuple[Handshake, ...]
    waited_for: Mapping[str, Neighbour | NotChecked]
    alternatives: tuple[AnotherWay, ...]
    link_answers: Mapping[NextHopAddress, tuple[str, ...] | NotChecked]


def seek(
    bench: Bench, search: Search, routes: Mapping[str, RouteAnswer], doubts: Doubts
) -> Sought:
    """Trace the suspects, then send their contrasts and climb all ladders at once."""
    waited_for = {
        check.target.check: _neighbour(bench, check, routes[check.target.check])
        for check in search.suspects
    }
    traced = retrace(bench, search.suspects, search.masked)
    contrasts, next_hops = _contrasts(bench, search.suspects, routes)
    others, others_hops = addressed(bench, doubts.alternatives)
    rungs = {walk.flow: draw_rungs(walk, bench.supply) for walk in search.walks}
    confirmations = {
        one.check.target.check: draw_confirm(lead(one.check).probe, (one.start_s,), bench.supply)
        for one in search.confirmations
    }
    climbed = [probe for ladder in rungs.values() for probe in ladder]
    first = [probe for probe in contrasts.values() if isinstance(probe, Probe)]
    first += confirmations.values()
    last = [*questions(search.conversations, search.handshakes), *(way.probe for way in others)]
    sent = [*carriers(search.conversations), *first, *climbed, *last]
    with bench.host.solicit(doubts.next_hops) as solicited:
        bench.loop.submit(sent, {**next_hops, **others_hops})
        bench.loop.climb(rungs.values(), ())
        followed, learnt = _followed(bench, search.followers, rungs)
        bench.loop.climb(followed.values(), (*first, *last))
        link_answers = solicited.answers()
    again = _asked_again(bench, confirmations, is_lossy=search.is_lossy)
    return Sought(
        contrasts=contrasts,
        confirmations=confirmations | again,
        rungs=rungs | followed,
        learnt=learnt,
        repeats=(*traced.repeats, *(confirmations[check] for check in again)),
        traces=traced.results,
        drops=traced.drops,
        kernel_drops=traced.kernel_drops,
        conversations=search.conversations,
        handshakes=search.handshakes,
        waited_for=waited_for,
        alternatives=others,
        link_answers=link_answers,
    )


def _followed(
    bench: Bench,
    behind: Sequence[Follower],
    rungs: Mapping[Flow, tuple[Probe, ...]],
) -> tuple[dict[Flow, tuple[Probe, ...]], dict[Flow, Learnt]]:
    """The rest of the walks, begun: their rungs, and what the first had shown of their hops."""
    parts = parts_of(behind, _ladders(bench, rungs, {}))
    learnt = {part.walk.flow: part.learnt for part in parts}
    followed = {
        part.walk.flow: draw_rungs(
            replace(part.walk, start_s=part.start_s),
            bench.supply,
            part.learnt.keys(),
        )
        for part in parts
    }
    bench.loop.submit([probe for ladder in followed.values() for probe in ladder], {})
    return followed, learnt


def _ladders(
    bench: Bench,
    rungs: Mapping[Flow, tuple[Probe, ...]],
    learnt: Mapping[Flow, Learnt],
) -> dict[Flow, Ladder]:
    # A ladder that was interrupted half-way would read as silence.
    return {
        flow: completed(ladder_of(flow, bench.loop.outcomes(ladder)), learnt.get(flow, {}))
        for flow, ladder in rungs.items()
        if bench.loop.is_climbed(ladder)
    }


def _asked_again(
    bench: Bench, confirmations: Mapping[str, Probe], *, is_lossy: bool
) -> dict[str, Probe]:
    """More confirmations of what is still silent, in a run where others were served in the end.

    What loses packets of all flows may have lost the one question that was asked alone.

    is_lossy  others were served at a later try already
    """
    outcomes = dict(zip(confirmations, bench.loop.outcomes(confirmations.values()), strict=True))
    silent = [check for check, outcome in outcomes.items() if isinstance(outcome, Unanswered)]
    if not is_lossy and not any(map(is_answered_well, outcomes.values())):
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
    ladders = _ladders(bench, sought.rungs, sought.learnt)
    confirmations = {
        check: settled(bench, probe) for check, probe in sought.confirmations.items()
    }
    later = (
        *heard_echoes(bench.loop.outcomes(sought.rungs[flow]) for flow in ladders),
        *(one for one in confirmations.values() if not isinstance(one, NotChecked)),
    )
    neighbours = {
        name_of(check): _next_hop_of(bench, check, routes, sought)
        for check in checks
        if not is_ok(check)
    }
    return Located(
        attempts={check.target.check: check.attempts for check in checks},
        ladders=ladders,
        contrasts={check: settled(bench, probe) for check, probe in sought.contrasts.items()},
        confirmations=confirmations,
        traces=sought.traces,
        drops=sought.drops,
        kernel_drops=sought.kernel_drops,
        overrides={},
        name_servers={},
        named_by={},
        variations={},
        trains={},
        routes=routes,
        neighbours=neighbours,
        links={
            check.target.check: link_of(routes[check.target.check], state) for check in checks
        },
        surroundings=surroundings(checks, later, routes),
        streams=streams_of(bench, sought.conversations),
        handshakes=handshakes_of(bench, sought.handshakes),
        alternatives=alternatives_of(bench, sought.alternatives),
        link_answers=link_answers_of(checks, routes, sought.link_answers),
        explained=_explained(bench, checks, routes),
        program_verdicts={},
        resolutions=resolutions_of(bench, checks, routes, neighbours),
    )


def _explained(
    bench: Bench, checks: Sequence[Checked], routes: Mapping[str, RouteAnswer]
) -> dict[str, Explained | NotChecked]:
    """What the rules of this host do with flows that it kept, or that left not as was asked.

    routes  of the checks, as nothing marks the packet
    """
    wanted = [
        check
        for check in checks
        if not is_ok(check) and _is_kept_or_rewritten(check)
        or _is_led_elsewhere(check, routes[name_of(check)])
    ]
    return {
        name_of(check): bench.host.explain(lead(check).probe.flow)
        for check in wanted[:MAX_EXPLAINED]
    }


def _is_kept_or_rewritten(check: Checked) -> bool:
    return is_suspect(check) or is_rewritten(decisive(check.attempts))


def _is_led_elsewhere(check: Checked, route: RouteAnswer) -> bool:
    devices = leaves_by(decisive(check.attempts))
    return isinstance(route, Route) and bool(devices) and route.interface not in devices


def _contrasts(
    bench: Bench, suspects: Sequence[Checked], routes: Mapping[str, RouteAnswer]
) -> tuple[dict[str, Probe | NotChecked], dict[int, NextHop]]:
    contrasts: dict[str, Probe | NotChecked] = {}
    next_hops: dict[int, NextHop] = {}
    for check in suspects:
        name, probe = check.target.check, lead(check).probe
        if is_lost_behind_handshake(check):
            contrasts[name] = HANDSHAKE_PASSES
            continue
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


def _next_hop_of(
    bench: Bench, check: Checked, routes: Mapping[str, RouteAnswer], sought: Sought
) -> Neighbour | NotChecked:
    name = check.target.check
    found = _neighbour(bench, check, routes[name])
    return sought.waited_for.get(name, found) if isinstance(found, NotChecked) else found


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
