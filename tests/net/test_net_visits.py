"""Silent connections to services of this host, over its own loopback."""

import socket
import struct
import threading
from contextlib import closing
from ipaddress import ip_address

import pytest

from edgediag.model.answer import NotChecked
from edgediag.model.exchange import Door
from edgediag.net.visits import KernelVisits

pytestmark = pytest.mark.netns

HERE = ip_address("127.0.0.1")
RESET = struct.pack("@ii", 1, 0)


def listening() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


def door(server: socket.socket) -> Door:
    return Door(address=HERE, port=server.getsockname()[1])


def visited(server: socket.socket, act) -> bool | NotChecked:
    """What a visit comes to at a server that does `act` with the connection."""
    kept: list[socket.socket] = []

    def serve() -> None:
        taken, _ = server.accept()
        kept.append(taken)
        act(taken)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with closing(KernelVisits([door(server)])) as visits:
        thread.join(2.0)
        (end,) = visits.closed(0.3).values()
    for taken in kept:
        taken.close()
    return end


def resets(taken: socket.socket) -> None:
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    taken.close()


@pytest.mark.parametrize(
    ("act", "end"),
    [
        pytest.param(lambda taken: None, False, id="who waits for the client keeps it"),
        pytest.param(lambda taken: taken.send(b"SSH-2.0-x"), False, id="who speaks first keeps it"),
        pytest.param(lambda taken: taken.close(), True, id="an end"),
        pytest.param(resets, True, id="a reset"),
    ],
)
def test_how_a_silent_connection_ends(act, end) -> None:
    with listening() as server:
        assert visited(server, act) is end


def test_a_port_that_refuses_says_nothing_of_a_service() -> None:
    with listening() as server:
        gone = door(server)
    with closing(KernelVisits([gone])) as visits:
        (end,) = visits.closed(0.3).values()
    assert isinstance(end, NotChecked)


def test_nothing_is_left_behind() -> None:
    with listening() as server:
        with closing(KernelVisits([door(server)])):
            pass
        taken, (_, port) = server.accept()
        taken.close()
    with open("/proc/self/net/tcp", encoding="ascii") as table:
        assert f":{port:04X} " not in "".join(line for line in table)
