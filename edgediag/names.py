"""Names to addresses, as this host would turn them: hosts file first, then its resolvers."""

from collections.abc import Iterable, Mapping, Sequence

from edgediag.model.cluster import HostsEntry
from edgediag.model.endpoint import Direction, Matrix, ProbeKind
from edgediag.model.flow import Address
from edgediag.model.outcome import Answered, Outcome
from edgediag.model.reply import DnsReply

# Addresses of one name that are checked; public services seldom give more to one resolver.
MAX_ADDRESSES = 4


def names_in(matrix: Matrix) -> tuple[str, ...]:
    """The names that outbound checks need, each once, in the order of the matrix."""
    return tuple(
        dict.fromkeys(
            target.host
            for target in matrix.targets
            if target.direction is Direction.OUTBOUND and target.address is None
        )
    )


def overridden(
    names: Iterable[str], entries: Sequence[HostsEntry], versions: Sequence[int]
) -> dict[str, tuple[Address, ...]]:
    """The names that a hosts file settles, with its addresses in the order of its lines.

    versions  the IP versions that this host can use; addresses of the first come first
    """
    found: dict[str, tuple[Address, ...]] = {}
    for name in names:
        addresses = [entry.address for entry in entries if entry.name.lower() == name.lower()]
        usable = [
            address
            for version in versions
            for address in addresses
            if address.version == version
        ]
        if usable:
            found[name] = tuple(usable[:MAX_ADDRESSES])
    return found


def addresses_in(outcome: Outcome) -> tuple[Address, ...]:
    """The addresses that the answer to a query gave, () where it gave none."""
    if isinstance(outcome, Answered) and isinstance(outcome.reply, DnsReply):
        return outcome.reply.addresses[:MAX_ADDRESSES]
    return ()


def is_answered(outcome: Outcome) -> bool:
    """True if a name server said anything to a query."""
    return isinstance(outcome, Answered) and isinstance(outcome.reply, DnsReply)


def gave(outcomes: Iterable[Outcome], name: str, address: Address) -> tuple[str, ...]:
    """The checks of the resolvers that gave the address for the name, each once."""
    return tuple(
        dict.fromkeys(
            outcome.probe.check
            for outcome in outcomes
            if outcome.probe.name == name and address in addresses_in(outcome)
        )
    )


def resolved(outcomes: Iterable[Outcome]) -> Mapping[str, tuple[Address, ...]]:
    """By name, the addresses of the first resolver that gave any; outcomes in the order asked.

    Of each IP version by itself, IPv4 first, and so many in all as are checked of one name.
    """
    by_kind: dict[tuple[str, ProbeKind], tuple[Address, ...]] = {}
    for outcome in outcomes:
        addresses = addresses_in(outcome)
        if addresses:
            by_kind.setdefault((outcome.probe.name, outcome.probe.kind), addresses)
    found: dict[str, tuple[Address, ...]] = {}
    for (name, _), addresses in sorted(by_kind.items(), key=lambda item: item[1][0].version):
        found[name] = (*found.get(name, ()), *addresses)[:MAX_ADDRESSES]
    return found
