"""Root causes: one cause that explains several checks is said once."""

from collections.abc import Mapping, Sequence

from edgediag.inference.names import resolver_of
from edgediag.model.culprit import Culprit
from edgediag.model.report import CheckReport
from edgediag.model.verdict import Locus, Mechanism, Place, RootCause, Status, Verdict

Key = tuple[tuple[Place, ...], Locus, Locus, Mechanism | None, Culprit | None, str]

_MOST_STEPS = 2

_FAULTS = (Status.BLOCKED, Status.DEGRADED, Status.UNDETERMINED)


def root_causes(checks: Sequence[CheckReport]) -> tuple[RootCause, ...]:
    """The causes behind all failing checks, those that explain most first.

    Checks share a cause when place, segment, mechanism and culprit are the same; a name that could
    not be resolved shares the cause of its resolver.
    """
    by_id = {check.id: check for check in checks}
    groups: dict[Key, list[CheckReport]] = {}
    for check in checks:
        if check.status in _FAULTS and check.verdict is not None:
            groups.setdefault(_key(origin_of(check, by_id)), []).append(check)
    causes = [_cause(group, by_id) for group in groups.values()]
    return tuple(sorted(causes, key=lambda cause: -len(cause.explains)))


def origin_of(check: CheckReport, by_id: Mapping[str, CheckReport]) -> CheckReport:
    """The check whose cause a failing check has: a cause is said in the words of its first."""
    # A name leans on the stub resolver, and that on the servers behind it.
    for _ in range(_MOST_STEPS):
        resolver = resolver_of(check.verdict.because) if check.verdict is not None else None
        check = by_id.get(resolver, check) if resolver is not None else check
    return check


def _key(check: CheckReport) -> Key:
    verdict = check.verdict
    if verdict is None:
        return (), None, None, None, None, check.id
    # Two hosts that fail alike at their own ends are two causes; a segment or an object is one.
    scope = _host(check) if Place.REMOTE in verdict.where else ""
    segment = (verdict.where, verdict.after, verdict.upto)
    return *segment, verdict.mechanism, verdict.culprit, scope


def _host(check: CheckReport) -> str:
    return check.host if check.flow is None else str(check.flow.destination)


def _cause(group: Sequence[CheckReport], by_id: dict[str, CheckReport]) -> RootCause:
    first = origin_of(group[0], by_id)
    verdict = _verdict(first)
    more = len(group) - 1
    also = f" ({more} more check{'s' if more > 1 else ''} with the same cause)" if more else ""
    return RootCause(
        where=verdict.where,
        certainty=verdict.certainty,
        after=verdict.after,
        upto=verdict.upto,
        mechanism=verdict.mechanism,
        culprit=verdict.culprit,
        summary=verdict.summary + also,
        remedy=verdict.remedy,
        explains=tuple(check.id for check in group),
    )


def _verdict(check: CheckReport) -> Verdict:
    if check.verdict is None:
        raise AssertionError("only failing checks have a cause")
    return check.verdict
