"""Hop-limited probing: what to send on a flow, and what the answers say of each hop."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from edgediag.model.endpoint import ProbeKind
from edgediag.model.flow import Address, Flow
from edgediag.model.outcome import Answered, Outcome, SendFailed
from edgediag.model.path import Hop, Ladder
from edgediag.model.probe import Probe, Purpose, Schedule, Way
from edgediag.model.reply import IcmpKind, IcmpReply, Reply
from edgediag.plan import Ask, Supply, draw_probe

# Linux routers answer six expiring probes of one source at once and then one a second
# (net.ipv4.icmp_ratelimit = 1000 ms, burst 6): the last try comes over a second after the first.
RUNG_OFFSETS_S = (0.0, 0.3, 1.2)
RUNG_TIMEOUT_S = 1.6

# Where nothing is known of the distance. Paths to a public cloud seldom exceed it.
DEFAULT_HOPS = 16
MAX_HOPS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """A ladder to be climbed.

    check    the failing check, or the working one whose flow is the control; "" for an echo
    hops     the greatest hop limit to send
    start_s  when its first burst goes out, after the start of the stage
    """

    check: str
    purpose: Purpose
    kind: ProbeKind
    flow: Flow
    name: str
    hops: int
    start_s: float


def draw_rungs(
    walk: Walk, supply: Supply, known: Collection[int] = frozenset()
) -> tuple[Probe, ...]:
    """The probes of a walk, by ascending hop limit; all leave in one burst, on one 5-tuple.

    known  hop limits that are not asked
    """
    schedule = Schedule(
        offsets_s=tuple(walk.start_s + offset for offset in RUNG_OFFSETS_S),
        timeout_s=walk.start_s + RUNG_TIMEOUT_S,
    )
    return tuple(
        draw_probe(
            Ask(
                check=walk.check,
                purpose=walk.purpose,
                kind=walk.kind,
                way=Way.IP_STACK,
                flow=walk.flow,
                hop_limit=hop_limit,
                name=walk.name,
                schedule=schedule,
            ),
            supply,
        )
        for hop_limit in range(1, min(walk.hops, MAX_HOPS) + 1)
        if hop_limit not in known
    )


def ladder_of(flow: Flow, outcomes: Iterable[Outcome]) -> Ladder:
    """The ladder that the outcomes of its rungs make; hops beyond the destination are left out."""
    hops: list[Hop] = []
    for outcome in sorted(outcomes, key=lambda item: item.probe.hop_limit):
        hops.append(_hop(outcome))
        if hops[-1].sender == flow.destination:
            break
    return Ladder(flow=flow, hops=tuple(hops))


def is_climbed(rungs: Iterable[Probe], known: Callable[[Probe], Outcome | None]) -> bool:
    """True once no rung that is outstanding can change the ladder.

    Beyond the first that the host answered none tells more, and where the path takes its time none
    is answered: a host with a half-open connection limits what it says to other SYNs of its flow.

    rungs  by ascending hop limit
    known  the outcome of a probe, None while it is outstanding
    """
    for rung in rungs:
        outcome = known(rung)
        if outcome is None:
            return False
        if _hop(outcome).sender == rung.flow.destination:
            return True
    return True


def _hop(outcome: Outcome) -> Hop:
    answered = outcome if isinstance(outcome, Answered) else None
    return Hop(
        distance=outcome.probe.hop_limit,
        sender=None if answered is None else _sender(answered.reply, outcome.probe.flow),
        reply=None if answered is None else answered.reply,
        rtt_s=None if answered is None else answered.rtt_s,
        tries=0 if isinstance(outcome, SendFailed) else outcome.tries,
        packets=tuple(seen.number for seen in outcome.seen),
    )


def _sender(reply: Reply, flow: Flow) -> Address:
    return reply.sender if isinstance(reply, IcmpReply) else flow.destination


def is_expiry(hop: Hop) -> bool:
    """True if a router said that the probe expired there: distance, not blame."""
    return isinstance(hop.reply, IcmpReply) and hop.reply.kind is IcmpKind.TIME_EXCEEDED


def last_expiry(ladder: Ladder) -> Hop | None:
    """The farthest hop that carried the probe and said so."""
    return next((hop for hop in reversed(ladder.hops) if is_expiry(hop)), None)


def hop_at(ladder: Ladder, distance: int) -> Hop | None:
    """The hop at a distance, None where the ladder does not reach it."""
    return next((hop for hop in ladder.hops if hop.distance == distance), None)


def first_in_name_of(ladder: Ladder, host: Address) -> Hop | None:
    """The nearest hop whose answer bears the destination's own address."""
    return next((hop for hop in ladder.hops if hop.sender == host), None)


def shares_hops(ladder: Ladder, control: Ladder, upto: int) -> bool:
    """True if both ladders met the same hops up to a distance, as far as both heard them.

    Two equal-cost routers at one distance differ and are no contradiction beyond the first hop:
    at least one common hop, or silence on either side, is asked for.
    """
    pairs = [
        (mine.sender, theirs.sender)
        for mine, theirs in zip(ladder.hops[:upto], control.hops[:upto], strict=False)
        if mine.sender is not None and theirs.sender is not None
    ]
    return not pairs or any(mine == theirs for mine, theirs in pairs)
