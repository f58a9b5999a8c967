"""When the word of a name server is doubted, and what is asked of it then."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from edgediag.checked import Checked, is_ok, lead
from edgediag.discovery.host import parse_address
from edgediag.instruments import Bench
from edgediag.model.endpoint import ProbeKind
from edgediag.model.outcome import Answered, Outcome
from edgediag.model.probe import Probe
from edgediag.model.reply import DnsReply
from edgediag.names.addresses import addresses_in, gave
from edgediag.plan import draw_nobody

# RCODE NOERROR and NXDOMAIN (RFC 1035 §4.1.1): what denies an address to a name.
_DENYING_RCODES = (0, 3)


def ask_for_nobody(
    bench: Bench, checks: Sequence[Checked], queries: Sequence[Probe]
) -> Mapping[str, tuple[Probe, ...]]:
    """Put names that nobody has to the resolvers whose addresses failed, and wait for the answers.

    Where all that was named is served nothing is asked; by check id of the resolver.
    """
    doubted = set(_blamed(checks, bench.loop.outcomes(queries)))
    asked = {
        check.target.check: draw_nobody(lead(check).probe, bench.supply)
        for check in checks
        if check.target.check in doubted and is_ok(check)
    }
    probes = [probe for drawn in asked.values() for probe in drawn]
    bench.loop.submit(probes, {})
    bench.loop.settle(probes)
    return asked


def with_nobody(
    bench: Bench, checks: Iterable[Checked], asked: Mapping[str, tuple[Probe, ...]]
) -> tuple[Checked, ...]:
    """The checks with what their name servers said of names that nobody has."""
    return tuple(
        replace(check, nobody=bench.loop.outcomes(asked.get(check.target.check, ())))
        for check in checks
    )


def denial(
    checks: Iterable[Checked],
    queries: Sequence[Outcome],
    bearers: Mapping[str, tuple[str, ...]],
) -> Answered | None:
    """The first query whose name no resolver has an address for, denied by one that works.

    bearers  by name: those that are asked for in its stead, which are no names of the matrix
    """
    working = {check.target.check for check in checks if is_ok(check)}
    resolved = {outcome.probe.name for outcome in queries if addresses_in(outcome)}
    resolved |= {name for name, names in bearers.items() if resolved & {*names}}
    resolved |= {other for name, names in bearers.items() for other in names if other != name}
    for outcome in queries:
        if outcome.probe.name in resolved or outcome.probe.check not in working:
            continue
        if outcome.probe.kind is not ProbeKind.DNS:
            # Most names have no address of IPv6, and nothing is wrong with them.
            continue
        if isinstance(outcome, Answered) and is_denial(outcome):
            return outcome
    return None


def is_denial(outcome: Outcome) -> bool:
    """True if the answer says that the name does not exist, or that it has no address."""
    reply = outcome.reply if isinstance(outcome, Answered) else None
    if not isinstance(reply, DnsReply) or reply.rcode not in _DENYING_RCODES:
        return False
    return not reply.addresses and not reply.is_truncated


def _blamed(checks: Iterable[Checked], queries: Sequence[Outcome]) -> Iterable[str]:
    for check in checks:
        host, address = check.target.host, check.target.address
        if address is not None and parse_address(host) is None and not is_ok(check):
            yield from gave(queries, host, address)
