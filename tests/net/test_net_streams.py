"""The kernel's TCP connections, from connect() to close."""

import os
import selectors
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING, TypeAlias

import pytest

from edgediag.model.exchange import Event, OpenStream, Refused, StreamOpened, StreamReceived
from edgediag.model.flow import Flow, Protocol
from edgediag.net.clock import Clock
from edgediag.net.ports import PortBlock, hold_ports
from edgediag.net.streams import MAX_STREAM_OCTETS, Streams

if TYPE_CHECKING:
    from tests.net.conftest import TwoNodes

pytestmark = pytest.mark.netns

PEER = "192.0.2.2"


Told: TypeAlias = tuple[str, bytes]

OPENED: Told = ("opened", b"")
ENDED: Told = ("received", b"")


class Loop:
    """Streams, and the waiting that is otherwise done for them."""

    def __init__(self, ports: PortBlock) -> None:
        self.selector = selectors.DefaultSelector()
        self.port = ports.numbers[0]
        self.streams = Streams(ports, Clock(), self.selector)

    def open(
        self, port: int, payload: bytes = b"", *, segment_octets: int | None = None
    ) -> list[Told]:
        flow = Flow(
            protocol=Protocol.TCP,
            source=ip_address("192.0.2.1"),
            source_port=self.port,
            destination=ip_address(PEER),
            destination_port=port,
        )
        action = OpenStream(probe=1, flow=flow, payload=payload, segment_octets=segment_octets)
        return timeless(self.streams.open(action))

    def until(self, count: int, *, within_s: float = 2.0) -> list[Told]:
        """The events, until there are as many as wanted or the time is over."""
        events: list[Told] = []
        deadline_s = time.monotonic() + within_s
        while len(events) < count and time.monotonic() < deadline_s:
            for key, _ in self.selector.select(0.05):
                advance: Callable[[], tuple[Event, ...]] = key.data
                events += timeless(advance())
        return events


def timeless(events: tuple[Event, ...]) -> list[Told]:
    """The events without their probe, which is always 1, and their times."""
    told: list[Told] = []
    for event in events:
        match event:
            case StreamOpened(probe=1):
                told.append(OPENED)
            case StreamReceived(probe=1, payload=payload):
                told.append(("received", payload))
            case Refused(probe=1, errno_name=name, is_immediate=is_immediate):
                told.append((name + (" at once" if is_immediate else ""), b""))
    return told


@pytest.fixture
def loop(two_nodes: "TwoNodes") -> Iterator[Loop]:
    with two_nodes.node.inside(), hold_ports(2) as ports:
        looping = Loop(ports)
        yield looping
        looping.streams.close_all()
        looping.selector.close()


@contextmanager
def listening(nodes: "TwoNodes") -> Iterator[socket.socket]:
    with nodes.peer.inside():
        server = socket.socket()
    server.settimeout(2.0)
    with server:
        server.bind((PEER, 0))
        server.listen(1)
        yield server


def port_of(server: socket.socket) -> int:
    return int(server.getsockname()[1])


def test_a_connection_opens_speaks_listens_and_ends(two_nodes: "TwoNodes", loop: Loop) -> None:
    with listening(two_nodes) as server:
        assert loop.open(port_of(server), b"hello") == []
        assert loop.until(1) == [OPENED]
        accepted, peer = server.accept()
        with accepted:
            assert (accepted.recv(100), peer) == (b"hello", ("192.0.2.1", loop.port))
            accepted.sendall(b"welcome")
            assert loop.until(1) == [("received", b"welcome")]
        assert loop.until(1) == [ENDED]
        assert loop.until(1, within_s=0.1) == []


def test_the_far_end_is_told_to_send_small_segments(two_nodes: "TwoNodes", loop: Loop) -> None:
    with listening(two_nodes) as server:
        loop.open(port_of(server), segment_octets=536)
        assert loop.until(1) == [OPENED]
        accepted, _ = server.accept()
        with accepted:
            # Linux takes the octets of the time stamps off.
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG) <= 536


def test_a_closed_port_refuses_the_connection(loop: Loop) -> None:
    assert loop.open(9) == []
    assert loop.until(1) == [("ECONNREFUSED", b"")]


def test_a_reset_of_an_open_connection_is_an_error_of_its_own(
    two_nodes: "TwoNodes", loop: Loop
) -> None:
    with listening(two_nodes) as server:
        loop.open(port_of(server))
        assert loop.until(1) == [OPENED]
        accepted, _ = server.accept()
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        accepted.close()
        assert loop.until(1) == [("ECONNRESET", b"")]


def test_what_came_before_a_reset_is_received_however_late_it_is_read(
    two_nodes: "TwoNodes", loop: Loop
) -> None:
    with listening(two_nodes) as server:
        loop.open(port_of(server))
        accepted, _ = server.accept()
        accepted.sendall(b"alert")
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        accepted.close()
        assert loop.until(3) == [OPENED, ("received", b"alert"), ("ECONNRESET", b"")]


