"""The tunnel's port of a real kernel, listened to beside a run."""

import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from edgediag.model.flow import Flow, Protocol
from edgediag.model.tunnel import EspStream, PassingKind, TunnelPeer
from edgediag.net import tunnel_tap as module
from edgediag.net.clock import Clock
from edgediag.net.tunnel_tap import Listening, Patience

if TYPE_CHECKING:
    from tests.net.conftest import TwoNodes

pytestmark = pytest.mark.netns

OWN, PEER = "192.0.2.1", "192.0.2.2"
OWN_PORTS = range(40000, 40010)
ESP = b"\xc0\x00\x00\x01" + bytes(96)
IKE = bytes(4) + bytes(range(1, 9)) + bytes(8) + bytes.fromhex("29202208" "00000000" "00000024")
KEEPALIVE = b"\xff"
NOTIFY = bytes.fromhex("000000080000000e")
ONE_KEEPALIVE = [(PassingKind.KEEPALIVE, True, 1)]
HASTE = Patience(listen_s=0.0, is_stopped=lambda: False)


@pytest.fixture
def sockets(two_nodes: "TwoNodes") -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of a tunnel, on port 4500."""
    ends = []
    for node, address in ((two_nodes.node, OWN), (two_nodes.peer, PEER)):
        with node.inside():
            ends.append(bound(address, 4500))
    yield ends[0], ends[1]
    for end in ends:
        end.close()


Ends = tuple[socket.socket, socket.socket]


def carry(datagram: bytes, sender: socket.socket, receiver: socket.socket) -> None:
    """Send a datagram and await it: the kernel shows it to a tap before it delivers it."""
    sender.sendto(datagram, receiver.getsockname())
    receiver.settimeout(5.0)
    assert receiver.recv(2048) == datagram


def bound(address: str, port: int) -> socket.socket:
    """A socket for datagrams in the namespace of the caller."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((address, port))
    return made


def heard(listening: Listening) -> TunnelPeer:
    """What passed between the two ends."""
    (peer,) = listening.conclude().peers
    return peer


def heard_beside(listening: Listening, sockets: Ends) -> list[tuple[PassingKind, bool, int]]:
    """What is heard of a keep-alive of the tunnel itself, and of what passed before."""
    carry(KEEPALIVE, *sockets)
    peer = heard(listening)
    assert (peer.port, peer.own_port) == (4500, 4500)
    assert (peer.streams, peer.transactions) == ((), ())
    return [(item.kind, item.is_sent, item.packets) for item in peer.counts]


def test_both_directions_are_heard_with_their_whole_lengths(
    two_nodes: "TwoNodes", sockets: Ends
) -> None:
    with two_nodes.node.inside(), Listening(OWN_PORTS, Clock(), HASTE) as listening:
        carry(ESP + bytes(900), sockets[0], sockets[1])
        carry(ESP, sockets[1], sockets[0])
        carry(KEEPALIVE, sockets[0], sockets[1])
        peer = heard(listening)
    assert (str(peer.address), peer.port, peer.own_port) == (PEER, 4500, 4500)
    assert {(item.is_sent, item.packets, item.octets) for item in peer.streams} == {
        (True, 1, 1000),
        (False, 1, 100),
    }
    assert [(item.kind, item.packets) for item in peer.counts] == [(PassingKind.KEEPALIVE, 1)]


def test_the_flows_of_the_run_are_left_out(two_nodes: "TwoNodes", sockets: Ends) -> None:
    with two_nodes.node.inside(), Listening(OWN_PORTS, Clock(), HASTE) as listening:
        with bound(OWN, OWN_PORTS[0]) as own:
            carry(IKE + NOTIFY, own, sockets[1])
        assert heard_beside(listening, sockets) == ONE_KEEPALIVE


