"""The rows whose name got no address, and what they say: who keeps it, or why nobody can tell."""

from collections.abc import Sequence
from typing import Final, TypeAlias

from edgediag.evidence import left_out
from edgediag.instruments import Bench
from edgediag.model.answer import NotChecked
from edgediag.model.cluster import SearchList
from edgediag.model.endpoint import Direction, ProbeKind, Target
from edgediag.model.evidence import NameEvidence, OmittedEvidence
from edgediag.model.outcome import Outcome
from edgediag.model.path import Ladder
from edgediag.model.probe import Probe
from edgediag.names.doubt import is_denial
from edgediag.names.lookup import asks_name_servers
from edgediag.names.suffixes import is_followed
from edgediag.stages.assignment import NAME_SERVERS, Assignment
from edgediag.stages.survey import Surveyed

NOT_ASKABLE: Final = NotChecked(reason="its name servers cannot be asked from here")
SHORT_NAME: Final = NotChecked(
    reason="its name has one label, and what resolv.conf puts behind it is not known"
)

Walked: TypeAlias = Ladder | NotChecked


def queries_for(target: Target, surveyed: Surveyed) -> tuple[Probe, ...]:
    """The queries that tell what the name of a target lacks, in the order asked."""
    # A name without an address of IPv6 is in order: only queries for IPv4 tell what it lacks.
    names = surveyed.bearers.get(target.host, (target.host,))
    return tuple(
        probe
        for probe in surveyed.queries
        if probe.name in names and probe.kind is not ProbeKind.DNS_AAAA
    )


def unresolved(
    bench: Bench,
    target: Target,
    asked: tuple[Surveyed, Assignment],
    denials: tuple[Walked, Walked],
) -> NameEvidence | OmittedEvidence | None:
    """What is known of a row whose name got no address, None for every other row.

    denials  the walk of a denied query, and of an echo to the server that denies
    """
    surveyed, assignment = asked
    queries = queries_for(target, surveyed)
    is_named = target.direction is Direction.OUTBOUND and target.address is None
    if not is_named or not bench.loop.is_settled(queries):
        return None
    resolvers = [other.check for other in surveyed.targets if other.endpoint in NAME_SERVERS]
    outcomes = bench.loop.outcomes(queries)
    if resolvers and asks_name_servers(assignment.lookup):
        because = _why_nobody_can_tell(target, outcomes, assignment.search)
        if because is not None:
            return left_out(target, because)
    return NameEvidence(
        target=target,
        queries=outcomes,
        resolvers=tuple(resolvers),
        ladder=denials[0],
        echo=denials[1],
        lookup=assignment.lookup,
    )


def _why_nobody_can_tell(
    target: Target, outcomes: Sequence[Outcome], search: SearchList | NotChecked
) -> NotChecked | None:
    if not outcomes:
        return NOT_ASKABLE
    is_denied = any(map(is_denial, outcomes))
    return SHORT_NAME if is_denied and not is_followed(target.host, search) else None
