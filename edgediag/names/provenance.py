"""What names have to do with each check: who gave its address, and what overrides them."""

from collections.abc import Mapping, Sequence

from edgediag.checked import Checked, host_of
from edgediag.instruments import Bench
from edgediag.meaning import decisive
from edgediag.model.answer import NotChecked
from edgediag.model.evidence import NO_STUB, NameServer, Override
from edgediag.names.addresses import gave, resolved
from edgediag.names.stub import UPSTREAM, is_stub
from edgediag.stages.assignment import RESOLVER, Assignment
from edgediag.stages.survey import Surveyed


def overrides(
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
            told = answers.get(target.host, ())
            alike = tuple(item for item in told if item.version == entry.address.version)
            found[target.check] = Override(entry=entry, answers=alike)
    return found


def name_servers(
    assignment: Assignment, checks: Sequence[Checked]
) -> Mapping[str, NameServer | NotChecked]:
    """What else is known of each name server that is checked, and of the stub before it."""
    lines = assignment.resolver_lines
    if isinstance(lines, NotChecked):
        return {check.target.check: lines for check in checks if check.target.endpoint == RESOLVER}
    behind = () if isinstance(assignment.upstreams, NotChecked) else assignment.upstreams
    named = {line.address: line for line in (*behind, *lines)}
    # A server behind the stub that resolv.conf names as well is asked once, as a resolver.
    forwarders = {line.address for line in behind}
    upstreams = [
        check
        for check in checks
        if check.target.endpoint == UPSTREAM
        or (check.target.endpoint == RESOLVER and check.target.address in forwarders)
    ]
    said = tuple(decisive(check.attempts) for check in upstreams) or NO_STUB
    return {
        check.target.check: NameServer(
            line=named.get(host_of(check)),
            nobody=check.nobody,
            upstreams=said if is_stub(check.target) else NO_STUB,
        )
        for check in checks
        if check.target.endpoint in (RESOLVER, UPSTREAM)
    }


def named_by(bench: Bench, surveyed: Surveyed) -> Mapping[str, tuple[str, ...]]:
    """The checks of the resolvers that gave each check its address."""
    answers = bench.loop.outcomes(surveyed.queries)
    return {
        target.check: tuple(
            dict.fromkeys(
                check
                for name in surveyed.bearers.get(target.host, (target.host,))
                for check in gave(answers, name, target.address)
            )
        )
        for target in surveyed.targets
        if target.address is not None
    }
