"""Where name servers of one host say different things of one name, and it matters."""

from collections.abc import Iterable
from dataclasses import dataclass

from edgediag.doubt import is_denial
from edgediag.model.flow import Address
from edgediag.model.outcome import Outcome
from edgediag.names import addresses_in, leads_inside


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What one name server says for good; () says that the name has no address.

    outcome  in which it says so
    """

    outcome: Outcome
    addresses: tuple[Address, ...]


def words_of(queries: Iterable[Outcome]) -> tuple[Word, ...]:
    """What every server says of a name, in the order asked; those that say nothing are left out.

    A server that fails or is silent has no say: the next one is asked.

    queries  for one name, in the order asked
    """
    return tuple(
        Word(outcome=outcome, addresses=addresses_in(outcome))
        for outcome in queries
        if addresses_in(outcome) or is_denial(outcome)
    )


def disagrees(word: Word, other: Word) -> bool:
    """True if two servers cannot both be right for this host.

    Two sets of public addresses are no disagreement: a service with many gives each asker its own.
    """
    if bool(word.addresses) != bool(other.addresses):
        return True
    return leads_inside(word.addresses) != leads_inside(other.addresses)
