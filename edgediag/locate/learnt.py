"""Hops that the first walks have shown, which further ones beside them are not asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from edgediag.checked import Checked, host_of, lead, name_of
from edgediag.locate.controls import distance_of
from edgediag.locate.near import network_of
from edgediag.locate.pacing import WALK_SPACING_S, WALKS_AT_ONCE
from edgediag.locate.planned import Choice, Follower
from edgediag.meaning import decisive, is_answered_well, speaks_for
from edgediag.model.evidence import Relation
from edgediag.model.flow import Address, Flow, Protocol
from edgediag.model.outcome import Answered
from edgediag.model.path import Hop, Ladder
from edgediag.model.probe import Purpose
from edgediag.path import Walk, first_in_name_of
from edgediag.stages.conversation import fails_behind_handshake

FLOWS_TO_LEARN: Final = 6
"""Of two routers that share flows evenly, six flows in a row meet one alone in 3 of 100 cases.

source  Augustin, Friedman, Teixeira, "Multipath Tracing with Paris Traceroute" (2007): the flows
        after which a second next hop is ruled out at 95 % confidence. Behind a fork they are fewer,
        and what is behind it is said with less.
"""

FORK_WAIT_S: Final = 1.5
"""Nobody waits longer to learn which of equal routers a flow meets that works."""

Learnt: TypeAlias = Mapping[int, Mapping[Address | None, Address | None]]
"""By distance, and by who answered before: who answers there. None is silence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What of a walk is left to ask.

    learnt   hops that are not asked
    start_s  when it may be asked, after the start of the followers
    """

    walk: Walk
    learnt: Learnt
    start_s: float


def followers(
    walks: Sequence[Walk], working: Sequence[Checked], kept: frozenset[Flow]
) -> tuple[Follower, ...]:
    """The walks that come behind six others that go the same way, in the order of the walks.

    kept  flows that are walked whole: those that fail, and the controls beside them
    """
    ways = {lead(check).probe.flow: _way(check) for check in working}
    leaders: dict[tuple[int, int, int], list[Flow]] = {}
    behind: list[Follower] = []
    for walk in walks:
        way = ways.get(walk.flow)
        if way is None:
            continue
        before = leaders.setdefault(way, [])
        if len(before) < FLOWS_TO_LEARN or walk.flow in kept:
            before.append(walk.flow)
        else:
            behind.append(Follower(walk=walk, leaders=tuple(before)))
    return tuple(behind)


def is_by_host(check: Checked, working: Sequence[Checked]) -> bool:
    """True if an answer in the name of a host is likely to be its own.

    One that accepts connections in the name of others is on the way to all of them, and many
    questions are put to the routers behind it; none of UDP is answered by it from as near.
    """
    outcome = decisive(check.attempts)
    if not isinstance(outcome, Answered) or not speaks_for(outcome.reply, host_of(check)):
        return False
    beside = (other for other in working if other.target.protocol is not Protocol.TCP)
    way = _way(check)
    is_refusal = not is_answered_well(outcome) and not fails_behind_handshake(check)
    return is_refusal or (way is not None and any(_way(other) == way for other in beside))


def echoes_beside(
    answered: Sequence[Checked], controls: Mapping[str, Sequence[Choice]]
) -> tuple[Follower, ...]:
    """The echoes to hosts that answered: what they tell begins where the flow is answered.

    controls  by check
    """
    return tuple(
        Follower(walk=choice.walk, leaders=(lead(check).probe.flow,))
        for check in answered
        for choice in controls[name_of(check)]
        if choice.relation is Relation.ECHO and choice.is_needed
    )


def parts_of(
    behind: Sequence[Follower], ladders: Mapping[Flow, Ladder]
) -> tuple[Part, ...]:
    """What each follower is asked for, and when: the answers that routers have left are shared."""
    parts: list[Part] = []
    asking = 0
    echoes = [follower for follower in behind if follower.walk.purpose is Purpose.CONTROL]
    for place, follower in enumerate(echoes):
        ladder = ladders.get(follower.leaders[0])
        parts.append(_from_answer_on(follower.walk, ladder, place))
    for follower in behind[len(echoes) :]:
        known = [ladders[flow] for flow in follower.leaders if flow in ladders]
        learnt, branches = _learnt(known)
        start_s = _start_s(asking, branches)
        start_s = min(start_s, FORK_WAIT_S) if learnt else start_s
        parts.append(Part(walk=follower.walk, learnt=learnt, start_s=start_s))
        asking += branches > 0
    return tuple(parts)


def completed(ladder: Ladder, learnt: Learnt) -> Ladder:
    """The ladder with the hops that were not asked; these have no try and no reply."""
    asked = {hop.distance: hop for hop in ladder.hops}
    hops: list[Hop] = []
    before: Address | None = None
    for distance in range(1, max(asked, default=0) + 1):
        sender = learnt.get(distance, {}).get(before)
        hop = asked.get(distance) or Hop(
            distance=distance, sender=sender, reply=None, rtt_s=None, tries=0, packets=()
        )
        hops.append(hop)
        before = hop.sender
    return replace(ladder, hops=tuple(hops))


def _from_answer_on(walk: Walk, ladder: Ladder | None, place: int) -> Part:
    """The walk without the hops before the first that answers the flow in the host's name.

    These alone have told of it; those behind have not been asked yet and have all their answers.
    """
    named = None if ladder is None else first_in_name_of(ladder, walk.flow.destination)
    before = 0 if named is None else named.distance - 1
    left = WALKS_AT_ONCE if before else 0
    return Part(
        walk=walk,
        learnt={distance: {} for distance in range(1, before + 1)},
        start_s=max(0, place + 1 - left) * WALK_SPACING_S,
    )


def _way(check: Checked) -> tuple[int, int, int] | None:
    """What flows have in common that go the same way, as far as their ends tell."""
    far, host = distance_of(check), host_of(check)
    return None if far is None else (host.version, network_of(host), far)


def _learnt(ladders: Sequence[Ladder]) -> tuple[Learnt, int]:
    """What is known of the hops before the hosts, and how many routers answer at each other one.

    Where no other is left the number is 0.
    """
    hosts = [first_in_name_of(ladder, ladder.flow.destination) for ladder in ladders]
    far = min((hop.distance for hop in hosts if hop is not None), default=0)
    if len(ladders) < FLOWS_TO_LEARN or not far:
        return {}, 1
    learnt: dict[int, dict[Address | None, Address | None]] = {}
    forks: list[int] = []
    for distance in range(1, far):
        pairs = [_pair(ladder, distance) for ladder in ladders]
        met = {before: {sender for at, sender in pairs if at == before} for before, _ in pairs}
        heard = {before: senders - {None} or {None} for before, senders in met.items()}
        if all(len(senders) == 1 for senders in heard.values()):
            learnt[distance] = {before: next(iter(senders)) for before, senders in heard.items()}
        else:
            forks.append(len({sender for _, sender in pairs if sender is not None}))
    return learnt, min(forks, default=0)


def _pair(ladder: Ladder, distance: int) -> tuple[Address | None, Address | None]:
    """Who answered at a distance, and before it."""
    hop = ladder.hops[distance - 1]
    return ladder.hops[distance - 2].sender if distance > 1 else None, hop.sender


def _start_s(place: int, branches: int) -> float:
    """When a walk may begin that has so many before it.

    The leaders have taken six answers from the routers of a fork together.
    """
    if not branches:
        return 0.0
    left = WALKS_AT_ONCE * (branches - 1)
    return max(0, place + 1 - left) * WALK_SPACING_S / branches
