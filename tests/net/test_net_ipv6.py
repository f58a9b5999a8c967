"""The wire in IPv6, on a real kernel: all three ways out, and what comes back."""

import socket
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from edgediag.model.exchange import (
    Action,
    CloseStream,
    Delivered,
    Event,
    NextHop,
    Observed,
    OpenStream,
    Refused,
    SendDatagram,
    SendPacket,
    StreamOpened,
)
from edgediag.model.flow import Flow, Protocol
from edgediag.model.packet import (
    IcmpEcho,
    IcmpError,
    Packet,
    Payload,
    Sighting,
    TcpSegment,
    UdpDatagram,
)
from edgediag.model.probe import Way
from edgediag.model.route import Route
from edgediag.net.capture import Capture
from edgediag.net.clock import Clock
from edgediag.net.fib import route_for
from edgediag.net.host_tables import next_hop_for
from edgediag.net.ports import hold_ports
from edgediag.net.wire_io import WireIo

if TYPE_CHECKING:
    from tests.net.conftest import TwoNodes

pytestmark = pytest.mark.netns

OWN, PEER, BEYOND = (
    ip_address(text) for text in ("2001:db8::1", "2001:db8::2", "2001:db8:9::2")
)
NEXT_HOP = NextHop(
    interface="up0", source_mac="02:00:00:00:00:01", destination_mac="02:00:00:00:00:02"
)
CLOSED, OPEN = 9, 7
ETH_P_IPV6 = 0x86DD


@pytest.fixture
def nodes(two_nodes: "TwoNodes") -> "TwoNodes":
    """Both nodes with IPv6 as well; the far address of the peer lies behind it.

    A node without a link-local address asks for no neighbour on behalf of another address.
    """
    two_nodes.node.run(
        "ip address add fe80::1/64 dev up0 nodad",
        f"ip address add {OWN}/64 dev up0 nodad",
        f"ip route add default via {PEER}",
    )
    two_nodes.peer.run(
        "sysctl -q net.ipv6.icmp.ratelimit=0 net.ipv6.conf.all.forwarding=1",
        "ip address add fe80::2/64 dev down0 nodad",
        f"ip address add {PEER}/64 dev down0 nodad",
        f"ip address add {BEYOND}/128 dev lo nodad",
    )
    return two_nodes


class Wire6:
    """A wire whose ports are held for both IP versions."""

    def __init__(self, stack: ExitStack) -> None:
        self.ports = stack.enter_context(hold_ports(2, versions=(4, 6)))
        self.wire = stack.enter_context(WireIo(self.ports, Capture(), Clock()))
        self.port = self.ports.numbers[0]

    def flow(self, protocol: Protocol, port: int) -> Flow:
        return Flow(
            protocol=protocol,
            source=OWN,
            source_port=self.port,
            destination=BEYOND,
            destination_port=port,
        )

    def packet(self, payload: Payload, port: int, way: Way, *, hop_limit: int = 64) -> SendPacket:
        protocols = {TcpSegment: Protocol.TCP, UdpDatagram: Protocol.UDP}
        on = self.flow(protocols.get(type(payload), Protocol.ICMP), port)
        return SendPacket(
            probe=1,
            way=way,
            packet=Packet(flow=on, hop_limit=hop_limit, ip_id=1, payload=payload),
            next_hop=NEXT_HOP if way is Way.LINK else None,
        )

    def told(self, action: Action) -> list[Event]:
        events = [*self.wire.execute(action)]
        deadline_s = time.monotonic() + 3.0
        while (happened := self.wire.wait(0.15)) and time.monotonic() < deadline_s:
            events += happened
        return events


@pytest.fixture
def wire(nodes: "TwoNodes") -> Iterator[Wire6]:
    with ExitStack() as stack, nodes.node.inside():
        yield Wire6(stack)


def heard(events: list[Event]) -> list[Packet]:
    """What came in, in the order seen."""
    observed = (event.observation for event in events if isinstance(event, Observed))
    return [item.packet for item in observed if item.sighting is Sighting.TAP_IN]


@pytest.mark.parametrize("way", [Way.IP_STACK, Way.LINK])
def test_an_echo_is_answered(wire: Wire6, way: Way) -> None:
    echo = IcmpEcho(is_reply=False, identifier=wire.port, sequence=5, payload=bytes(8))
    answers = heard(wire.told(wire.packet(echo, wire.port, way)))
    assert [(answer.flow.source, answer.payload) for answer in answers] == [
        (BEYOND, IcmpEcho(is_reply=True, identifier=wire.port, sequence=5, payload=bytes(8)))
    ]


@pytest.mark.parametrize("way", [Way.IP_STACK, Way.LINK])
def test_a_closed_port_refuses_a_syn_and_a_datagram(wire: Wire6, way: Way) -> None:
    syn = TcpSegment(flags="S", sequence=1000, acknowledgement=0, window=64240, payload=b"")
    reset = heard(wire.told(wire.packet(syn, CLOSED, way)))
    refused = heard(wire.told(wire.packet(UdpDatagram(payload=b"?"), CLOSED, way)))
    assert [getattr(packet.payload, "flags", "") for packet in reset] == ["RA"]
    (error,) = refused
    assert isinstance(error.payload, IcmpError) and error.payload.quote is not None
    assert (error.payload.type_, error.payload.code) == (1, 4)
    assert error.payload.quote.flow == wire.flow(Protocol.UDP, CLOSED)
    assert error.payload.quote.payload == b"?"


