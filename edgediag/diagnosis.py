"""The main job: survey, search, evidence; this module says in which order and nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from edgediag.alternative import plan_doubts
from edgediag.arrival import agreed, arrivals_at, is_open
from edgediag.certificates import ask_for_certificates, with_certificates
from edgediag.checked import Checked, host_of
from edgediag.doubt import ask_for_nobody, denial, with_nobody
from edgediag.endpoints.system_tools import TOOL_GROUPS
from edgediag.evidence import NO_FIX, NOT_WALKED, Located, join
from edgediag.inquiry import carriers, questions
from edgediag.instruments import Bench
from edgediag.locate.masked import with_masked
from edgediag.locate.planned import Search
from edgediag.locate.planning import plan_search
from edgediag.model.answer import NotChecked
from edgediag.model.endpoint import Direction, Omitted, ProbeKind, Target
from edgediag.model.evidence import (
    Evidence,
    ListenerEvidence,
    NameEvidence,
    NameServer,
    OmittedEvidence,
    Override,
    RunEvidence,
    ToolsEvidence,
)
from edgediag.model.explained import Explained
from edgediag.model.host import HostState, Link, Listener, RouteAnswer
from edgediag.model.outcome import Outcome
from edgediag.model.path import Ladder
from edgediag.model.probe import Probe
from edgediag.names import gave, resolved
from edgediag.overlay_trials import begin as begin_trials
from edgediag.overlay_trials import finish as finish_trials
from edgediag.overlay_trials import has_silence
from edgediag.program_runs import run_programs
from edgediag.remedies import try_remedies
from edgediag.search import Sought, link_of, read_back, seek
from edgediag.survey import RESOLVER, Assignment, Surveyed, is_own, survey
from edgediag.train import count_losses
from edgediag.variation import begin, finish, steady

# libreswan 4.10 aborts when an IKE_SA_INIT comes from its own host while a connection to anybody is
# loaded; no IKE daemon expects to hear from itself.
OWN_ADDRESS = NotChecked(reason="its address is this node's own, where nothing may be asked of IKE")
IPV6 = NotChecked(reason="its address is of IPv6, which is not probed yet")
INTERRUPTED = NotChecked(reason="the run was interrupted before its outcome was known")


NOBODY_LISTENS = NotChecked(reason="nobody listens for others there")
NOT_DENIED = NotChecked(reason="no resolver that works denied a name")

_Walked: TypeAlias = Ladder | NotChecked


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosed:
    """What a run brought: the evidence, and every outcome for the comments of the capture."""

    evidence: RunEvidence
    outcomes: tuple[Outcome, ...]


def diagnose(bench: Bench, assignment: Assignment) -> Diagnosed:
    """Run every check of the assignment and gather the evidence on each."""
    surveyed = survey(bench, assignment)
    endpoints = {target.endpoint for target in surveyed.targets}
    overlays = begin_trials(bench, surveyed.state, assignment.peers, endpoints)
    nobody = ask_for_nobody(bench, _checked(bench, surveyed), surveyed.queries)
    before = with_nobody(bench, _checked(bench, surveyed), nobody)
    shown = ask_for_certificates(bench, before)
    before = with_certificates(before, shown)
    denied = denial(before, bench.loop.outcomes(surveyed.queries))
    search = plan_search(before, bench.supply, denied, is_traced=assignment.is_traced)
    links = _links(before, surveyed)
    search = with_masked(search, before, links)
    trials = begin(bench, before, links)
    doubts = plan_doubts(before, surveyed.routes, surveyed.state, bench.supply)
    sought = seek(bench, search, surveyed.routes, doubts)
    # What came late counts as well, such as a router's word that a host is not found.
    checks = with_nobody(bench, _checked(bench, surveyed), nobody)
    checks = with_certificates(checks, shown)
    varied = finish(bench, trials)
    tried, framed = finish_trials(bench, overlays)
    is_read_again = search.walked or search.suspects or has_silence(tried)
    state = bench.host.read() if is_read_again else surveyed.state
    state = replace(state, overlay_trials=tried, node_ends=assignment.node_ends)
    found = read_back(bench, checks, sought, (state, surveyed.routes))
    is_lossy = found.surroundings.is_lossy
    counted = count_losses(bench, steady(checks, varied, is_lossy=is_lossy), is_lossy=is_lossy)
    located = replace(
        found,
        overrides=_overrides(bench, assignment, surveyed),
        name_servers=_name_servers(assignment, checks),
        named_by=_named_by(bench, surveyed),
        variations=varied.variations,
        trains=counted.trains,
        program_verdicts=run_programs(bench, checks, surveyed.routes, state),
    )
    flows = {check.target.check: join(check, search, located) for check in checks}
    denials = _denials(search, located)
    seen = (surveyed, state)
    rows = (
        *(
            flows.get(target.check)
            or _unresolved(bench, target, surveyed, denials)
            or _evidence(bench, target, seen)
            for target in surveyed.targets
        ),
        *(OmittedEvidence(omitted=row) for row in assignment.matrix.omitted),
    )
    # Listened to last: by then the daemon had the whole run to speak in.
    heard = bench.listening.conclude()
    return Diagnosed(
        evidence=try_remedies(
            bench, RunEvidence(host=replace(state, tunnel_traffic=heard), checks=rows)
        ),
        outcomes=bench.loop.outcomes(
            (*_sent(surveyed, sought), *_all(nobody), *varied.sent, *counted.sent, *framed)
        ),
    )


def _links(
    checks: Sequence[Checked], surveyed: Surveyed
) -> dict[str, Link | NotChecked]:
    return {
        check.target.check: link_of(surveyed.routes[check.target.check], surveyed.state)
        for check in checks
    }


def _overrides(
    bench: Bench, assignment: Assignment, surveyed: Surveyed
) -> Mapping[str, Override]:
    """The line of a hosts file behind a check's address, beside what the resolvers say."""
    answers = resolved(bench.loop.outcomes(surveyed.queries))
    lines = {(item.name.lower(), item.address): item for item in assignment.hosts_entries}
    found: dict[str, Override] = {}
    for target in surveyed.targets:
        if target.address is None:
            continue
        entry = lines.get((target.host.lower(), target.address))
        if entry is not None:
            found[target.check] = Override(entry=entry, answers=answers.get(target.host, ()))
    return found


