"""What is asked beside the walks, of connections and handshakes: sent with them, and read back."""

from collections.abc import Iterator, Mapping, Sequence

from edgediag.checked import Checked, host_of
from edgediag.instruments import Bench
from edgediag.model.answer import NotChecked
from edgediag.model.evidence import Alternative, HandshakeEvidence, StreamEvidence
from edgediag.model.exchange import NextHop
from edgediag.model.outcome import Outcome
from edgediag.model.probe import Probe
from edgediag.model.route import Route, RouteAnswer
from edgediag.path import ladder_of
from edgediag.stages.alternative import AnotherWay, NextHopAddress, next_hop_address
from edgediag.stages.conversation import Conversation
from edgediag.stages.handshake import Handshake

INTERRUPTED = NotChecked(reason="the run was interrupted before an answer came")
WITHHELD = NotChecked(reason="its gateway was asked as often in this run as it may be")
IS_WALKED = NotChecked(reason="its walk tells how far its SYN comes")
NO_NAME = NotChecked(reason="it is asked for by its address, no server name is sent")


def carriers(conversations: Sequence[Conversation]) -> tuple[Probe, ...]:
    """The connections that carry octets; nobody waits for them, only for the octets."""
    return tuple(one.octets[0] for one in conversations if one.octets)


def questions(
    conversations: Sequence[Conversation], handshakes: Sequence[Handshake]
) -> tuple[Probe, ...]:
    """All other probes, each once."""
    return tuple(dict.fromkeys(_questions(conversations, handshakes)))


def streams_of(
    bench: Bench, conversations: Sequence[Conversation]
) -> dict[str, StreamEvidence]:
    """What was asked of each failed connection, and what came of it."""
    walked = {
        one.check: ladder_of(one.octets[0].flow, bench.loop.outcomes(one.octets[1:]))
        for one in conversations
        if one.octets and bench.loop.is_settled(one.octets[1:])
    }
    return {
        one.check: StreamEvidence(
            again=settled(bench, one.again),
            small=settled(bench, one.small),
            other_name=NO_NAME if one.other_name is None else settled(bench, one.other_name),
            octets=tuple(walked[name] for name in one.walked if name in walked),
        )
        for one in conversations
    }


def handshakes_of(
    bench: Bench, handshakes: Sequence[Handshake]
) -> dict[str, HandshakeEvidence]:
    """How far each doubted handshake came, and the echo beside it."""
    return {
        one.check: HandshakeEvidence(
            syn=settled(bench, one.syn),
            before=IS_WALKED if one.before is None else settled(bench, one.before),
            echo=settled(bench, one.echo),
        )
        for one in handshakes
    }


def addressed(
    bench: Bench, ways: Sequence[AnotherWay]
) -> tuple[tuple[AnotherWay, ...], dict[int, NextHop]]:
    """The other ways whose next hop's link-layer address is known, and it by probe."""
    hops = {
        way.probe.id: bench.host.next_hop(way.via, way.probe.flow.destination) for way in ways
    }
    known = {id_: hop for id_, hop in hops.items() if not isinstance(hop, NotChecked)}
    return tuple(way for way in ways if way.probe.id in known), known


def alternatives_of(
    bench: Bench, ways: Sequence[AnotherWay]
) -> dict[str, tuple[Alternative, ...]]:
    """What came of each question that was put another way, by check."""
    found: dict[str, tuple[Alternative, ...]] = {}
    for way in ways:
        outcome = settled(bench, way.probe)
        if isinstance(outcome, NotChecked):
            continue
        interface, next_hop = next_hop_address(way.via, way.probe.flow.destination)
        alternative = Alternative(
            change=way.change, interface=interface, next_hop=next_hop, outcome=outcome
        )
        found[way.check] = (*found.get(way.check, ()), alternative)
    return found


def link_answers_of(
    checks: Sequence[Checked],
    routes: Mapping[str, RouteAnswer],
    told: Mapping[NextHopAddress, tuple[str, ...] | NotChecked],
) -> dict[str, tuple[str, ...] | NotChecked]:
    """What was told of each check's next hop, where it was asked for its link-layer address."""
    found = {}
    for check in checks:
        route = routes[check.target.check]
        if not isinstance(route, Route):
            continue
        hop = next_hop_address(route, host_of(check))
        if hop in told:
            found[check.target.check] = told[hop]
    return found


def settled(bench: Bench, probe: Probe | NotChecked) -> Outcome | NotChecked:
    """The outcome of a probe, or why there is none."""
    if isinstance(probe, NotChecked):
        return probe
    if not bench.loop.is_settled([probe]):
        return WITHHELD if bench.loop.is_withheld(probe) else INTERRUPTED
    return bench.loop.outcomes([probe])[0]


def _questions(
    conversations: Sequence[Conversation], handshakes: Sequence[Handshake]
) -> Iterator[Probe]:
    for one in conversations:
        yield from (one.again, one.small, *one.octets[1:])
        if one.other_name is not None:
            yield one.other_name
    for other in handshakes:
        yield from (other.syn, other.echo)
        if other.before is not None:
            yield other.before