def test_what_the_run_sends_from_the_tunnel_s_own_port_is_left_out_with_its_answer(
    two_nodes: "TwoNodes", sockets: Ends
) -> None:
    flow = Flow(
        protocol=Protocol.UDP,
        source=ip_address(OWN),
        source_port=4500,
        destination=ip_address(PEER),
        destination_port=4500,
    )
    with two_nodes.node.inside(), Listening(OWN_PORTS, Clock(), HASTE) as listening:
        listening.leave_out(flow, IKE + NOTIFY)
        carry(IKE + NOTIFY, sockets[0], sockets[1])
        answer = bytearray(IKE + NOTIFY)
        answer[4 + 19] = 0x20
        carry(bytes(answer), sockets[1], sockets[0])
        assert heard_beside(listening, sockets) == ONE_KEEPALIVE


def test_a_daemon_s_own_question_and_answer_are_heard(
    two_nodes: "TwoNodes", sockets: Ends
) -> None:
    with two_nodes.node.inside(), Listening(OWN_PORTS, Clock(), HASTE) as listening:
        carry(IKE + NOTIFY, sockets[0], sockets[1])
        answer = bytearray(IKE + NOTIFY)
        answer[4 + 19] = 0x20
        carry(bytes(answer), sockets[1], sockets[0])
        peer = heard(listening)
    assert [(item.requests, item.responses, item.notifies) for item in peer.transactions] == [
        (1, 1, (14,))
    ]


def test_after_a_bound_nobody_listens_any_more(
    two_nodes: "TwoNodes", sockets: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_FRAMES", 3)
    with two_nodes.node.inside(), Listening(OWN_PORTS, Clock(), HASTE) as listening:
        for _ in range(10):
            carry(ESP, *sockets)
        peer = heard(listening)
    assert [item.packets for item in peer.streams] == [3]
    assert isinstance(peer.streams[0], EspStream)


class Ticking:
    """A clock that goes on by an eighth of a second whenever it is looked at."""

    def __init__(self) -> None:
        self._now_s = 1000.0

    def now_s(self) -> float:
        self._now_s += 0.125
        return self._now_s


@pytest.mark.parametrize(
    ("is_stopped", "listened_s"),
    [
        # It looks when it begins, after that to see whether time is up, and at the end.
        pytest.param(False, 0.5, id="as long as was asked for"),
        pytest.param(True, 0.125, id="until somebody ends it"),
    ],
)
def test_it_listens(two_nodes: "TwoNodes", is_stopped: bool, listened_s: float) -> None:
    patience = Patience(listen_s=0.375, is_stopped=lambda: is_stopped)
    with two_nodes.node.inside(), Listening(OWN_PORTS, Ticking(), patience) as listening:
        assert listening.conclude().listened_s == listened_s


def test_a_peer_whose_port_is_one_of_the_run_s_numbers_is_heard(
    two_nodes: "TwoNodes", sockets: Ends
) -> None:
    with two_nodes.peer.inside():
        translated = bound(PEER, OWN_PORTS[0])
    with translated, two_nodes.node.inside(), Listening(OWN_PORTS, Clock(), HASTE) as listening:
        carry(ESP, translated, sockets[0])
        carry(ESP, sockets[0], translated)
        peer = heard(listening)
    assert (str(peer.address), peer.port, peer.own_port) == (PEER, OWN_PORTS[0], 4500)
    assert [item.packets for item in peer.streams] == [1, 1]


def test_an_answer_to_one_of_the_run_s_ports_is_left_out(
    two_nodes: "TwoNodes", sockets: Ends
) -> None:
    with two_nodes.node.inside(), Listening(OWN_PORTS, Clock(), HASTE) as listening:
        with bound(OWN, OWN_PORTS[0]) as own:
            carry(ESP, sockets[1], own)
        assert heard_beside(listening, sockets) == ONE_KEEPALIVE


def test_it_listens_however_many_descriptors_are_open(
    two_nodes: "TwoNodes", sockets: Ends
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2048), hard))
    try:
        with ExitStack() as held, two_nodes.node.inside():
            # select(2) takes none from 1024 on; all that are below are taken.
            while held.enter_context(socket.socket()).fileno() < 1024:
                pass
            listening = held.enter_context(Listening(OWN_PORTS, Clock(), HASTE))
            carry(ESP, *sockets)
            assert [item.packets for item in heard(listening).streams] == [1]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