def _checked(bench: Bench, surveyed: Surveyed) -> tuple[Checked, ...]:
    asked = {target: _asked(target, surveyed) for target in surveyed.targets}
    return tuple(
        Checked(target=target, attempts=bench.loop.outcomes(probes), nobody=())
        for target, probes in asked.items()
        if probes and bench.loop.is_settled(probes)
    )


def _asked(target: Target, surveyed: Surveyed) -> tuple[Probe, ...]:
    # Every query to a resolver is an attempt at it: hosts limit the errors by which they refuse.
    if target.endpoint != RESOLVER:
        return surveyed.checks[target.check]
    queries = (
        query for query in surveyed.queries if query.flow.destination == target.address
    )
    return (*surveyed.checks[target.check], *queries)


def _evidence(bench: Bench, target: Target, seen: tuple[Surveyed, HostState]) -> Evidence:
    surveyed, state = seen
    if target.direction is Direction.ON_HOST:
        names = [name for group in TOOL_GROUPS for name in group]
        return ToolsEvidence(
            target=target, groups=TOOL_GROUPS, present=bench.host.programs(names)
        )
    if target.direction is Direction.INBOUND:
        return _listened(bench, target, state)
    return OmittedEvidence(
        omitted=Omitted(
            check=target.check,
            endpoint=target.endpoint,
            purpose=target.purpose,
            direction=target.direction,
            is_required=target.is_required,
            because=_unasked(target, surveyed.routes.get(target.check)),
        )
    )


