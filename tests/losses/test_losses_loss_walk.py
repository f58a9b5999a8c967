"""The walk of a loss: how often each router is asked, on which flows, and when it ends."""

from collections import Counter
from dataclasses import replace

import pytest

from edgediag.checked import Checked
from edgediag.inference.losses import loss_begins
from edgediag.instruments import Bench
from edgediag.losses.errors import AT_ONCE
from edgediag.losses.loss_walk import FLOWS, LossWalk
from edgediag.losses.stopping import AT_LEAST, AT_MOST, ENOUGH
from edgediag.losses.train import whole_train
from edgediag.model.endpoint import ProbeKind
from edgediag.model.flow import Flow, Protocol
from edgediag.model.outcome import Outcome
from edgediag.model.train import Train
from lossy_wire import HOPS, a_third, lossy, never
from rig import RigWire, rig
from story import answered, flow, ike_reply, probe, syn_ack, target, unanswered

SYN = probe(ProbeKind.TCP_SYN, on=flow(Protocol.TCP, port=6443), check="api-server-6443", id_=9001)
A_THIRD = whole_train([answered(SYN, syn_ack())] * 14 + [unanswered(SYN)] * 6, 0.03)


def walked(
    wire: RigWire,
    outcome: Outcome = answered(SYN, syn_ack()),
    counted: Train = A_THIRD,
    lost: tuple[Flow, ...] = (),
) -> tuple[LossWalk, Bench]:
    check = Checked(
        target=target(outcome.probe.check, kinds=(outcome.probe.kind,)),
        attempts=(outcome,),
        nobody=(),
    )
    bench = rig(wire)
    walk = LossWalk(bench, check, (lambda: (counted,), lost))
    while probes := walk.turn():
        bench.loop.settle(probes)
    return walk, bench


@pytest.mark.parametrize("behind", [0, 1, 2, 3])
def test_the_walk_ends_as_soon_as_the_segment_is_known(behind: int) -> None:
    walk, _ = walked(lossy(a_third, behind=behind))
    found = loss_begins((A_THIRD, *walk.trains()), "api-server-6443")
    assert found is not None and found.is_narrow
    assert found.upto == HOPS[behind]
    assert AT_LEAST <= len(walk.sent()) / len(HOPS) < AT_MOST


def test_no_router_is_asked_for_more_errors_than_it_has() -> None:
    wire = lossy(a_third, behind=3)
    walked(wire)
    asked_s = [at_s for at_s, action in wire.sent if action.packet.hop_limit == 1]
    assert asked_s[AT_ONCE - 1] - asked_s[0] < 1.0
    # Six are there at once, and a seventh a second later.
    sevens = zip(asked_s, asked_s[6:])
    assert min(later - sooner for sooner, later in sevens) > 1.0
    assert asked_s[-1] - asked_s[0] > (len(asked_s) - AT_ONCE) * 1.0


def test_where_no_router_answers_it_gives_up() -> None:
    walk, _ = walked(lossy(lambda host, count: True))
    assert AT_LEAST <= len(walk.sent()) / len(HOPS) < AT_LEAST + AT_ONCE


@pytest.mark.parametrize(
    ("lost", "asked"),
    [
        pytest.param(2, ENOUGH, id="so little is lost that more would not tell"),
        pytest.param(8, AT_MOST, id="more might have told"),
    ],
)
def test_where_the_counts_do_not_tell_it_ends_all_the_same(lost: int, asked: int) -> None:
    counted = replace(A_THIRD, sent=40, answered=40 - lost)
    walk, _ = walked(lossy(lambda host, count: count % 16 == 0, behind=3), counted=counted)
    assert len(walk.sent()) == asked * len(HOPS)


def test_several_flows_of_tcp_take_turns_at_every_router() -> None:
    walk, _ = walked(lossy(never))
    flows = Counter((item.hop_limit, item.flow) for item in walk.sent())
    assert len({flow for _, flow in flows}) == FLOWS
    assert len(flows) == FLOWS * len(HOPS)


def test_the_flows_that_lost_a_question_go_first() -> None:
    lost = tuple(replace(SYN.flow, source_port=port) for port in (50001, 50002))
    walk, _ = walked(lossy(never), lost=lost)
    flows = list(dict.fromkeys(item.flow for item in walk.sent()))
    assert (tuple(flows[:2]), len(flows)) == (lost, FLOWS)


def test_datagrams_keep_the_flow_that_was_counted() -> None:
    asked = probe(id_=9002)
    walk, _ = walked(lossy(never), answered(asked, ike_reply()))
    assert {item.flow for item in walk.sent()} == {asked.flow}


def test_without_a_known_distance_nothing_is_sent() -> None:
    assert walked(lossy(never), unanswered(SYN))[0].sent() == ()
