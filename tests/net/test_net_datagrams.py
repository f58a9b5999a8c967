"""The kernel's UDP sockets: who is told what."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from edgediag.model.exchange import Delivered, Event, Refused, SendDatagram
from edgediag.model.flow import Flow, Protocol
from edgediag.net.clock import Clock
from edgediag.net.datagrams import Datagrams
from edgediag.net.ports import PortBlock, hold_ports

if TYPE_CHECKING:
    from tests.net.conftest import TwoNodes

pytestmark = pytest.mark.netns

PEER = "192.0.2.2"


@pytest.fixture
def ports(two_nodes: "TwoNodes") -> Iterator[PortBlock]:
    with two_nodes.node.inside():
        held = hold_ports(2)
    with held:
        yield held


@pytest.fixture
def datagrams(ports: PortBlock) -> Datagrams:
    return Datagrams(ports, Clock())


def to(destination: str, port: int, source_port: int) -> Flow:
    return Flow(
        protocol=Protocol.UDP,
        source=ip_address("192.0.2.1"),
        source_port=source_port,
        destination=ip_address(destination),
        destination_port=port,
    )


def ask(flow: Flow, *, probe: int = 1, payload: bytes = b"?") -> SendDatagram:
    return SendDatagram(probe=probe, flow=flow, payload=payload)


def timeless(events: tuple[Event, ...]) -> list[tuple[object, ...]]:
    """The events without their times."""
    return [
        (
            (event.probe, event.errno_name, event.is_immediate)
            if isinstance(event, Refused)
            else (event.probe, event.flow, event.payload)
        )
        for event in events
        if isinstance(event, (Refused, Delivered))
    ]


def until_something(
    read: Callable[[], tuple[Event, ...]], *, within_s: float = 2.0
) -> list[tuple[object, ...]]:
    deadline_s = time.monotonic() + within_s
    while time.monotonic() < deadline_s:
        if events := read():
            return timeless(events)
    return []


@contextmanager
def listening(nodes: "TwoNodes", address: str = PEER) -> Iterator[socket.socket]:
    with nodes.peer.inside():
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.settimeout(2.0)
    with server:
        server.bind((address, 0))
        yield server


def test_an_answer_is_delivered_on_the_flow_it_came_on(
    two_nodes: "TwoNodes", ports: PortBlock, datagrams: Datagrams
) -> None:
    port = ports.numbers[0]
    with listening(two_nodes) as server:
        flow = to(PEER, server.getsockname()[1], port)
        assert datagrams.send(ask(flow)) == ()
        assert server.recvfrom(100) == (b"?", ("192.0.2.1", port))
        server.sendto(b"!", ("192.0.2.1", port))
        assert until_something(lambda: datagrams.read(port)) == [(1, flow.reversed(), b"!")]


def test_every_probe_that_used_the_flow_is_told_of_an_answer(
    two_nodes: "TwoNodes", ports: PortBlock, datagrams: Datagrams
) -> None:
    port = ports.numbers[0]
    with listening(two_nodes) as server:
        flow = to(PEER, server.getsockname()[1], port)
        datagrams.expect(5, flow)
        datagrams.expect(5, flow)
        datagrams.send(ask(flow, probe=1))
        server.sendto(b"!", ("192.0.2.1", port))
        assert until_something(lambda: datagrams.read(port)) == [
            (5, flow.reversed(), b"!"),
            (1, flow.reversed(), b"!"),
        ]


def test_what_a_stranger_sends_is_nobody_s_answer(
    two_nodes: "TwoNodes", ports: PortBlock, datagrams: Datagrams
) -> None:
    port = ports.numbers[0]
    with listening(two_nodes) as server:
        server.sendto(b"!", ("192.0.2.1", port))
        assert until_something(lambda: datagrams.read(port), within_s=0.2) == []


def test_a_closed_port_is_reported_to_the_probe_that_asked_it(
    ports: PortBlock, datagrams: Datagrams
) -> None:
    port = ports.numbers[0]
    datagrams.send(ask(to(PEER, 9, port), probe=3))
    assert until_something(lambda: datagrams.read(port)) == [(3, "ECONNREFUSED", False)]


def test_an_error_on_a_raw_packet_of_the_flow_is_not_its_sender_s(
    ports: PortBlock, datagrams: Datagrams
) -> None:
    port = ports.numbers[0]
    datagrams.expect(8, to(PEER, 9, port))
    datagrams.send(ask(to(PEER, 9, port), probe=3))
    assert until_something(lambda: datagrams.read(port)) == [(3, "ECONNREFUSED", False)]


def test_a_pending_error_neither_swallows_nor_blames_the_next_datagram(
    two_nodes: "TwoNodes", ports: PortBlock, datagrams: Datagrams
) -> None:
    port = ports.numbers[0]
    with listening(two_nodes) as server:
        datagrams.send(ask(to(PEER, 9, port), probe=3))
        # Time for the ICMP error, which is now pending at the socket.
        time.sleep(0.1)
        events = datagrams.send(ask(to(PEER, server.getsockname()[1], port), probe=4))
        assert timeless(events) == [(3, "ECONNREFUSED", False)]
        assert server.recv(100) == b"?"


@pytest.mark.parametrize(
    ("commands", "name"),
    [
        pytest.param((f"ip route add blackhole {PEER}",), "EINVAL", id="a blackhole route"),
        pytest.param((f"ip route add prohibit {PEER}",), "EACCES", id="a prohibit route"),
        pytest.param(
            (
                "ip rule add from 192.0.2.1 lookup 100",
                "ip route add blackhole default table 100",
            ),
            "EINVAL",
            id="a policy rule on the source address",
        ),
        pytest.param(
            (
                "nft add table inet edge",
                "nft add chain inet edge out { type filter hook output priority 0 ; }",
                "nft add rule inet edge out udp dport 9 drop",
            ),
            "EPERM",
            id="a drop in OUTPUT",
        ),
        pytest.param(
            (
                "nft add table netdev edge",
                "nft add chain netdev edge out { type filter hook egress device up0 priority 0 ; }",
                "nft add rule netdev edge out udp dport 9 drop",
            ),
            "ENOBUFS",
            id="a drop at netdev egress",
        ),
    ],
)
def test_what_stops_a_datagram_is_said_at_once(
    two_nodes: "TwoNodes",
    ports: PortBlock,
    datagrams: Datagrams,
    commands: tuple[str, ...],
    name: str,
) -> None:
    two_nodes.node.run(*commands)
    events = datagrams.send(ask(to(PEER, 9, ports.numbers[0])))
    assert timeless(events) == [(1, name, True)]


def test_a_reject_in_output_is_told_twice_and_the_datagram_tried_once(
    two_nodes: "TwoNodes", ports: PortBlock, datagrams: Datagrams
) -> None:
    two_nodes.node.run(
        "nft add table inet edge",
        "nft add chain inet edge out { type filter hook output priority 0 ; }",
        "nft add rule inet edge out udp dport 9 counter reject",
    )
    events = datagrams.send(ask(to(PEER, 9, ports.numbers[0])))
    assert timeless(events) == [(1, "EPERM", True), (1, "ECONNREFUSED", False)]
    assert "packets 1 " in two_nodes.node.output("nft list chain inet edge out")


def test_a_datagram_longer_than_the_link_takes_is_refused_once(
    ports: PortBlock, datagrams: Datagrams
) -> None:
    port = ports.numbers[0]
    events = datagrams.send(ask(to(PEER, 9, port), payload=bytes(1473)))
    assert timeless(events) == [(1, "EMSGSIZE", True)]
    assert datagrams.read(port) == ()


def test_a_neighbour_that_stays_silent_is_reported_later(
    two_nodes: "TwoNodes", ports: PortBlock, datagrams: Datagrams
) -> None:
    two_nodes.node.run("sysctl -q net.ipv4.neigh.up0.retrans_time_ms=50")
    port = ports.numbers[0]
    datagrams.send(ask(to("192.0.2.77", 9, port)))
    assert until_something(lambda: datagrams.read(port)) == [(1, "EHOSTUNREACH", False)]