def test_what_expires_is_quoted_with_its_octets(wire: Wire6, nodes: "TwoNodes") -> None:
    nodes.peer.run("ip address del 2001:db8:9::2/128 dev lo", f"ip route add {BEYOND} dev down0")
    asked = wire.packet(UdpDatagram(payload=b"question"), OPEN, Way.IP_STACK, hop_limit=1)
    (error,) = heard(wire.told(asked))
    assert isinstance(error.payload, IcmpError) and error.payload.quote is not None
    assert (error.payload.type_, error.flow.source) == (3, PEER)
    assert error.payload.quote.payload == b"question"


def test_a_datagram_of_a_socket_is_answered_and_its_refusal_told(
    wire: Wire6, nodes: "TwoNodes"
) -> None:
    with nodes.peer.inside():
        server = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    with server:
        server.bind((str(BEYOND), OPEN))
        server.settimeout(2.0)
        on = wire.flow(Protocol.UDP, OPEN)
        wire.wire.execute(SendDatagram(probe=1, flow=on, payload=b"?"))
        _, client = server.recvfrom(16)
        server.sendto(b"!", client)
        events = [*wire.wire.wait(1.0), *wire.wire.wait(0.1)]
    delivered = [event for event in events if isinstance(event, Delivered)]
    assert [(event.flow, event.payload) for event in delivered] == [(on.reversed(), b"!")]
    closed = SendDatagram(probe=2, flow=wire.flow(Protocol.UDP, CLOSED), payload=b"?")
    refusals = [event for event in wire.told(closed) if isinstance(event, Refused)]
    assert [(event.probe, event.errno_name) for event in refusals] == [(2, "ECONNREFUSED")]


def test_a_connection_stands_or_is_refused(wire: Wire6, nodes: "TwoNodes") -> None:
    def connect(port: int) -> OpenStream:
        on = wire.flow(Protocol.TCP, port)
        return OpenStream(probe=port, flow=on, payload=b"", segment_octets=None)

    with nodes.peer.inside():
        server = socket.create_server((str(BEYOND), OPEN), family=socket.AF_INET6)
    with server:
        opened = wire.told(connect(OPEN))
        wire.wire.execute(CloseStream(probe=OPEN))
    refused = wire.told(connect(CLOSED))
    assert [event.probe for event in opened if isinstance(event, StreamOpened)] == [OPEN]
    assert [event.errno_name for event in refused if isinstance(event, Refused)] == [
        "ECONNREFUSED"
    ]


@pytest.mark.parametrize(
    ("commands", "names"),
    [
        pytest.param(("ip -6 route del default",), "ENETUNREACH", id="no route"),
        pytest.param(
            ("ip -6 route add prohibit 2001:db8:9::/64",), "EACCES", id="a prohibiting route"
        ),
        pytest.param(
            (
                "nft add table ip6 edge",
                "nft add chain ip6 edge out { type filter hook output priority 0 ; }",
                "nft add rule ip6 edge out udp dport 7 drop",
            ),
            "EPERM",
            id="a rule of family ip6",
        ),
    ],
)
def test_what_keeps_a_packet_here_is_told_at_once(
    wire: Wire6, nodes: "TwoNodes", commands: tuple[str, ...], names: str
) -> None:
    nodes.node.run(*commands)
    on = wire.flow(Protocol.UDP, OPEN)
    actions = (
        SendDatagram(probe=1, flow=on, payload=b"?"),
        wire.packet(UdpDatagram(payload=b"?"), OPEN, Way.IP_STACK),
    )
    told = [event for action in actions for event in wire.told(action)]
    refusals = [event for event in told if isinstance(event, Refused)]
    assert [(event.errno_name, event.is_immediate) for event in refusals] == [(names, True)] * 2


def flow_labels(packet_socket: socket.socket, count: int) -> list[int]:
    """The flow labels of so many packets that leave (RFC 8200 §3)."""
    labels: list[int] = []
    while len(labels) < count:
        octets, address = packet_socket.recvfrom(2048)
        # Next header TCP or UDP: neighbour discovery has labels of its own.
        if address[2] == socket.PACKET_OUTGOING and octets[14 + 6] in (6, 17):
            labels.append(struct.unpack_from("!I", octets, 14)[0] & 0xFFFFF)
    return labels


@pytest.mark.parametrize("automatic", [0, 1, 2])
def test_all_packets_of_a_flow_carry_one_flow_label(
    wire: Wire6, nodes: "TwoNodes", automatic: int
) -> None:
    nodes.node.run(f"sysctl -q net.ipv6.auto_flowlabels={automatic}")
    syn = TcpSegment(flags="S", sequence=1, acknowledgement=0, window=64240, payload=b"")
    actions: tuple[Action, ...] = (
        SendDatagram(probe=1, flow=wire.flow(Protocol.UDP, CLOSED), payload=b"?"),
        wire.packet(UdpDatagram(payload=b"?"), CLOSED, Way.IP_STACK, hop_limit=1),
        wire.packet(UdpDatagram(payload=b"?"), CLOSED, Way.LINK),
        OpenStream(
            probe=2, flow=wire.flow(Protocol.TCP, CLOSED), payload=b"", segment_octets=None
        ),
        wire.packet(syn, CLOSED, Way.IP_STACK),
    )
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as tap:
        tap.bind(("up0", 3))
        tap.settimeout(2.0)
        for action in actions:
            wire.told(action)
        assert flow_labels(tap, len(actions)) == [0] * len(actions)


def test_the_source_and_the_next_hop_are_the_kernels(wire: Wire6) -> None:
    unspecified = ip_address("::")
    asked = Flow(
        protocol=Protocol.UDP,
        source=unspecified,
        source_port=0,
        destination=BEYOND,
        destination_port=OPEN,
    )
    wire.told(SendDatagram(probe=1, flow=wire.flow(Protocol.UDP, CLOSED), payload=b"?"))
    route = route_for(asked)
    assert isinstance(route, Route) and route.source == OWN
    assert next_hop_for(route, BEYOND) == NEXT_HOP
