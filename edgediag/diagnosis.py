"""The main job: survey, search, evidence; this module says in which order and nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from edgediag.checked import Checked, name_of, with_later
from edgediag.evidence import NOT_CONFIRMED, NOT_WALKED, Located, join
from edgediag.instruments import Bench
from edgediag.locate.masked import with_masked
from edgediag.locate.planned import Search
from edgediag.locate.planning import plan_search
from edgediag.losses.shared_path import with_paths
from edgediag.losses.stage import count_losses
from edgediag.model.answer import NotChecked
from edgediag.model.endpoint import ProbeKind, Target
from edgediag.model.evidence import (
    NOT_NAMED,
    NOT_TIMED,
    Evidence,
    FlowEvidence,
    OmittedEvidence,
    RunEvidence,
)
from edgediag.model.host import HostState, Link
from edgediag.model.mapping import MappingLifetime
from edgediag.model.outcome import Outcome
from edgediag.model.probe import Probe
from edgediag.names.absent import ask_absent, with_absent
from edgediag.names.doubt import ask_for_nobody, denial, with_nobody
from edgediag.names.lookup import chooses_by_domain
from edgediag.names.provenance import name_servers, named_by, overrides
from edgediag.names.suffixes import is_followed
from edgediag.names.unresolved import SHORT_NAME, Walked, queries_for, unresolved
from edgediag.stages.alternative import plan_doubts
from edgediag.stages.assignment import NAME_SERVERS, Assignment
from edgediag.stages.certificates import Shown, ask_for_certificates, with_certificates
from edgediag.stages.flights import with_flights
from edgediag.stages.image_pull import pull_image
from edgediag.stages.inquiry import carriers, questions
from edgediag.stages.late_state import (
    with_hub,
    with_moment,
    with_objects,
    with_pod_traffic,
    with_tunnels,
)
from edgediag.stages.other_rows import without_flow
from edgediag.stages.program_runs import run_programs
from edgediag.stages.registry_hosts import blob_hosts, token_services
from edgediag.stages.remedies import try_remedies
from edgediag.stages.search import Sought, link_of, read_back, seek
from edgediag.stages.survey import Surveyed, survey, survey_also
from edgediag.stages.variation import begin, finish, steady
from edgediag.stages.visits import conclude, doors, with_visits
from edgediag.tunnel.exchange_walk import walk_exchange
from edgediag.tunnel.idle import measure_idle
from edgediag.tunnel.overlay_trials import begin as begin_trials
from edgediag.tunnel.overlay_trials import finish as finish_trials
from edgediag.tunnel.overlay_trials import has_silence
from edgediag.tunnel.questions import asked_through

NOT_DENIED = NotChecked(reason="no resolver that works denied a name")
BY_DOMAIN: Final = NotChecked(reason="systemd-resolved chooses its server by domain")


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosed:
    """What a run brought: the evidence, and every outcome for the comments of the capture."""

    evidence: RunEvidence
    outcomes: tuple[Outcome, ...]


def diagnose(bench: Bench, assignment: Assignment) -> Diagnosed:
    """Run every check of the assignment and gather the evidence on each."""
    surveyed, shown = _surveyed(bench, assignment)
    assignment = surveyed.assignment
    # In a dry run nobody is visited either.
    places = {} if bench.loop.is_interrupted() else doors(surveyed.targets, surveyed.state)
    with bench.host.visit(tuple(places.values())) as visits:
        found = _locate(bench, assignment, (surveyed, shown))
        visited = conclude(bench, places, visits)
    checks = tuple(with_visits(item, visited) for item in found.evidence.checks)
    evidence = replace(found.evidence, checks=checks)
    return replace(found, evidence=try_remedies(bench, evidence))


def _surveyed(bench: Bench, assignment: Assignment) -> tuple[Surveyed, Mapping[str, Shown]]:
    """The survey, who shows which certificate, and those that a registry sends its clients to."""
    surveyed = survey(bench, assignment)
    proxies = surveyed.assignment.forward_proxies
    shown = ask_for_certificates(bench, _checked(bench, surveyed))
    services = token_services(surveyed.targets, shown, proxies)
    surveyed, shown = _with(bench, (surveyed, shown), services)
    images = surveyed.assignment.images
    shown = pull_image(bench, _checked(bench, surveyed), shown, images)
    blobs = blob_hosts(surveyed.targets, shown, proxies)
    surveyed, shown = _with(bench, (surveyed, shown), blobs)
    return with_flights(bench, surveyed, _checked(bench, surveyed), shown), shown


def _with(
    bench: Bench, found: tuple[Surveyed, Mapping[str, Shown]], more: Sequence[Target]
) -> tuple[Surveyed, Mapping[str, Shown]]:
    """The survey with more targets, and what their servers show."""
    surveyed, shown = found
    if not more:
        return found
    last = survey_also(bench, surveyed.assignment, surveyed, more)
    added = set(last.checks) - set(surveyed.checks)
    checks = [check for check in _checked(bench, last) if check.target.check in added]
    return last, {**shown, **ask_for_certificates(bench, checks)}


def _locate(
    bench: Bench, assignment: Assignment, found: tuple[Surveyed, Mapping[str, Shown]]
) -> Diagnosed:
    """What the survey asks for besides."""
    surveyed, shown = found
    endpoints = {target.endpoint for target in surveyed.targets}
    overlays = begin_trials(bench, surveyed.state, assignment.peers, endpoints)
    nobody = ask_for_nobody(bench, _checked(bench, surveyed), surveyed.queries)
    is_begun = assignment.is_traced and not bench.loop.is_interrupted()
    before = with_nobody(bench, _checked(bench, surveyed, is_begun=is_begun), nobody)
    before = with_certificates(before, shown)
    denied = denial(before, bench.loop.outcomes(surveyed.queries), surveyed.bearers)
    search = plan_search(before, bench.supply, denied, is_traced=assignment.is_traced)
    links = _links(before, surveyed)
    search = with_masked(search, before, links)
    trials = begin(bench, before, links)
    doubts = plan_doubts(before, surveyed.routes, surveyed.state, bench.supply)
    sought = seek(bench, search, surveyed.routes, doubts)
    bench.loop.settle(_all(surveyed.checks))
    # What came late counts as well, such as a router's word that a host is not found.
    checks = with_nobody(bench, _checked(bench, surveyed), nobody)
    checks = with_certificates(checks, shown)
    varied = finish(bench, trials)
    tried, framed = finish_trials(bench, overlays)
    is_read_again = search.walked or search.suspects or has_silence(tried)
    state = bench.host.read() if is_read_again else surveyed.state
    state = replace(with_objects(state, assignment), overlay_trials=tried)
    located = read_back(bench, checks, sought, (state, surveyed.routes))
    absent = ask_absent(bench, checks, located.ladders)
    is_lossy = located.surroundings.is_lossy or search.is_lossy or varied.is_lossy
    heard = [_with_confirmation(check, located) for check in checks]
    counted = count_losses(bench, steady(heard, varied, is_lossy=is_lossy), is_lossy=is_lossy)
    search = with_paths(search, counted.paths)
    mapping, left_idle = _idle(bench, checks, assignment)
    state = with_tunnels(bench, surveyed.state, state)
    state = replace(state, asked_through=asked_through(bench, checks, state))
    varied = walk_exchange(bench, checks, varied, state.tunnel_traffic)
    checks = with_absent(bench, absent, checks)
    located = replace(
        located,
        attempts={name_of(check): check.attempts for check in checks},
        ladders={**counted.paths.ladders, **located.ladders},
        overrides=overrides(bench, assignment, surveyed),
        name_servers=name_servers(assignment, checks),
        named_by=named_by(bench, surveyed),
        variations=varied.variations,
        trains=counted.trains,
        program_verdicts=run_programs(bench, checks, surveyed.routes, state),
    )
    flows = _flows(bench, checks, (search, located), (surveyed, assignment))
    rows = _rows(bench, flows, (surveyed, assignment), (_denials(search, located), state))
    state = with_moment(bench, with_pod_traffic(bench, state, endpoints), checks)
    evidence = RunEvidence(host=with_hub(bench, state), checks=rows, mapping=mapping)
    later = (*varied.sent, *counted.sent, *left_idle, *framed, *absent.values())
    return Diagnosed(
        evidence=evidence,
        outcomes=bench.loop.outcomes((*_sent(surveyed, sought), *_all(nobody), *later)),
    )


def _with_confirmation(check: Checked, found: Located) -> Checked:
    confirmation = found.confirmations.get(name_of(check), NOT_CONFIRMED)
    return check if isinstance(confirmation, NotChecked) else with_later(check, [confirmation])


def _idle(
    bench: Bench, checks: Sequence[Checked], assignment: Assignment
) -> tuple[MappingLifetime | NotChecked, tuple[Probe, ...]]:
    if not assignment.nat_timeout_s:
        return NOT_TIMED, ()
    return measure_idle(bench, checks, assignment.nat_timeout_s)


def _links(
    checks: Sequence[Checked], surveyed: Surveyed
) -> dict[str, Link | NotChecked]:
    return {
        check.target.check: link_of(surveyed.routes[check.target.check], surveyed.state)
        for check in checks
    }


def _checked(
    bench: Bench, surveyed: Surveyed, *, is_begun: bool = False
) -> tuple[Checked, ...]:
    """The checks that have their outcome.

    is_begun  those count as well that are silent so far and may still be answered
    """
    asked = {target: _asked(target, surveyed) for target in surveyed.targets}
    return tuple(
        Checked(target=target, attempts=bench.loop.outcomes(probes), nobody=())
        for target, probes in asked.items()
        if probes and (is_begun or bench.loop.is_settled(probes))
    )


def _asked(target: Target, surveyed: Surveyed) -> tuple[Probe, ...]:
    # Every query to a resolver is an attempt at it: hosts limit the errors by which they refuse.
    if target.endpoint not in NAME_SERVERS:
        return surveyed.checks[target.check]
    queries = (
        query
        for query in surveyed.queries
        if (query.flow.destination, query.flow.protocol) == (target.address, target.protocol)
        and query.kind is not ProbeKind.DNS_AAAA
    )
    return (*surveyed.checks[target.check], *queries)


def _flows(
    bench: Bench,
    checks: Sequence[Checked],
    found: tuple[Search, Located],
    asked: tuple[Surveyed, Assignment],
) -> dict[str, FlowEvidence]:
    surveyed, assignment = asked
    is_by_domain = chooses_by_domain(assignment.lookup)

    def said(target: Target) -> tuple[Outcome, ...] | NotChecked:
        outcomes = bench.loop.outcomes(queries_for(target, surveyed))
        if not outcomes:
            return NOT_NAMED
        if not is_followed(target.host, assignment.search):
            return SHORT_NAME
        return BY_DOMAIN if is_by_domain else outcomes

    return {
        check.target.check: replace(join(check, *found), queries=said(check.target))
        for check in checks
    }


def _rows(
    bench: Bench,
    flows: Mapping[str, FlowEvidence],
    asked: tuple[Surveyed, Assignment],
    known: tuple[tuple[Walked, Walked], HostState],
) -> tuple[Evidence, ...]:
    """Every row of the matrix: with a flow, without a name, without packets, or not checkable."""
    (surveyed, assignment), (denials, state) = asked, known
    rows = (
        flows.get(target.check)
        or unresolved(bench, target, asked, denials)
        or without_flow(bench, target, surveyed.routes.get(target.check), state)
        for target in surveyed.targets
    )
    omitted = (OmittedEvidence(omitted=row) for row in assignment.matrix.omitted)
    return (*rows, *omitted)


def _denials(search: Search, located: Located) -> tuple[Walked, Walked]:
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
        *dict.fromkeys((*surveyed.queries, *surveyed.ahead)),
        *(probe for probes in surveyed.checks.values() for probe in probes),
        *sought.repeats,
        *sought.confirmations.values(),
        *carriers(sought.conversations),
        *questions(sought.conversations, sought.handshakes),
        *contrasts,
        *(way.probe for way in sought.alternatives),
        *(probe for rungs in sought.rungs.values() for probe in rungs),
    )