def test_a_connection_reset_before_anybody_looked_had_opened(
    two_nodes: "TwoNodes", loop: Loop
) -> None:
    with listening(two_nodes) as server:
        loop.open(port_of(server), b"hello")
        accepted, _ = server.accept()
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        accepted.close()
        assert loop.until(2) == [OPENED, ("ECONNRESET", b"")]


@pytest.mark.parametrize(
    ("command", "name"),
    [
        pytest.param(f"ip route add blackhole {PEER}", "EINVAL", id="a blackhole route"),
        pytest.param(f"ip route add prohibit {PEER}", "EACCES", id="a prohibit route"),
        pytest.param(f"ip route add unreachable {PEER}", "EHOSTUNREACH", id="an unreachable route"),
    ],
)
def test_what_the_kernel_refuses_is_said_at_once(
    two_nodes: "TwoNodes", loop: Loop, command: str, name: str
) -> None:
    two_nodes.node.run(command)
    assert loop.open(9) == [(f"{name} at once", b"")]


def test_the_kernel_hides_a_drop_in_output_from_a_connection(
    two_nodes: "TwoNodes", loop: Loop
) -> None:
    two_nodes.node.run(
        "nft add table inet edge",
        "nft add chain inet edge out { type filter hook output priority 0 ; policy drop ; }",
    )
    assert loop.open(9) == []
    assert loop.until(1, within_s=0.2) == []


def test_an_icmp_error_of_this_host_refuses_a_connection_and_opens_none(
    two_nodes: "TwoNodes", loop: Loop
) -> None:
    two_nodes.node.run(
        "nft add table inet edge",
        "nft add chain inet edge out { type filter hook output priority 0 ; }",
        "nft add rule inet edge out tcp dport 9 reject with icmp host-prohibited",
    )
    assert loop.open(9) == []
    assert loop.until(1) == [("EHOSTUNREACH", b"")]


def test_a_connection_that_is_closed_leaves_nothing_behind(
    two_nodes: "TwoNodes", loop: Loop
) -> None:
    with listening(two_nodes) as server:
        loop.open(port_of(server))
        loop.until(1)
        accepted, _ = server.accept()
        loop.streams.close(1)
        with accepted, pytest.raises(ConnectionResetError):
            accepted.recv(1)
        assert sockets_of(two_nodes, loop.port) == ""


def test_one_that_is_still_connecting_can_be_closed(two_nodes: "TwoNodes", loop: Loop) -> None:
    two_nodes.peer.run("ip route add blackhole 192.0.2.1")
    loop.open(9)
    loop.streams.close(1)
    assert loop.until(1, within_s=0.1) == []
    assert sockets_of(two_nodes, loop.port) == ""


def test_closing_what_was_never_opened_does_nothing(loop: Loop) -> None:
    loop.streams.close(99)


def test_the_same_port_can_connect_again(two_nodes: "TwoNodes", loop: Loop) -> None:
    with listening(two_nodes) as server:
        for _ in range(3):
            loop.open(port_of(server))
            assert loop.until(1) == [OPENED]
            server.accept()[0].close()


def test_a_second_stream_of_a_probe_replaces_the_first(two_nodes: "TwoNodes", loop: Loop) -> None:
    with listening(two_nodes) as server:
        loop.open(port_of(server))
        loop.until(1)
        before = len(os.listdir("/proc/self/fd"))
        loop.open(port_of(server))
        assert loop.until(1) == [OPENED]
        assert len(os.listdir("/proc/self/fd")) == before


def test_an_endless_answer_is_read_up_to_the_bound(two_nodes: "TwoNodes", loop: Loop) -> None:
    with listening(two_nodes) as server:
        loop.open(port_of(server))
        assert loop.until(1) == [OPENED]
        accepted, _ = server.accept()
        with accepted:
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * MAX_STREAM_OCTETS)
            accepted.setblocking(False)
            sent = accepted.send(bytes(4 * MAX_STREAM_OCTETS))
            told = loop.until(100, within_s=0.3)
    received = sum(len(one[1]) for one in told)
    assert sent > 2 * MAX_STREAM_OCTETS
    assert MAX_STREAM_OCTETS <= received < 2 * MAX_STREAM_OCTETS


def test_a_payload_larger_than_the_buffer_is_sent_to_its_end(
    two_nodes: "TwoNodes", loop: Loop
) -> None:
    payload = bytes(8 * 1024 * 1024)
    with listening(two_nodes) as server:
        loop.open(port_of(server), payload)
        loop.until(1)
        accepted, _ = server.accept()
        arrived = 0
        with accepted:
            accepted.setblocking(False)
            deadline_s = time.monotonic() + 10
            while arrived < len(payload) and time.monotonic() < deadline_s:
                loop.until(1, within_s=0.001)
                try:
                    arrived += len(accepted.recv(1 << 20))
                except BlockingIOError:
                    pass
    assert arrived == len(payload)


def sockets_of(nodes: "TwoNodes", port: int) -> str:
    """The connections that the kernel still has for a port, as `ss` lists them."""
    return nodes.node.output(f"ss -Htan state connected sport = :{port}")
