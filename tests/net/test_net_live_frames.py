"""A frame that no wire has brought comes to a socket like any other."""

import errno
import socket
from ipaddress import ip_address

import pytest

from edgediag.model.exchange import NextHop
from edgediag.model.flow import Flow, Protocol
from edgediag.model.packet import Packet, UdpDatagram
from edgediag.wire.headers import frame
from net.live_frames import LiveFrames

pytestmark = pytest.mark.netns

FROM_PEER = Packet(
    flow=Flow(
        protocol=Protocol.UDP,
        source=ip_address("192.0.2.2"),
        source_port=40000,
        destination=ip_address("192.0.2.1"),
        destination_port=4500,
    ),
    hop_limit=64,
    ip_id=7,
    payload=UdpDatagram(payload=b"from nowhere"),
)
TO_NODE = NextHop(
    interface="up0", source_mac="02:00:00:00:00:02", destination_mac="02:00:00:00:00:01"
)


def test_a_socket_gets_it(two_nodes) -> None:
    with two_nodes.node.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("192.0.2.1", 4500))
        listener.settimeout(5)
        with LiveFrames() as frames:
            frames.receive(frame(FROM_PEER, TO_NODE), socket.if_nametoindex("up0"))
        assert listener.recvfrom(100) == (b"from nowhere", ("192.0.2.2", 40000))


@pytest.mark.parametrize(
    ("index", "refused"),
    [
        pytest.param(1, errno.EINVAL, id="never on lo"),
        pytest.param(9999, errno.ENODEV, id="no such device"),
    ],
)
def test_devices_that_take_none(two_nodes, index: int, refused: int) -> None:
    with two_nodes.node.inside(), LiveFrames() as frames, pytest.raises(OSError) as caught:
        frames.receive(frame(FROM_PEER, TO_NODE), index)
    assert caught.value.errno == refused
