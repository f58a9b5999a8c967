"""What is asked of a connection that failed after its handshake.

The same question once more tells whether it fails each time; another server name, whether the name
is what offends; small segments, whether the answer is too large for the way back. Octets with a
hop limit, on a connection that carries nothing else, tell how far they come and what resets them.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address
from itertools import islice, zip_longest
from typing import TypeAlias

from edgediag.checked import Checked, hop_limit_of, host_of
from edgediag.meaning import (
    are_octets_kept,
    decisive,
    distance,
    is_answer_withheld,
    is_service,
)
from edgediag.model.flow import Address
from edgediag.model.outcome import Answered, Outcome
from edgediag.model.probe import Probe, Purpose, Schedule, Way
from edgediag.model.reply import ConnectedMute, ProxyReply, TlsAnswer, TlsReply
from edgediag.path import DEFAULT_HOPS, MAX_HOPS
from edgediag.plan import HOP_LIMIT, Ask, Supply, draw_probe

# RFC 6761 §6.5: it is nobody's service, so nobody filters it.
NEUTRAL_NAME = "example.com"

MAX_CONVERSATIONS = 12
MAX_WALKS = 3

# Where more fail than are walked, so many walks must agree to stand for the others of their kind.
WALKS_THAT_STAND = 2

# What stops one port on the way need not be what stops another, so each kind has its own.
MAX_WALKS_OF_KINDS = 6

_TIMEOUT_S = 1.5
_HANDSHAKE_S = 1.0
_SPARE_HOPS = 2

# The next octets are sent when the answer to those before must have come, by the round trip of the
# check. Routers tell of one expiry a second when others have used up their burst: what was silent
# is sent once more a little over a second later, after all others.
_LEAST_SPACING_S = 0.08
_MOST_SPACING_S = 0.4
_REPEAT_S = 1.2
_LISTEN_S = 0.4

_FAILURES = (TlsAnswer.RESET, TlsAnswer.CLOSED, TlsAnswer.NOT_TLS)

_Failure: TypeAlias = bool | TlsAnswer | ProxyReply
# Failures that are alike at one host, or at one port of several.
_Kind: TypeAlias = tuple[Address | int, _Failure]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """The probes that one check's failed connection is asked with.

    other_name  None where the check has no server name
    octets      the carrier first, then its rungs by ascending hop limit; () where it has none
    walked      the checks whose octets stand for its own, itself among them where it has some
    """

    check: str
    again: Probe
    small: Probe
    other_name: Probe | None
    octets: tuple[Probe, ...]
    walked: tuple[str, ...]


def fails_behind_handshake(check: Checked) -> bool:
    """True if a connection stood, octets left on it, and no service followed."""
    return _symptom(decisive(check.attempts)) is not None


def plan_conversations(
    checks: Sequence[Checked], starts_s: Sequence[float], supply: Supply
) -> tuple[Conversation, ...]:
    """What to ask of the connections that failed, in the order of the checks.

    starts_s  when a walk of octets may begin, the soonest first
    """
    failing = [check for check in checks if fails_behind_handshake(check)][:MAX_CONVERSATIONS]
    kinds = _kinds(failing)
    starts = dict(zip(_to_walk(kinds), starts_s, strict=False))
    conversations: list[Conversation] = []
    for check in failing:
        name = check.target.check
        octets = _octets(check, starts[name], supply) if name in starts else ()
        alike = next(names for names in kinds if name in names)
        walked = (name,) if name in starts else tuple(one for one in alike if one in starts)
        conversations.append(_conversation(check, (octets, walked), supply))
    return tuple(conversations)


def _symptom(outcome: Outcome) -> _Failure | None:
    if are_octets_kept(outcome) or is_answer_withheld(outcome):
        return None
    match outcome:
        case Answered(reply=ConnectedMute(is_acknowledged=is_acknowledged)):
            return is_acknowledged
        case Answered(reply=TlsReply(answer=answer)) if answer in _FAILURES:
            return answer
        case Answered(reply=ProxyReply() as reply) if not is_service(reply):
            return reply
        case _:
            return None


def _kinds(failing: Sequence[Checked]) -> tuple[tuple[str, ...], ...]:
    """The checks that may stand for each other, in the order of their first ones.

    Ports of one host that fail alike do, or hosts that fail alike at one port.
    """
    at_hosts = Counter(_at_host(check) for check in failing)
    kinds: dict[_Kind, list[str]] = {}
    for check in failing:
        kind: _Kind = _at_host(check)
        if at_hosts[_at_host(check)] == 1:
            kind = decisive(check.attempts).probe.flow.destination_port, kind[1]
        kinds.setdefault(kind, []).append(check.target.check)
    return tuple(map(tuple, kinds.values()))


def _at_host(check: Checked) -> tuple[Address, _Failure]:
    symptom = _symptom(decisive(check.attempts))
    return host_of(check), symptom if symptom is not None else False


def _to_walk(kinds: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """All of few checks; of many the first of each kind, then the second ones."""
    if sum(map(len, kinds)) <= MAX_WALKS:
        return tuple(name for names in kinds for name in names)
    turns = islice(zip_longest(*kinds), WALKS_THAT_STAND)
    chosen = [name for turn in turns for name in turn if name is not None]
    return tuple(chosen[:MAX_WALKS_OF_KINDS])


def _conversation(
    check: Checked, walk: tuple[tuple[Probe, ...], tuple[str, ...]], supply: Supply
) -> Conversation:
    asked = decisive(check.attempts).probe
    once = Schedule(offsets_s=(0.0,), timeout_s=_TIMEOUT_S)
    octets, walked = walk
    other = replace(asked, name=NEUTRAL_NAME)
    return Conversation(
        check=check.target.check,
        again=_drawn(asked, Purpose.AGAIN, once, supply),
        small=_drawn(asked, Purpose.SMALL_SEGMENTS, once, supply),
        other_name=(
            _drawn(other, Purpose.OTHER_NAME, once, supply) if _is_name(asked.name) else None
        ),
        octets=octets,
        walked=walked,
    )


def _is_name(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return bool(name)
    return False


def _octets(check: Checked, start_s: float, supply: Supply) -> tuple[Probe, ...]:
    asked = decisive(check.attempts).probe
    hops, spacing_s = _hops(check), _spacing_s(check)
    repeat_s = max(_REPEAT_S, (hops + 1) * spacing_s)
    span_s = hops * spacing_s + repeat_s + _LISTEN_S
    opening = Schedule(offsets_s=(start_s,), timeout_s=start_s + _HANDSHAKE_S + span_s)
    carrier = _drawn(asked, Purpose.CARRY, opening, supply)
    is_large = _symptom(decisive(check.attempts)) is True
    purpose = Purpose.LARGE_OCTETS if is_large else Purpose.OCTETS
    rungs = (
        draw_probe(
            Ask(
                check=carrier.check,
                purpose=purpose,
                kind=carrier.kind,
                way=Way.IP_STACK,
                flow=carrier.flow,
                hop_limit=hop_limit,
                name=carrier.name,
                schedule=Schedule(
                    offsets_s=(hop_limit * spacing_s, hop_limit * spacing_s + repeat_s),
                    timeout_s=hop_limit * spacing_s + repeat_s + _LISTEN_S,
                ),
            ),
            supply,
        )
        for hop_limit in range(1, hops + 1)
    )
    return (carrier, *rungs)


def _hops(check: Checked) -> int:
    hop_limit = hop_limit_of(check)
    known = DEFAULT_HOPS if hop_limit is None else distance(hop_limit) + _SPARE_HOPS
    return min(known, MAX_HOPS)


def _spacing_s(check: Checked) -> float:
    rtts = [item.rtt_s for item in check.attempts if isinstance(item, Answered)]
    return min(_MOST_SPACING_S, max(_LEAST_SPACING_S, 2 * min(rtts, default=0.0)))


def _drawn(asked: Probe, purpose: Purpose, schedule: Schedule, supply: Supply) -> Probe:
    """The same question on a flow of its own: the port of one that was reset may be remembered."""
    return draw_probe(
        Ask(
            check=asked.check,
            purpose=purpose,
            kind=asked.kind,
            way=asked.way,
            flow=replace(asked.flow, source_port=supply.port()),
            hop_limit=HOP_LIMIT,
            name=asked.name,
            schedule=schedule,
        ),
        supply,
    )
