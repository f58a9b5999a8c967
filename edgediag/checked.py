"""An outbound check after its probes, and what can be said of it before anything is walked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from edgediag.flaw import is_refused, is_unavailable, refuses_http2
from edgediag.meaning import (
    are_octets_kept,
    decisive,
    has_left,
    is_answer_lost_here,
    is_answer_withheld,
    is_answered_well,
    is_off,
    is_rewritten,
    received_hop_limit,
    speaks_for,
    wire_flow,
)
from edgediag.model.answer import NotChecked
from edgediag.model.certificate import Presented
from edgediag.model.endpoint import Target
from edgediag.model.evidence import ClockOffset, Surroundings
from edgediag.model.flow import Address
from edgediag.model.outcome import Answered, Outcome, SendFailed
from edgediag.model.probe import Purpose
from edgediag.model.reply import NtpReply
from edgediag.model.route import Route, RouteAnswer
from edgediag.names.addresses import addresses_in
from edgediag.plan import STREAMS

NO_CERTIFICATE = NotChecked(reason="no server answered a TLS ClientHello")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A check and its attempts, in the order of the plan, at least one.

    nobody  what a name server said of names that nobody has; none where it was not asked
    certificate  what a TLS server showed when it was asked for it
    """

    target: Target
    attempts: tuple[Outcome, ...]
    nobody: tuple[Outcome, ...]
    certificate: Presented | NotChecked = NO_CERTIFICATE


def is_ok(check: Checked) -> bool:
    """True if an application's own way worked, and what it was told can be believed."""
    return is_answered_well(decisive(check.attempts)) and not is_wild(check.attempts, check.nobody)


def is_wild(attempts: tuple[Outcome, ...], nobody: tuple[Outcome, ...]) -> bool:
    """True if a name server gives real names an address that it gives to names of nobody."""
    given = {address for outcome in attempts for address in addresses_in(outcome)}
    return bool(given & invented(nobody))


def invented(nobody: Iterable[Outcome]) -> frozenset[Address]:
    """The addresses that a name server gave to names that nobody has."""
    return frozenset(address for outcome in nobody for address in addresses_in(outcome))


def packets_of(check: Checked) -> tuple[Outcome, ...]:
    """The attempts that were packets of our own rather than streams, which the kernel repeats."""
    return tuple(item for item in check.attempts if item.probe.kind not in STREAMS)


def is_answered_late(check: Checked) -> bool:
    """True if a packet was answered that had to be sent again: on one flow, so one was lost."""
    if any(map(is_rewritten, check.attempts)):
        # The answers to packets of our own come back on a flow that nobody here knows.
        return False
    return any(isinstance(item, Answered) and item.tries > 1 for item in packets_of(check))


def lead(check: Checked) -> Outcome:
    """The attempt whose flow is repeated later: a packet of our own rather than a stream."""
    return (packets_of(check) or check.attempts)[0]


def with_later(check: Checked, outcomes: Iterable[Outcome]) -> Checked:
    """The check with more that was asked of it, behind its own attempts."""
    return replace(check, attempts=(*check.attempts, *outcomes))


def name_of(check: Checked) -> str:
    """The id of a check."""
    return check.target.check


def host_of(check: Checked) -> Address:
    """The destination of a check."""
    return lead(check).probe.flow.destination


def hop_limit_of(check: Checked) -> int | None:
    """The hop limit with which the destination's own answer arrived, None without one."""
    for outcome in check.attempts:
        if isinstance(outcome, Answered) and is_heard(outcome):
            hop_limit = received_hop_limit(outcome.reply)
            if hop_limit is not None:
                return hop_limit
    return None


def is_heard(outcome: Outcome) -> bool:
    """True if the destination said anything in its own name."""
    return isinstance(outcome, Answered) and speaks_for(
        outcome.reply, outcome.probe.flow.destination
    )


def is_answering(check: Checked) -> bool:
    """True if the destination answered any attempt in its own name."""
    return any(map(is_heard, check.attempts))


def is_suspect(check: Checked) -> bool:
    """True if the block must be looked for on this host.

    The probe never left, or an answer was seen coming in that the socket never got, or a connection
    stands whose octets never left.
    """
    outcome = decisive(check.attempts)
    if is_lost_behind_handshake(check):
        return True
    if isinstance(outcome, SendFailed) or not has_left(outcome):
        return True
    return is_answer_lost_here(outcome)


def is_doubtful(check: Checked) -> bool:
    """True if the service answers well and its answer must be explained all the same."""
    clock = clock_of(decisive(check.attempts))
    shown = check.certificate
    is_odd = has_flaw(check) or is_unavailable(shown) or refuses_http2(shown)
    return (clock is not None and is_off(clock)) or is_odd


def has_flaw(check: Checked) -> bool:
    """True if a client would refuse the certificate that the server shows."""
    return is_refused(check.certificate, check.target.host)


def clock_of(outcome: Outcome) -> ClockOffset | None:
    """What a synchronised time server says of this host's clock, None for any other answer."""
    if not is_answered_well(outcome) or not isinstance(outcome, Answered):
        return None
    reply = outcome.reply
    if not isinstance(reply, NtpReply) or reply.offset_s is None:
        return None
    return ClockOffset(server=outcome.probe.flow.destination, offset_s=reply.offset_s)


def is_lost_behind_handshake(check: Checked) -> bool:
    """True if this host lost what followed a handshake: octets of its own, or of the answer."""
    outcome = decisive(check.attempts)
    return are_octets_kept(outcome) or is_answer_withheld(outcome)


def surroundings(
    checks: Iterable[Checked], later: Iterable[Outcome], routes: Mapping[str, RouteAnswer]
) -> Surroundings:
    """Which destinations said anything in their own name in this run, and through which next hops.

    later   what was asked after the checks: rungs that a host answered, confirmations
    routes  by check id; a check without one says nothing of gateways
    """
    checks, later = tuple(checks), tuple(later)
    outcomes = [item for check in checks for item in check.attempts] + list(later)
    hosts = {item.probe.flow.destination for item in outcomes}
    heard_outcomes = list(filter(is_heard, outcomes))
    answering = {item.probe.flow.destination for item in heard_outcomes}
    sources = {wire_flow(item).source for item in heard_outcomes}
    heard = filter(is_answering, checks)
    ways = [routes.get(check.target.check) for check in heard]
    gateways = {way.gateway for way in ways if isinstance(way, Route) and way.gateway is not None}
    return Surroundings(
        answering=tuple(sorted(answering, key=int)),
        silent=tuple(sorted(hosts - answering, key=int)),
        gateways=tuple(sorted(gateways, key=int)),
        sources=tuple(sorted(sources, key=int)),
        is_lossy=any(
            item.probe.purpose is Purpose.CONFIRM and is_answered_well(item) for item in later
        ),
        clocks=_clocks(checks),
    )


def _clocks(checks: Iterable[Checked]) -> tuple[ClockOffset, ...]:
    told = (clock_of(decisive(check.attempts)) for check in checks)
    by_server = {clock.server: clock for clock in told if clock is not None}
    return tuple(by_server[server] for server in sorted(by_server, key=int))
