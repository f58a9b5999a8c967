"""Ladders: what is sent, and what the answers say."""

from dataclasses import replace

import pytest

from edgediag.model.endpoint import ProbeKind
from edgediag.model.flow import Protocol
from edgediag.model.path import Hop, Ladder
from edgediag.model.probe import Purpose, Way
from edgediag.model.reply import IcmpKind
from edgediag.path import (
    MAX_HOPS,
    Walk,
    draw_rungs,
    first_in_name_of,
    is_climbed,
    is_expiry,
    ladder_of,
    last_expiry,
    shares_hops,
)
from edgediag.plan import Supply
from story import HOST, answered, flow, icmp, ladder, probe, refused, syn_ack, unanswered

API = flow(Protocol.TCP, port=6443)
H1, H2, H3 = "192.0.2.1", "203.0.113.1", "203.0.113.5"


def supply() -> Supply:
    return Supply(tokens=iter(range(1, 1000)), ports=iter(range(40000, 40100)), first_ip_id=5)


def walk(hops: int, start_s: float = 0.0) -> Walk:
    return Walk(
        check="api-server-6443",
        purpose=Purpose.LADDER,
        kind=ProbeKind.TCP_SYN,
        flow=API,
        name="",
        hops=hops,
        start_s=start_s,
    )


def test_all_rungs_leave_together_on_one_flow_each_with_marks_of_its_own() -> None:
    rungs = draw_rungs(walk(5), supply())
    assert [rung.hop_limit for rung in rungs] == [1, 2, 3, 4, 5]
    assert {rung.flow for rung in rungs} == {API}
    assert {rung.schedule.offsets_s[0] for rung in rungs} == {0.0}
    assert len({rung.ip_id for rung in rungs}) == len({rung.token for rung in rungs}) == 5
    assert {rung.way for rung in rungs} == {Way.IP_STACK}


def test_a_later_walk_is_later_as_a_whole() -> None:
    now, later = draw_rungs(walk(1), supply())[0], draw_rungs(walk(1, 2.0), supply())[0]
    assert [offset + 2.0 for offset in now.schedule.offsets_s] == list(later.schedule.offsets_s)
    assert later.schedule.timeout_s == now.schedule.timeout_s + 2.0


def test_no_walk_is_longer_than_the_limit() -> None:
    assert len(draw_rungs(walk(200), supply())) == MAX_HOPS


@pytest.mark.parametrize(
    ("known", "climbed"),
    [
        pytest.param("EEH..", True, id="what lies behind the host's first answer tells nothing"),
        pytest.param("E-H..", True, id="silence that was waited for"),
        pytest.param("E.H..", False, id="a hop before it is outstanding"),
        pytest.param("EE-..", False, id="the host has not spoken"),
        pytest.param("EE---", True, id="all have their outcomes"),
    ],
)
def test_a_ladder_is_climbed_once_nothing_outstanding_can_change_it(
    known: str, climbed: bool
) -> None:
    rungs = [
        probe(ProbeKind.TCP_SYN, on=API, id_=n, hop_limit=n) for n in range(1, len(known) + 1)
    ]
    said = {"E": icmp(IcmpKind.TIME_EXCEEDED, H1), "H": syn_ack()}
    outcomes = {
        rung.id: answered(rung, said[letter]) if letter in said else unanswered(rung)
        for rung, letter in zip(rungs, known, strict=True)
        if letter != "."
    }
    assert is_climbed(rungs, lambda rung: outcomes.get(rung.id)) is climbed


def test_a_ladder_is_read_in_order_and_ends_at_the_host() -> None:
    one, two, three, four = (
        probe(ProbeKind.TCP_SYN, on=API, id_=n, hop_limit=n) for n in (1, 2, 3, 4)
    )
    outcomes = [
        answered(four, syn_ack()),
        answered(three, syn_ack()),
        unanswered(two),
        answered(one, icmp(IcmpKind.TIME_EXCEEDED, H1), rtt_s=0.001),
    ]
    read = ladder_of(API, outcomes)
    assert [(hop.distance, str(hop.sender), hop.tries) for hop in read.hops] == [
        (1, H1, 1),
        (2, "None", 3),
        (3, HOST, 1),
    ]


def test_a_rung_that_the_kernel_refused_counts_as_not_tried() -> None:
    read = ladder_of(API, [refused(probe(ProbeKind.TCP_SYN, on=API, hop_limit=1))])
    assert read.hops == (
        Hop(distance=1, sender=None, reply=None, rtt_s=None, tries=0, packets=()),
    )


def test_an_expired_hop_limit_is_distance_and_other_errors_are_not() -> None:
    read = ladder(API, [H1, icmp(IcmpKind.ADMIN_PROHIBITED, H2)])
    assert [is_expiry(hop) for hop in read.hops] == [True, False]


@pytest.mark.parametrize(
    ("rungs", "distance"),
    [
        pytest.param([], None, id="nothing was sent"),
        pytest.param([None, None], None, id="nobody answered"),
        pytest.param([H1, H2, None], 2, id="two hops answered"),
        pytest.param([H1, None, H3, None], 3, id="a silent hop between"),
        pytest.param([H1, icmp(IcmpKind.NET_UNREACHABLE, H2)], 1, id="an error is no carrying"),
    ],
)
def test_the_farthest_hop_that_carried_the_probe(rungs: list[object], distance: int | None) -> None:
    hop = last_expiry(ladder(API, rungs))  # type: ignore[arg-type]  # rungs of a story
    assert (hop.distance if hop else None) == distance


def test_the_nearest_answer_in_a_hosts_name() -> None:
    walked = ladder(API, [H1, syn_ack()])
    hop = first_in_name_of(walked, API.destination)
    assert hop is not None and hop.distance == 2
    assert first_in_name_of(replace(walked, hops=walked.hops[:1]), API.destination) is None


def walked(*rungs: str | None) -> Ladder:
    return ladder(API, rungs)


@pytest.mark.parametrize(
    ("one", "other", "upto", "is_shared"),
    [
        pytest.param(walked(H1, H2), walked(H1, H2, H3), 2, True, id="the same hops"),
        pytest.param(walked(H1, H2), walked(H1, H3), 2, True, id="twins behind a common hop"),
        pytest.param(walked(H1), walked(H2), 1, False, id="no common hop"),
        pytest.param(walked(None), walked(H2), 1, True, id="silence contradicts nothing"),
        pytest.param(walked(H1, H2), walked(H3, H2), 1, False, id="only what is asked counts"),
    ],
)
def test_whether_two_walks_went_the_same_way(
    one: Ladder, other: Ladder, upto: int, is_shared: bool
) -> None:
    assert shares_hops(one, other, upto) is is_shared
