"""The first stage: resolve the names and put every check's probes to the network, all at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv6Address
from itertools import chain
from typing import Final

from edgediag.inside import is_inside
from edgediag.instruments import Bench
from edgediag.matrix import with_addresses
from edgediag.model.endpoint import Direction, Matrix, ProbeKind, Target
from edgediag.model.flow import Address, Flow, Protocol
from edgediag.model.host import HostState
from edgediag.model.outcome import Outcome
from edgediag.model.probe import Probe, Way
from edgediag.model.route import Route, RouteAnswer
from edgediag.names.addresses import (
    addresses_in,
    is_answered,
    leads_inside,
    names_in,
    overridden,
    resolved,
)
from edgediag.names.lookup import asks_name_servers, heeds_hosts_file, is_hosts_file_first
from edgediag.names.over_tcp import Queries, targets_over_tcp
from edgediag.names.stub import targets_behind_stub
from edgediag.names.suffixes import asked_before, stand_ins, with_stand_ins
from edgediag.session.machine import Session
from edgediag.stages.asked import UNSPECIFIED, Asked
from edgediag.stages.assignment import RESOLVER, Assignment, Later

_QUERY_KINDS = {4: ProbeKind.DNS, 6: ProbeKind.DNS_AAAA}

# An address of the unicast space that is given out (RFC 4291 §2.4, RFC 3587 §3), of nobody. Whoever
# has a route to it asks for addresses of IPv6, as resolvers do that look whether one is configured
# (RFC 3493 §6.1, AI_ADDRCONFIG).
_ANYWHERE_6 = IPv6Address("2000::1")

SILENCE_S: Final = 0.8
"""After so long a flow whose path is asked for anyway is walked beside its last try."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surveyed:
    """What was asked.

    assignment  as it stood at the end
    targets  all of the matrix, those with several addresses taken apart
    checks   the CHECK probes by check id
    queries  the RESOLVE probes, those for addresses of IPv4 first, each by name
    ahead    those and the ones for names that programs ask for before the name itself
    routes   the kernel's way by check id
    state    of this host before the first probe
    bearers  by name that programs do not get as it is: what they ask for in its stead
    """

    assignment: Assignment
    state: HostState
    targets: tuple[Target, ...]
    checks: Mapping[str, tuple[Probe, ...]]
    queries: tuple[Probe, ...]
    ahead: tuple[Probe, ...]
    routes: Mapping[str, RouteAnswer]
    bearers: Mapping[str, tuple[str, ...]]


def survey(
    bench: Bench, assignment: Assignment, before: Surveyed | None = None
) -> Surveyed:
    """Ask everything that can be asked, and wait until all of it has its outcome.

    What is known by address starts together with the name queries; what is known by name follows
    as soon as the names are resolved. Where the assignment becomes another meanwhile, only what is
    new in it is asked, at once.

    before  what was asked already, and is not asked again
    """
    known = () if before is None else before.targets
    checks = {} if before is None else before.checks
    asked = Asked(
        bench, assignment.timeout_s, {target: checks[target.check] for target in known}
    )
    while True:
        surveyed = _survey(bench, assignment, asked)
        later = assignment.later
        if surveyed is not None and (later is None or not later.comes_at_last()):
            return surveyed
        if later is not None:
            assignment = later.taken()


