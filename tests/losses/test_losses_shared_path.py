"""Walks into the networks that may lie behind a loss."""


import pytest

from edgediag.checked import Checked
from edgediag.locate.planned import Search
from edgediag.losses.errors import AT_ONCE
from edgediag.losses.shared_path import MAX_WALKS, NOBODY, walk_networks, with_paths
from edgediag.model.endpoint import ProbeKind
from edgediag.model.flow import Protocol
from lossy_wire import HOPS, lossy, never
from rig import rig
from story import addresses, answered, flow, probe, syn_ack, target, unanswered


def check(name: str, host: str, *, is_silent: bool = False) -> Checked:
    asked = probe(
        ProbeKind.TCP_SYN, on=flow(Protocol.TCP, host=host, port=443), check=name, id_=9001
    )
    outcome = unanswered(asked) if is_silent else answered(asked, syn_ack())
    return Checked(target=target(name, kinds=(ProbeKind.TCP_SYN,)), attempts=(outcome,), nobody=())


API = check("api-server-6443", "198.51.100.10")
FAR, BESIDE = check("resolver-53", "192.0.2.153"), check("ntp-aliyun-123", "192.0.2.123")
FIRST, BOTH = ("resolver-53",), ("resolver-53", "ntp-aliyun-123")
FOUND = ((API,), frozenset(HOPS[3:]))
SEARCH = Search(
    suspects=(),
    confirmations=(),
    walks=(),
    walked={"x": ("y",), "resolver-53": ("resolver-53",)},
    controls={},
    conversations=(),
    handshakes=(),
    denial=None,
)


@pytest.mark.parametrize(
    ("checks", "walked"),
    [
        pytest.param([API], {}, id="the walked check's own network is known"),
        pytest.param([API, check("x", "198.51.100.99")], {}, id="so is a neighbour of it"),
        pytest.param(
            [API, FAR, BESIDE],
            {"resolver-53": FIRST, "ntp-aliyun-123": FIRST},
            id="one that met a router behind the loss stands for its network",
        ),
        pytest.param(
            [API, FAR, BESIDE, check("ntp-cn-pool-123", "192.0.2.124")],
            {"resolver-53": FIRST, "ntp-aliyun-123": FIRST, "ntp-cn-pool-123": FIRST},
            id="and for a third in it",
        ),
        pytest.param(
            [API, check("x", "192.0.2.9", is_silent=True)], {}, id="what is dark is not walked"
        ),
        pytest.param([API, check("x", "2001:db8::9")], {}, id="nor another IP version"),
    ],
)
def test_who_is_walked_for_whom(
    checks: list[Checked], walked: dict[str, tuple[str, ...]]
) -> None:
    assert walk_networks(rig(lossy(never)), checks, FOUND).walked == walked


def test_where_the_first_met_none_behind_the_loss_a_second_is_walked() -> None:
    elsewhere = ((API,), frozenset(addresses("203.0.113.99")))
    paths = walk_networks(rig(lossy(never)), [API, FAR, BESIDE], elsewhere)
    assert paths.walked == {check.target.check: BOTH for check in (FAR, BESIDE)}
    assert [walk.check for walk in paths.walks] == list(BOTH)
    assert len(paths.ladders) == len(BOTH)


def test_a_walk_meets_the_routers_and_not_the_host() -> None:
    paths = walk_networks(rig(lossy(never)), [API, FAR], FOUND)
    (ladder,) = paths.ladders.values()
    assert [hop.sender for hop in ladder.hops] == list(HOPS)
    assert max(item.hop_limit for item in paths.sent) == len(HOPS)


def test_walks_start_as_the_routers_have_errors_and_are_few() -> None:
    checks = [check(f"x-{third}", f"192.0.{third}.9") for third in range(20)]
    walks = walk_networks(rig(lossy(never)), checks, FOUND).walks
    assert len(walks) == MAX_WALKS
    starts_s = [walk.start_s for walk in walks]
    assert starts_s[AT_ONCE - 1] == 0.0
    later_s = starts_s[AT_ONCE - 1 :]
    assert all(later - sooner > 1.0 for sooner, later in zip(later_s, later_s[1:]))


def test_the_search_keeps_its_own_walks() -> None:
    paths = walk_networks(rig(lossy(never)), [API, FAR, BESIDE], FOUND)
    found = with_paths(SEARCH, paths)
    assert found.walks == paths.walks
    assert found.walked == {
        "x": ("y",),
        "resolver-53": ("resolver-53",),
        "ntp-aliyun-123": FIRST,
    }
    assert with_paths(SEARCH, NOBODY) == SEARCH
