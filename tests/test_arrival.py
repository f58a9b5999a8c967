"""Who stands for the nodes that must reach this one."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from edgediag.arrival import NO_NETWORK, NO_UPLINK, arrival_at, is_open
from edgediag.model.answer import NotChecked
from edgediag.model.endpoint import Direction
from edgediag.model.explained import Arrival
from edgediag.model.flow import Flow, Protocol
from edgediag.model.host import (
    HostState,
    InterfaceAddress,
    Listener,
    Route,
    RouteAnswer,
    RouteRefused,
)
from story import EDGE, GATEWAY, host_state, route, target

KUBELET = target("kubelet-10250", kinds=(), port=10250, address=None, direction=Direction.INBOUND)
UNREAD = NotChecked(reason="EPERM")
SECOND = "192.0.2.130"


def having(*owned: tuple[str, str, int]) -> HostState:
    return replace(
        host_state(),
        addresses=tuple(
            InterfaceAddress(interface=name, address=ip_address(address), prefix_length=length)
            for name, address, length in owned
        ),
    )


def coming(source: str, to: str = EDGE, *, length: int = 24, by: str = "eth0") -> Arrival:
    return Arrival(
        interface=by,
        prefix_length=length,
        flow=Flow(
            protocol=Protocol.TCP,
            source=ip_address(source),
            source_port=0,
            destination=ip_address(to),
            destination_port=10250,
        ),
    )


def way(gateway: str | None = GATEWAY, *, device: str = "eth0", source: str = EDGE) -> Route:
    return replace(route(gateway, interface=device), source=ip_address(source))


NETWORK = having(("eth0", EDGE, 24))


@pytest.mark.parametrize(
    ("state", "routes", "expected"),
    [
        pytest.param(NETWORK, (way(),), coming(GATEWAY), id="the gateway, where it is near"),
        pytest.param(
            NETWORK, (way(None),), coming("192.0.2.1"), id="else the first other host"
        ),
        pytest.param(
            having(("eth0", "192.0.2.1", 24)),
            (way(None, source="192.0.2.1"),),
            coming("192.0.2.2", to="192.0.2.1"),
            id="never this host itself",
        ),
        pytest.param(
            having(("eth0", EDGE, 24), ("eth0", SECOND, 25)),
            (way(None, source=SECOND),),
            coming("192.0.2.129", to=SECOND, length=25),
            id="to the address that packets leave with",
        ),
        pytest.param(
            having(("eth0", EDGE, 24), ("wwan0", "198.51.100.9", 24)),
            (way(), way(device="wwan0", source="198.51.100.9"), way()),
            coming(GATEWAY),
            id="by the device that most checks leave by",
        ),
        pytest.param(having(("eth0", EDGE, 32)), (way(),), NO_NETWORK, id="an address alone"),
        pytest.param(having(("eth0", "2001:db8::9", 64)), (way(),), NO_NETWORK, id="IPv6 alone"),
        pytest.param(NETWORK, (), NO_UPLINK, id="no check has a route"),
        pytest.param(
            NETWORK,
            (RouteRefused(errno_name="ENETUNREACH", culprit=None), UNREAD),
            NO_UPLINK,
            id="no check has a way",
        ),
        pytest.param(NETWORK, (route(None, is_local=True),), NO_UPLINK, id="only to itself"),
        pytest.param(
            replace(host_state(), addresses=UNREAD), (way(),), UNREAD, id="addresses unread"
        ),
    ],
)
def test_who_sends_and_whereto(
    state: HostState, routes: tuple[RouteAnswer, ...], expected: Arrival | NotChecked
) -> None:
    assert arrival_at(KUBELET, state, routes) == expected


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [
        pytest.param(("0.0.0.0",), True, id="to all"),
        pytest.param(("127.0.0.1", EDGE), True, id="to others as well"),
        pytest.param(("127.0.0.1", "::1"), False, id="to itself"),
        pytest.param((), False, id="to nobody"),
    ],
)
def test_who_listens_for_others(addresses: tuple[str, ...], expected: bool) -> None:
    listeners = [
        Listener(protocol=Protocol.TCP, address=ip_address(text), port=10250, uid=0)
        for text in addresses
    ]
    assert is_open(listeners) is expected
