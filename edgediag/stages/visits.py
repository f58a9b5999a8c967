"""Services of this node that take connections and end them at once: this node itself visits them.

Whoever waits for a client to speak first, as HTTP and TLS do, keeps a silent connection for a
while; so nothing has to be said, and nothing of the service is used.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from edgediag.instruments import Bench, Visits
from edgediag.model.answer import NotChecked
from edgediag.model.endpoint import Direction, Target
from edgediag.model.evidence import NOT_VISITED, Evidence, ListenerEvidence
from edgediag.model.exchange import Door
from edgediag.model.flow import Protocol
from edgediag.model.host import HostState
from edgediag.model.listener import Listener
from edgediag.stages.arrival import arrivals_at, is_open

# On this very host a round trip takes no time; a service that is about to end it does so at once.
PATIENCE_S: Final = 0.2

# Who ends the first is visited so often: a service that restarts ends one, and takes the next.
VISITS: Final = 3


def doors(targets: Iterable[Target], state: HostState) -> dict[str, Door]:
    """Where each inbound row of TCP is visited, by check: where others are listened to."""
    found: dict[str, Door] = {}
    for target in targets:
        if target.direction is not Direction.INBOUND or target.protocol is not Protocol.TCP:
            continue
        listeners = listeners_of(target, state)
        if isinstance(listeners, NotChecked) or not is_open(listeners):
            continue
        arrivals = arrivals_at(target, state, listeners)
        if not isinstance(arrivals, NotChecked):
            address = arrivals[0].flow.destination
            found[target.check] = Door(address=address, port=target.port)
    return found


def conclude(
    bench: Bench, places: Mapping[str, Door], visits: Visits
) -> dict[str, tuple[bool, ...] | NotChecked]:
    """By check, whether each visit was ended before a word."""
    ended = visits.closed(PATIENCE_S)
    seen: dict[Door, tuple[bool, ...]] = {
        door: (said,)
        for door, said in ended.items()
        if not isinstance(said, NotChecked)
    }
    for _ in range(VISITS - 1):
        again = [door for door, visited in seen.items() if all(visited)]
        if not again or bench.loop.is_interrupted():
            break
        with bench.host.visit(again) as opened:
            for door, said in opened.closed(PATIENCE_S).items():
                seen[door] = (*seen[door], said is True)
    return {
        check: seen[door] if door in seen else _unseen(ended.get(door))
        for check, door in places.items()
    }


def with_visits(
    evidence: Evidence, visited: Mapping[str, tuple[bool, ...] | NotChecked]
) -> Evidence:
    """The evidence on an inbound row with what came of the visits to it."""
    if not isinstance(evidence, ListenerEvidence):
        return evidence
    return replace(evidence, closed=visited.get(evidence.target.check, NOT_VISITED))


def listeners_of(target: Target, state: HostState) -> tuple[Listener, ...] | NotChecked:
    """The sockets that take what comes to a row's port, where they were read."""
    if isinstance(state.listeners, NotChecked):
        return state.listeners
    return tuple(
        item
        for item in state.listeners
        if item.protocol is target.protocol and item.port == target.port
    )


def _unseen(said: bool | NotChecked | None) -> NotChecked:
    return said if isinstance(said, NotChecked) else NOT_VISITED