def _listened(bench: Bench, target: Target, state: HostState) -> ListenerEvidence:
    listeners = _listeners(target, state)
    explained: Explained | NotChecked = NOBODY_LISTENS
    if not isinstance(listeners, NotChecked) and is_open(listeners):
        arrivals = arrivals_at(target, state, listeners)
        explained = (
            arrivals
            if isinstance(arrivals, NotChecked)
            else agreed(map(bench.host.explain_arrival, arrivals))
        )
    return ListenerEvidence(
        target=target, listeners=listeners, explained=explained, tried_fix=NO_FIX
    )


def _unasked(target: Target, route: RouteAnswer | None) -> NotChecked:
    if target.address is not None and target.address.version != 4:
        return IPV6
    is_spared = is_own(route) and ProbeKind.IKE_SA_INIT in target.kinds
    return OWN_ADDRESS if is_spared else INTERRUPTED


def _listeners(target: Target, state: HostState) -> tuple[Listener, ...] | NotChecked:
    if isinstance(state.listeners, NotChecked):
        return state.listeners
    return tuple(
        item
        for item in state.listeners
        if item.protocol is target.protocol and item.port == target.port
    )


def _queries(target: Target, surveyed: Surveyed) -> tuple[Probe, ...]:
    return tuple(probe for probe in surveyed.queries if probe.name == target.host)


def _unresolved(
    bench: Bench, target: Target, surveyed: Surveyed, denials: tuple[_Walked, _Walked]
) -> NameEvidence | None:
    queries = _queries(target, surveyed)
    is_named = target.direction is Direction.OUTBOUND and target.address is None
    if not is_named or not bench.loop.is_settled(queries):
        return None
    resolvers = [other.check for other in surveyed.targets if other.endpoint == RESOLVER]
    return NameEvidence(
        target=target,
        queries=bench.loop.outcomes(queries),
        resolvers=tuple(resolvers),
        ladder=denials[0],
        echo=denials[1],
    )


def _name_servers(
    assignment: Assignment, checks: Sequence[Checked]
) -> Mapping[str, NameServer | NotChecked]:
    lines = assignment.resolver_lines
    named = {} if isinstance(lines, NotChecked) else {line.address: line for line in lines}
    return {
        check.target.check: lines
        if isinstance(lines, NotChecked)
        else NameServer(line=named.get(host_of(check)), nobody=check.nobody)
        for check in checks
        if check.target.endpoint == RESOLVER
    }


def _named_by(bench: Bench, surveyed: Surveyed) -> Mapping[str, tuple[str, ...]]:
    answers = bench.loop.outcomes(surveyed.queries)
    return {
        target.check: gave(answers, target.host, target.address)
        for target in surveyed.targets
        if target.address is not None
    }


def _denials(search: Search, located: Located) -> tuple[_Walked, _Walked]:
    if search.denial is None:
        return NOT_DENIED, NOT_DENIED
    flows = (search.denial.walk.flow, search.denial.echo.flow)
    query, echo = (located.ladders.get(flow, NOT_WALKED) for flow in flows)
    return query, echo


def _all(asked: Mapping[str, tuple[Probe, ...]]) -> tuple[Probe, ...]:
    return tuple(probe for probes in asked.values() for probe in probes)


def _sent(surveyed: Surveyed, sought: Sought) -> tuple[Probe, ...]:
    contrasts = (probe for probe in sought.contrasts.values() if isinstance(probe, Probe))
    return (
        *surveyed.queries,
        *(probe for probes in surveyed.checks.values() for probe in probes),
        *sought.repeats,
        *sought.confirmations.values(),
        *carriers(sought.conversations),
        *questions(sought.conversations, sought.handshakes),
        *contrasts,
        *(way.probe for way in sought.alternatives),
        *(probe for rungs in sought.rungs.values() for probe in rungs),
    )
