"""Which of several statements of one fact holds, and which of the others differ."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from edgediag.discovery.canonical import CANONICAL
from edgediag.discovery.host import parse_host_port
from edgediag.model.statement import Conflict, Gap, Statement

MAX_GAPS = 64
MAX_CONFLICTS = 64
# Of these there is one: a second value is a conflict even within one source.
_SINGLE = frozenset(
    (
        "api-last-reached",
        "gateway",
        "hub",
        "k8s-version",
        "proxy-mode",
        "proxy-role",
        "region",
        "tunnel-mode",
        "tunnel-role",
        "vpn-driver",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What holds, what differs from it, and what could not be used.

    statements  about the cluster and this node first, then about others; by name
    """

    statements: tuple[Statement, ...]
    conflicts: tuple[Conflict, ...]
    gaps: tuple[Gap, ...]

    def values(self, name: str) -> tuple[str, ...]:
        """The values that hold under a name, for the cluster or this node, each once."""
        found = (item.value for item in self.statements if item.name == name and not item.node)
        return tuple(dict.fromkeys(found))

    def value(self, name: str) -> str | None:
        """The first value that holds under a name."""
        return next(iter(self.values(name)), None)


def settle(sources: Sequence[Sequence[Statement]]) -> Settled:
    """For each fact the statements of the strongest source that has one.

    sources  strongest first; several values of one source are a list, not a conflict, but for the
             facts that have one value only
    """
    kept: dict[tuple[str, str], tuple[Statement, ...]] = {}
    conflicts: dict[tuple[str, str, str], Conflict] = {}
    gaps: list[Gap] = []
    for source in sources:
        grouped: dict[tuple[str, str], dict[str, Statement]] = {}
        for raw in source:
            statement = _canonical(raw)
            if isinstance(statement, Gap):
                gaps.append(statement)
                continue
            key = (statement.name, statement.node)
            grouped.setdefault(key, {}).setdefault(statement.value, statement)
        for key, said in grouped.items():
            values = tuple(said.values())
            holding = kept.setdefault(key, values[:1] if key[0] in _SINGLE else values)
            for other in _contradicting(holding, said.values()):
                conflict = Conflict(kept=holding[0], other=other)
                conflicts.setdefault((*key, other.value), conflict)
    every = (item for items in kept.values() for item in items)
    return Settled(
        statements=tuple(sorted(every, key=lambda item: (bool(item.node), item.name, item.node))),
        conflicts=tuple(conflicts.values())[:MAX_CONFLICTS],
        gaps=tuple(gaps[:MAX_GAPS]),
    )


def _contradicting(
    holding: Iterable[Statement], said: Iterable[Statement]
) -> Sequence[Statement]:
    values = {_compared(item) for item in holding}
    return [item for item in said if _compared(item) not in values]


def _compared(statement: Statement) -> str:
    """What must agree: of Raven's hosts not the port, which a Service lists all of."""
    if statement.name in ("raven-proxy", "raven-tunnel"):
        place = parse_host_port(statement.value, 1)
        return statement.value if place is None else place.host
    return statement.value


def _canonical(statement: Statement) -> Statement | Gap:
    value = CANONICAL[statement.name](statement.value)
    if value is None:
        reason = f"{statement.source}: {statement.value[:80]!a} is no {statement.name}"
        return Gap(reason=reason, is_missing=False)
    return replace(statement, value=value)
