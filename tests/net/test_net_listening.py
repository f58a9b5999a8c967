"""Which socket of the running kernel takes a packet."""

import socket
from ipaddress import ip_address

import pytest

from edgediag.host.walk.needs import NeedSocket, Taken
from edgediag.host.walk.parcel import Interface
from edgediag.model.flow import Flow, Protocol
from edgediag.net.listening import taken

pytestmark = pytest.mark.netns


def asked(port: int, protocol: Protocol = Protocol.UDP) -> NeedSocket:
    flow = Flow(
        protocol=protocol,
        source=ip_address("192.0.2.2"),
        source_port=40000,
        destination=ip_address("192.0.2.1"),
        destination_port=port,
    )
    return NeedSocket(flow=flow, incoming=Interface(name="up0", index=99))


@pytest.mark.parametrize(
    ("family", "bound", "device", "peer", "expected"),
    [
        pytest.param(
            socket.AF_INET, "0.0.0.0", "", "",
            Taken(is_taken=True, text="a socket listens on udp 4500 (0.0.0.0:4500)"), id="any",
        ),
        pytest.param(
            socket.AF_INET6, "::", "", "",
            Taken(is_taken=True, text="a socket listens on udp 4500 (0.0.0.0:4500)"), id="any of 6",
        ),
        pytest.param(
            socket.AF_INET, "127.0.0.1", "", "",
            Taken(
                is_taken=False,
                text="no socket listens on udp 4500 of 192.0.2.1, only on 127.0.0.1:4500",
            ),
            id="another address",
        ),
        pytest.param(
            socket.AF_INET, "0.0.0.0", "lo", "",
            Taken(
                is_taken=False,
                text="no socket listens on udp 4500 of 192.0.2.1, only on 0.0.0.0:4500 on device 1",
            ),
            id="another device",
        ),
        pytest.param(
            socket.AF_INET, "192.0.2.1", "", "192.0.2.9",
            Taken(
                is_taken=False,
                text="no socket listens on udp 4500 of 192.0.2.1,"
                " only on 192.0.2.1:4500 connected to 192.0.2.9:40000",
            ),
            id="connected to another peer",
        ),
        pytest.param(
            socket.AF_INET, "192.0.2.1", "", "192.0.2.2",
            Taken(
                is_taken=True,
                text="a socket listens on udp 4500"
                " (192.0.2.1:4500 connected to 192.0.2.2:40000)",
            ),
            id="connected to this one",
        ),
    ],
)
def test_the_socket_that_takes_it(
    two_nodes, family: int, bound: str, device: str, peer: str, expected: Taken
) -> None:
    with two_nodes.node.inside(), socket.socket(family, socket.SOCK_DGRAM) as listener:
        if device:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
        listener.bind((bound, 4500))
        if peer:
            listener.connect((peer, 40000))
        assert taken(asked(4500)) == expected


def test_nothing_listens(two_nodes) -> None:
    with two_nodes.node.inside():
        assert taken(asked(7, Protocol.TCP)) == Taken(
            is_taken=False, text="no socket listens on tcp 7"
        )
