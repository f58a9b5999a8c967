"""Trains: how many questions, how far apart, and what counts as an answer."""

from dataclasses import replace

import pytest

from edgediag.checked import Checked
from edgediag.losses.train import PATIENCE_S, QUICK, draw_trains, expiring_train, whole_train
from edgediag.model.endpoint import ProbeKind
from edgediag.model.flow import Protocol
from edgediag.model.outcome import Outcome, Sighted
from edgediag.model.packet import Sighting
from edgediag.model.probe import Probe
from edgediag.model.reply import IcmpKind
from edgediag.model.train import WHOLE
from lossy_wire import lossy, never
from rig import rig
from story import GATEWAY, answered, flow, icmp, ike_reply, probe, syn_ack, target, unanswered

SYN = probe(ProbeKind.TCP_SYN, on=flow(Protocol.TCP, port=6443), check="api-server-6443", id_=9001)
IKE = probe(id_=9002)


@pytest.mark.parametrize(
    ("asked", "reply", "ports"),
    [
        pytest.param(SYN, syn_ack(), QUICK.count, id="each SYN from a port of its own"),
        pytest.param(IKE, ike_reply(), 1, id="each datagram on one flow"),
    ],
)
def test_a_train_is_the_question_at_one_pace(asked: Probe, reply: object, ports: int) -> None:
    check = Checked(
        target=target(asked.check, kinds=(asked.kind,)), attempts=(unanswered(asked),), nobody=()
    )
    (probes,) = draw_trains(rig(lossy(never)), [check], QUICK).values()
    starts_s = [item.schedule.offsets_s for item in probes]
    assert starts_s == [(place * QUICK.spacing_s,) for place in range(1, QUICK.count + 1)]
    ends_s = [item.schedule.timeout_s for item in probes]
    assert ends_s == [starts[0] + PATIENCE_S for starts in starts_s]
    assert len({item.flow.source_port for item in probes}) == ports


AT_ROUTER = icmp(IcmpKind.TIME_EXCEEDED, GATEWAY)


@pytest.mark.parametrize(
    ("outcomes", "sent", "heard", "expired"),
    [
        pytest.param((answered(SYN, syn_ack()),), 1, 1, 0, id="the host answers"),
        pytest.param((unanswered(SYN),), 1, 0, 0, id="nobody does"),
        pytest.param((unanswered(SYN, has_left=False),), 0, 0, 0, id="it never left"),
        pytest.param((answered(SYN, AT_ROUTER),), 1, 0, 1, id="it expires at a router"),
        pytest.param(
            (answered(SYN, icmp(IcmpKind.ADMIN_PROHIBITED, GATEWAY)),), 1, 0, 0, id="or is refused"
        ),
    ],
)
def test_what_counts_as_an_answer(
    outcomes: tuple[Outcome, ...], sent: int, heard: int, expired: int
) -> None:
    whole, expiring = whole_train(outcomes, 0.1), expiring_train(outcomes, 0.1)
    assert (whole.sent, whole.answered, expiring.answered) == (sent, heard, expired)
    assert (whole.hop_limit, whole.expired_at) == (WHOLE, WHOLE)


@pytest.mark.parametrize(
    ("numbers", "reordered"),
    [
        pytest.param([(1,), (2,), (3,)], 0, id="in order"),
        pytest.param([(2,), (1,), (3,)], 1, id="the second before the first"),
        pytest.param([(3,), (1,), (2,)], 1, id="the first came last"),
        pytest.param([(3,), (), (2,)], 1, id="one was lost between them"),
        pytest.param([(1, 9), (2,), (3,)], 0, id="one was answered twice"),
        pytest.param([(), ()], 0, id="all was lost"),
    ],
)
def test_an_answer_behind_a_later_one_is_out_of_order(
    numbers: list[tuple[int, ...]], reordered: int
) -> None:
    outcomes = [
        replace(
            answered(SYN, syn_ack()) if came else unanswered(SYN),
            seen=tuple(
                Sighted(
                    number=number, sighting=Sighting.TAP_IN, interface="eth0", rewritten=None
                )
                for number in came
            ),
        )
        for came in numbers
    ]
    assert whole_train(outcomes, 0.03).reordered == reordered


def test_an_expiring_train_knows_its_hop_and_its_router() -> None:
    asked = replace(SYN, hop_limit=1)
    train = expiring_train((unanswered(asked), answered(asked, AT_ROUTER)), 1.0)
    assert (train.hop_limit, train.expired_at) == (1, AT_ROUTER.sender)