def _survey(bench: Bench, assignment: Assignment, asked: Asked) -> Surveyed | None:
    """The survey of one assignment, None as soon as there is another."""
    named = names_in(assignment.matrix)
    versions = _versions(bench) if named else (4,)
    entries = _settled(assignment, named, versions)
    is_first = is_hosts_file_first(assignment.lookup)
    first = with_addresses(assignment.matrix, entries if is_first else {})
    # What a hosts file settles is asked as well: only so it shows that the line is another's.
    names = dict.fromkeys((*names_in(first), *entries))
    kinds = [_QUERY_KINDS[version] for version in versions]
    resolvers = _outbound(first.targets)
    queries = asked.queries([(name, kind) for kind in kinds for name in names], resolvers)
    before = dict.fromkeys((*names, *chain(*asked_before(names, assignment.search).values())))
    ahead = asked.queries([(name, kind) for kind in kinds for name in before], resolvers)
    asked.checks(_outbound(first.targets))
    _wait_for_names(bench, ahead, assignment.later)
    others = stand_ins(names, bench.loop.outcomes(ahead.all()), assignment.search)
    longer = dict.fromkeys(name for known in others.values() for name in known)
    if _has_come(assignment.later):
        return None
    further = [(name, kind) for kind in kinds for name in longer if name not in names]
    again = asked.queries(further, resolvers)
    _wait_for_names(bench, again, assignment.later)
    queries = queries.beside(again)
    known = with_stand_ins(resolved(bench.loop.outcomes(queries.all())), others)
    known = known if asks_name_servers(assignment.lookup) else {}
    last = with_addresses(
        assignment.matrix, {**known, **entries} if is_first else {**entries, **known}
    )
    asked.checks(_outbound(last.targets))
    more = _ask_further(bench, assignment, (last.targets, queries), asked)
    if more is None:
        return None
    targets = (*last.targets, *more)
    return Surveyed(
        assignment=assignment,
        state=bench.state,
        targets=targets,
        checks={target.check: asked.of(target) for target in targets},
        queries=queries.all(),
        ahead=ahead.all(),
        routes=asked.ways(targets),
        bearers=others,
    )


def survey_also(
    bench: Bench, assignment: Assignment, surveyed: Surveyed, more: Sequence[Target]
) -> Surveyed:
    """What was asked, and more targets behind the others, their names resolved first.

    Name servers are asked for the new names alone; what else was asked is not asked again.
    """
    resolvers = (target for target in surveyed.targets if target.endpoint == RESOLVER)
    matrix = Matrix(targets=(*resolvers, *more), omitted=(), not_applicable=())
    alone = replace(assignment, matrix=matrix, later=None)
    last = survey(bench, alone, surveyed)
    wanted = {target.endpoint for target in more}
    added = tuple(target for target in last.targets if target.endpoint in wanted)
    checks = {target.check for target in added}
    return replace(
        surveyed,
        targets=(*surveyed.targets, *added),
        checks={**surveyed.checks, **{name: last.checks[name] for name in checks}},
        queries=(*surveyed.queries, *last.queries),
        ahead=(*surveyed.ahead, *last.ahead),
        routes={**last.routes, **surveyed.routes},
        bearers={**last.bearers, **surveyed.bearers},
    )


def _ask_further(
    bench: Bench,
    assignment: Assignment,
    known: tuple[tuple[Target, ...], Queries],
    asked: Asked,
) -> tuple[Target, ...] | None:
    """What name servers make worth asking, asked; None as soon as there is another assignment."""
    targets, queries = known
    # What the names have shown by now is asked beside the others; only the rest comes after them.
    early = _further(targets, _heard(bench, targets, asked, queries), assignment)
    asked.checks(tuple(early.values()))
    if not _is_settled(bench, asked, assignment):
        return None
    further = _further(targets, _heard(bench, targets, asked, queries), assignment)
    more = tuple(early.get(check, target) for check, target in further.items())
    asked.checks(more)
    return more if _is_settled(bench, asked, assignment) else None


def _is_settled(bench: Bench, asked: Asked, assignment: Assignment) -> bool:
    """Wait for the outcomes of all checks; False as soon as there is another assignment."""
    later = assignment.later
    ahead_s = max(0.0, assignment.timeout_s - SILENCE_S) if assignment.is_traced else 0.0

    def is_done(session: Session, now_s: float) -> bool:
        return _has_come(later) or all(
            session.is_over((probe.id for probe in probes), now_s)
            or _is_silent(session, probes, (now_s, ahead_s))
            for probes in asked.each()
        )

    bench.loop.until(is_done)
    return not _has_come(later)


