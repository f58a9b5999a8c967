"""The walk that shows where a limit begins."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from edgediag.checked import Checked
from edgediag.losses.limit_walk import OF_EACH_KIND, SPENT, walk_limit
from edgediag.model.endpoint import ProbeKind
from edgediag.model.exchange import Action, Event, SendPacket
from edgediag.model.flow import Protocol
from edgediag.model.outcome import Outcome
from edgediag.model.packet import (
    IcmpEcho,
    IcmpError,
    Packet,
    Quote,
    Sighting,
    TcpSegment,
)
from rig import RigWire, observed, rig
from story import GATEWAY, ROUTERS, addresses, answered, flow, probe, syn_ack, target, unanswered

HOPS = addresses(GATEWAY, *ROUTERS)
SYN = probe(ProbeKind.TCP_SYN, on=flow(Protocol.TCP, port=6443), check="api-server-6443", id_=9001)


def limited_behind(wall: int) -> RigWire:
    """Four routers, the one at `wall` forwarding no SYN any more."""

    def answers(action: Action, at_s: float) -> Iterable[Event]:
        if not isinstance(action, SendPacket):
            return ()
        packet = action.packet
        left = observed(packet, Sighting.TAP_OUT, at_s)
        is_syn = isinstance(packet.payload, TcpSegment)
        if packet.hop_limit > len(HOPS) or (is_syn and packet.hop_limit > wall):
            return (left,)
        sequence = (
            packet.payload.sequence if isinstance(packet.payload, TcpSegment | IcmpEcho) else None
        )
        quote = Quote(flow=packet.flow, hop_limit=1, ip_id=packet.ip_id, sequence=sequence)
        way = replace(
            packet.flow.reversed(), source=HOPS[packet.hop_limit - 1], protocol=Protocol.ICMP
        )
        error = IcmpError(type_=11, code=0, quote=quote)
        back = Packet(flow=way, hop_limit=60, ip_id=1, payload=error)
        return (left, observed(back, Sighting.TAP_IN, at_s))

    return RigWire(answers)


def checked(outcome: Outcome) -> Checked:
    return Checked(
        target=target("api-server-6443", kinds=(ProbeKind.TCP_SYN,)), attempts=(outcome,),
        nobody=(),
    )


@pytest.mark.parametrize("wall", [1, 2, 3])
def test_behind_the_limit_echoes_alone_are_answered(wall: int) -> None:
    found = walk_limit(rig(limited_behind(wall)), checked(answered(SYN, syn_ack())))
    answers = {
        protocol: [train.answered for train in found.trains if train.protocol is protocol]
        for protocol in (Protocol.TCP, Protocol.ICMP)
    }
    assert answers[Protocol.ICMP] == [OF_EACH_KIND] * 4
    assert answers[Protocol.TCP] == [OF_EACH_KIND] * wall + [0] * (4 - wall)
    assert [train.expired_at for train in found.trains if train.answered][:1] == [HOPS[0]]


def test_no_router_is_asked_for_more_errors_than_it_has_and_no_question_shares_a_flow() -> None:
    found = walk_limit(rig(limited_behind(4)), checked(answered(SYN, syn_ack())))
    expiring = [item for item in found.sent if item.hop_limit <= len(HOPS)]
    counts = {item.hop_limit: 0 for item in expiring}
    for item in expiring:
        counts[item.hop_limit] += 1
    assert counts == dict.fromkeys(range(1, 5), 2 * OF_EACH_KIND)
    questions = [item for item in found.sent if item.kind is ProbeKind.TCP_SYN]
    assert len({item.flow for item in questions}) == SPENT + 4 * OF_EACH_KIND


def test_without_a_known_distance_nothing_is_sent() -> None:
    assert walk_limit(rig(limited_behind(1)), checked(unanswered(SYN))).sent == ()
