"""What a name server cut short in a datagram is asked once more over TCP, as every host asks it.

Nobody asks a name server over TCP for another reason, so its port counts where an answer was cut
short and nowhere else.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from edgediag.endpoints.naming import check_stem
from edgediag.model.endpoint import ProbeKind, Target
from edgediag.model.flow import Protocol
from edgediag.model.outcome import Outcome
from edgediag.model.probe import Probe
from edgediag.names.addresses import is_cut_short
from edgediag.plan import Supply, draw_over_tcp

SUFFIX: Final = "-tcp"
"""Of an endpoint: the same server over TCP."""

_KINDS: Final = (ProbeKind.TCP_SYN, ProbeKind.DNS_TCP)


@dataclass(slots=True, kw_only=True)
class Queries:
    """The queries of a run; those over TCP stand behind the ones whose answers were cut short.

    by_datagram  in the order of the plan
    over_tcp     by the id of the query whose answer was cut short
    """

    by_datagram: tuple[Probe, ...]
    over_tcp: dict[int, Probe]

    def all(self) -> tuple[Probe, ...]:
        """Every query, in the order in which a host takes their answers."""
        return tuple(probe for query in self.by_datagram for probe in self.of(query))

    def beside(self, others: "Queries") -> "Queries":
        """These queries and others behind them."""
        return Queries(
            by_datagram=(*self.by_datagram, *others.by_datagram),
            over_tcp=self.over_tcp | others.over_tcp,
        )

    def of(self, query: Probe) -> tuple[Probe, ...]:
        """A query, and the same over TCP if it was asked so."""
        again = self.over_tcp.get(query.id)
        return (query,) if again is None else (query, again)

    def repeated(self, outcomes: Iterable[Outcome], supply: Supply) -> tuple[Probe, ...]:
        """The queries to be sent over TCP now, each once."""
        drawn = {
            outcome.probe.id: draw_over_tcp(outcome.probe, supply)
            for outcome in outcomes
            if is_cut_short(outcome) and outcome.probe.id not in self.over_tcp
        }
        self.over_tcp.update(drawn)
        return tuple(drawn.values())


def targets_over_tcp(
    targets: Sequence[Target], outcomes: Mapping[str, Sequence[Outcome]]
) -> tuple[Target, ...]:
    """The checks that name servers need over TCP, in the order of the targets.

    outcomes  of everything that was asked of a name server, by its check
    """
    return tuple(
        _over_tcp(target, next(filter(is_cut_short, outcomes[target.check])))
        for target in targets
        if any(map(is_cut_short, outcomes.get(target.check, ())))
    )


def _over_tcp(target: Target, outcome: Outcome) -> Target:
    endpoint = target.endpoint + SUFFIX
    stem = check_stem(target.endpoint, target.port)
    return replace(
        target,
        check=check_stem(endpoint, target.port) + target.check.removeprefix(stem),
        endpoint=endpoint,
        purpose=f"{target.purpose} over TCP",
        protocol=Protocol.TCP,
        kinds=_KINDS,
        query=outcome.probe.name,
    )
