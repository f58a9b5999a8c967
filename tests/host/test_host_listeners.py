"""Listening sockets."""

from ipaddress import ip_address

import pytest

from edgediag.host.inet_sockets import InetSocket
from edgediag.host.listeners import listeners_of
from edgediag.model.flow import Protocol
from edgediag.model.listener import Listener


def bound(address: str, port: int = 10250, is_ipv6_only: bool = False) -> InetSocket:
    own = ip_address(address)
    return InetSocket(
        address=own,
        port=port,
        peer=type(own)(0),
        peer_port=0,
        device=0,
        uid=0,
        is_ipv6_only=is_ipv6_only,
    )


def taking(*addresses: str) -> tuple[Listener, ...]:
    return tuple(
        Listener(protocol=Protocol.TCP, address=ip_address(address), port=10250, uid=0)
        for address in addresses
    )


@pytest.mark.parametrize(
    ("socket", "expected"),
    [
        pytest.param(bound("0.0.0.0"), taking("0.0.0.0"), id="on every IPv4 address"),
        pytest.param(bound("127.0.0.1"), taking("127.0.0.1"), id="on one address"),
        pytest.param(bound("::"), taking("::", "0.0.0.0"), id="on every address of both kinds"),
        pytest.param(
            bound("::", is_ipv6_only=True), taking("::"), id="on every IPv6 address alone"
        ),
        pytest.param(bound("::1"), taking("::1"), id="on one IPv6 address"),
        pytest.param(
            bound("::ffff:192.0.2.10"), taking("192.0.2.10"), id="on an IPv4 address in IPv6 dress"
        ),
        pytest.param(bound("0.0.0.0", port=0), (), id="on no port yet"),
    ],
)
def test_what_a_socket_takes(socket: InetSocket, expected: tuple[Listener, ...]) -> None:
    assert listeners_of(socket, Protocol.TCP) == expected