def _is_silent(session: Session, probes: Sequence[Probe], when: tuple[float, float]) -> bool:
    """True for a check that is not answered, and would be given up so much later.

    when  the time, and how much later
    """
    (first, *_), (now_s, ahead_s) = probes, when
    # Errors that a walk on a socket's flow draws, the kernel would tell that socket.
    return (
        first.way is not Way.SOCKET
        and not session.is_settled((first.id,), now_s)
        and session.is_settled((first.id,), now_s + ahead_s)
    )


def _further(
    targets: Sequence[Target], heard: Mapping[str, tuple[Outcome, ...]], assignment: Assignment
) -> dict[str, Target]:
    """By check, what the answers of name servers, or their silence, make worth asking."""
    more = (
        *targets_over_tcp(targets, heard),
        *targets_behind_stub(targets, heard, assignment.upstreams),
    )
    return {target.check: target for target in more}


def _settled(
    assignment: Assignment, names: Iterable[str], versions: Sequence[int]
) -> dict[str, tuple[Address, ...]]:
    """The names that the hosts file settles, with their addresses."""
    if not heeds_hosts_file(assignment.lookup):
        return {}
    return overridden(names, assignment.hosts_entries, versions)


def _wait_for_names(bench: Bench, queries: Queries, later: Later | None) -> None:
    """Wait until each name has an answer or none can come, or there is another assignment."""
    waiting: dict[tuple[str, ProbeKind], list[Probe]] = {}
    for query in queries.by_datagram:
        waiting.setdefault((query.name, query.kind), []).append(query)

    def repeat() -> bool:
        heard = bench.loop.outcomes(queries.by_datagram)
        again = queries.repeated(heard, bench.supply)
        bench.loop.submit(again, {})
        return bool(again)

    def is_done(_: object, __: float) -> bool:
        # Over TCP as soon as a datagram had no room: nobody waits for other servers first.
        repeat()
        for question, asked in list(waiting.items()):
            probes = [probe for query in asked for probe in queries.of(query)]
            # That a name has no address of IPv6 is what most of them are answered.
            is_enough = is_answered if question[1] is ProbeKind.DNS_AAAA else _is_public
            answers = bench.loop.outcomes(probes)
            if any(map(is_enough, answers)) or bench.loop.is_settled(probes):
                del waiting[question]
        return _has_come(later) or not waiting

    bench.loop.until(is_done)
    # Where that answer was the last thing to wait for, the loop has ended before it was looked at.
    if repeat():
        bench.loop.until(is_done)


def _has_come(later: Later | None) -> bool:
    return later is not None and later.has_come()


def _is_public(outcome: Outcome) -> bool:
    addresses = addresses_in(outcome)
    return bool(addresses) and not leads_inside(addresses)


def _heard(
    bench: Bench, targets: Iterable[Target], asked: Asked, queries: Queries
) -> dict[str, tuple[Outcome, ...]]:
    """By check, what came of everything that was put to its address."""
    by_server: dict[Address | None, list[Probe]] = {}
    for query in queries.by_datagram:
        by_server.setdefault(query.flow.destination, []).append(query)
    return {
        target.check: bench.loop.outcomes(
            (*asked.of(target), *by_server.get(target.address, ()))
        )
        for target in targets
        if ProbeKind.DNS in target.kinds
    }


def _outbound(targets: Iterable[Target]) -> tuple[Target, ...]:
    return tuple(target for target in targets if target.direction is Direction.OUTBOUND)


def _versions(bench: Bench) -> tuple[int, ...]:
    """The IP versions whose addresses this host looks for, in the order they are checked."""
    anywhere = Flow(
        protocol=Protocol.UDP,
        source=UNSPECIFIED[6],
        source_port=0,
        destination=_ANYWHERE_6,
        destination_port=0,
    )
    route = bench.host.route(anywhere)
    source = route.source if isinstance(route, Route) else None
    if source is None or source.version != 6:
        return (4,)
    # From an address of one link, or of one site (RFC 4193 §4.1), nothing gets to public hosts.
    return (4,) if source.is_link_local or is_inside(source) else (4, 6)
