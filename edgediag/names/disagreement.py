"""Where name servers of one host say different things of one name, and it matters."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from edgediag.model.flow import Address
from edgediag.model.outcome import Outcome
from edgediag.names.addresses import addresses_in, leads_inside
from edgediag.names.doubt import is_denial


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What one name server says for good; () says that the name has no address.

    outcome  in which it says so
    """

    outcome: Outcome
    addresses: tuple[Address, ...]


def words_of(queries: Iterable[Outcome]) -> tuple[Word, ...]:
    """What every server says of a name, in the order asked; those that say nothing are left out.

    A server that fails or is silent has no say: the next one is asked. Nor is it a denial of a name
    where the same server has an address for another that stands for it, or does not say.

    queries  for one name, or for those that stand for it, in the order asked
    """
    queries = tuple(queries)
    return tuple(
        Word(outcome=outcome, addresses=addresses_in(outcome))
        for outcome in queries
        if addresses_in(outcome) or all(map(is_denial, _of_one_server(outcome, queries)))
    )


def _of_one_server(outcome: Outcome, queries: Iterable[Outcome]) -> Iterator[Outcome]:
    """The outcome itself, and those of other names at the same server."""
    yield outcome
    asked = outcome.probe
    for other in queries:
        is_same = other.probe.flow.destination == asked.flow.destination
        if is_same and other.probe.name != asked.name:
            yield other


def disagrees(word: Word, other: Word) -> bool:
    """True if two servers cannot both be right for this host.

    Two sets of public addresses are no disagreement: a service with many gives each asker its own.
    """
    if bool(word.addresses) != bool(other.addresses):
        return True
    return leads_inside(word.addresses) != leads_inside(other.addresses)
