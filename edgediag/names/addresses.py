"""Names to addresses, as this host would turn them: hosts file first, then its resolvers."""

from collections.abc import Iterable, Mapping, Sequence

from edgediag.inside import is_inside
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
    """The addresses that the answer to a query gave, () where it gave none.

    What is left of an answer that was cut short counts for nothing: a host asks over TCP instead.
    """
    if is_cut_short(outcome):
        return ()
    if isinstance(outcome, Answered) and isinstance(outcome.reply, DnsReply):
        return outcome.reply.addresses[:MAX_ADDRESSES]
    return ()


def is_cut_short(outcome: Outcome) -> bool:
    """True if a datagram had no room for the answer: nobody uses what is left of it.

    source  RFC 1035 §4.1.1 (TC), RFC 2181 §9
    """
    if not isinstance(outcome, Answered) or outcome.probe.kind is not ProbeKind.DNS:
        return False
    return isinstance(outcome.reply, DnsReply) and outcome.reply.is_truncated


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

    Of each IP version by itself, IPv4 first, and so many in all as are checked of one name. Where
    those lead inside some network and another resolver knows public ones, both are wanted: the ones
    that this host takes, and the ones that show what it would have without.
    """
    by_version: dict[tuple[str, int], tuple[Address, ...]] = {}
    for outcome in outcomes:
        addresses = addresses_in(outcome)
        if not addresses:
            continue
        key = outcome.probe.name, addresses[0].version
        known = by_version.setdefault(key, addresses)
        if leads_inside(known) and not leads_inside(addresses):
            by_version[key] = (*known[: MAX_ADDRESSES // 2], *addresses[: MAX_ADDRESSES // 2])
    found: dict[str, tuple[Address, ...]] = {}
    for (name, _), addresses in sorted(by_version.items(), key=lambda item: item[0][1]):
        found[name] = (*found.get(name, ()), *addresses)[:MAX_ADDRESSES]
    return found


def leads_inside(addresses: Sequence[Address]) -> bool:
    """True if there is no public address among some."""
    return bool(addresses) and all(map(is_inside, addresses))
