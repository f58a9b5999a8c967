"""Where a loss begins, out of what every router was asked once a second."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from edgediag.inference.losses import (
    LossSegment,
    claim_of,
    is_lossy,
    loses_as_much,
    loss_begins,
)
from edgediag.model.flow import Protocol
from edgediag.model.train import Train
from edgediag.model.verdict import Landmark, Locus, Place
from story import GATEWAY, HOST, addresses, host_state, link

CHECK = "api-server-6443"
H1, H2, H3, H4 = addresses(GATEWAY, "203.0.113.1", "203.0.113.5", "203.0.113.9")


def train(lost: int, sent: int) -> Train:
    return Train(
        check=CHECK,
        protocol=Protocol.TCP,
        destination=ip_address(HOST),
        spacing_s=1.05,
        sent=sent,
        answered=sent - lost,
        packets=(),
    )


def walked(*lost: int, sent: int = 40) -> tuple[Train, ...]:
    """The trains that expired at the four routers, with what each left unanswered."""
    hops = zip((1, 2, 3, 4), (H1, H2, H3, H4), lost, strict=True)
    return tuple(
        replace(train(few, sent), hop_limit=limit, expired_at=None if few == sent else router)
        for limit, router, few in hops
    )


def segment(trains: tuple[Train, ...]) -> tuple[Locus, Locus] | None:
    found = loss_begins(trains, CHECK)
    return None if found is None else (found.after, found.upto)


A_THIRD = train(8, 26)


@pytest.mark.parametrize(
    ("trains", "expected"),
    [
        pytest.param((A_THIRD,), None, id="not walked"),
        pytest.param(walked(0, 0, 0, 12), None, id="the host was not counted"),
        pytest.param((A_THIRD, *walked(0, 0, 0, 12)), (H3, H4), id="in front of the last router"),
        pytest.param((A_THIRD, *walked(0, 12, 11, 13)), (H1, H2), id="behind the first"),
        pytest.param((A_THIRD, *walked(13, 12, 11, 13)), (Landmark.EDGE, H1), id="at once"),
        pytest.param((A_THIRD, *walked(0, 0, 0, 0)), (H4, Landmark.HOST), id="behind the last"),
        pytest.param(
            (A_THIRD, *walked(0, 30, 0, 12)), (H3, H4), id="one before it saves its answers"
        ),
        pytest.param((A_THIRD, *walked(0, 0, 40, 12)), (H2, H4), id="one never answers"),
        pytest.param((A_THIRD, *walked(40, 40, 40, 40)), None, id="nobody answers"),
        pytest.param(
            (A_THIRD, *walked(0, 0, 0, 40)), (H3, Landmark.HOST), id="the last never answers"
        ),
        pytest.param(
            (A_THIRD, *walked(0, 0, 0, 2, sent=5)), (H1, H4), id="too few to tell"
        ),
    ],
)
def test_a_loss_begins_behind_the_last_hop_that_lost_nothing(
    trains: tuple[Train, ...], expected: tuple[Locus, Locus] | None
) -> None:
    assert segment(trains) == expected


def test_who_saves_answers_less_than_the_last_is_told_apart_by_those_beyond_it() -> None:
    assert segment((A_THIRD, *walked(0, 13, 0, 12))) == (H3, H4)


def test_the_walk_of_a_limit_is_none_of_a_loss() -> None:
    echoes = tuple(replace(item, protocol=Protocol.ICMP) for item in walked(0, 0, 0, 0))
    assert segment((A_THIRD, *walked(0, 0, 0, 12), *echoes)) is None


def test_all_routers_behind_a_loss_are_told() -> None:
    other = replace(walked(0, 0, 0, 9)[3], expired_at=ip_address("203.0.113.99"))
    found = loss_begins((A_THIRD, *walked(0, 0, 0, 12), other), CHECK)
    assert found is not None
    assert (found.routers, found.is_narrow) == ({H4, ip_address("203.0.113.99")}, True)


@pytest.mark.parametrize(
    ("after", "upto", "has_program", "places"),
    [
        pytest.param(H3, H4, False, (Place.ON_PATH,), id="between two routers"),
        pytest.param(
            H4, Landmark.HOST, False, (Place.ON_PATH, Place.REMOTE), id="behind the last router"
        ),
        pytest.param(Landmark.EDGE, H1, False, (Place.ON_PATH,), id="behind this node"),
        pytest.param(Landmark.EDGE, H1, True, tuple(Place), id="or in a program of its device"),
        pytest.param(H3, H4, True, (Place.ON_PATH,), id="which would take answers of all hops"),
    ],
)
def test_where_a_loss_lies_then(
    after: Locus, upto: Locus, has_program: bool, places: tuple[Place, ...]
) -> None:
    host = replace(host_state(), links=(link(xdp_program=7 if has_program else None),))
    found = LossSegment(after=after, upto=upto, routers=frozenset(), is_narrow=True)
    assert claim_of(found, host).where == places


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        pytest.param((0, 20), False, id="nothing"),
        pytest.param((2, 20), False, id="two of twenty, which chance explains"),
        pytest.param((3, 20), True, id="three of twenty"),
        pytest.param((20, 20), False, id="all, which is no loss at times"),
        pytest.param((0, 0), False, id="nobody counted"),
    ],
)
def test_what_is_lost_for_certain(count: tuple[int, int], expected: bool) -> None:
    assert is_lossy(count) is expected


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        pytest.param((0, 40), False, id="nothing of forty"),
        pytest.param((1, 40), False, id="one of forty"),
        pytest.param((4, 40), True, id="four of forty"),
        pytest.param((3, 20), True, id="three of twenty"),
    ],
)
def test_who_loses_as_much_as_a_third(count: tuple[int, int], expected: bool) -> None:
    assert loses_as_much(count, (0.2, 0.4)) is expected
