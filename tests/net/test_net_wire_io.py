"""Actions in, events out, on a real kernel."""

import errno
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from edgediag.model.exchange import (
    Action,
    CloseStream,
    Delivered,
    Event,
    Handed,
    NextHop,
    Observed,
    OpenStream,
    Refused,
    SendDatagram,
    SendPacket,
    StreamOpened,
    StreamReceived,
)
from edgediag.model.flow import Flow, Protocol
from edgediag.model.packet import IcmpEcho, Packet, Payload, TcpSegment, UdpDatagram
from edgediag.model.probe import Way
from edgediag.net.capture import Capture
from edgediag.net.clock import Clock
from edgediag.net.ports import PortBlock, hold_ports
from edgediag.net.wire import Wire
from edgediag.net.wire_io import WireIo

if TYPE_CHECKING:
    from tests.net.conftest import TwoNodes

pytestmark = pytest.mark.netns

OWN, PEER = "192.0.2.1", "192.0.2.2"
CLOSED_PORT = 9

NEXT_HOP = NextHop(
    interface="up0", source_mac="02:00:00:00:00:01", destination_mac="02:00:00:00:00:02"
)
SYN = TcpSegment(flags="S", sequence=1000, acknowledgement=0, window=64240, payload=b"")
QUESTION = UdpDatagram(payload=b"?")


class Desk:
    """A wire, its ports, and the waiting for events."""

    def __init__(self, ports: PortBlock, wire: WireIo, capture: Capture) -> None:
        self.port = ports.numbers[0]
        self.wire = wire
        self.capture = capture

    def flow(self, protocol: Protocol, port: int, *, destination: str = PEER) -> Flow:
        return Flow(
            protocol=protocol,
            source=ip_address(OWN),
            source_port=self.port,
            destination=ip_address(destination),
            destination_port=port,
        )

    def packet(self, payload: Payload, port: int, *, way: Way, probe: int = 1) -> SendPacket:
        protocol = Protocol.TCP if isinstance(payload, TcpSegment) else Protocol.UDP
        packet = Packet(
            flow=self.flow(protocol, port), hop_limit=64, ip_id=77, payload=payload
        )
        next_hop = NEXT_HOP if way is Way.LINK else None
        return SendPacket(probe=probe, way=way, packet=packet, next_hop=next_hop)

    def datagram(self, port: int, *, probe: int = 1) -> SendDatagram:
        return SendDatagram(probe=probe, flow=self.flow(Protocol.UDP, port), payload=b"?")

    def stream(self, port: int, *, probe: int = 1, payload: bytes = b"") -> OpenStream:
        flow = self.flow(Protocol.TCP, port)
        return OpenStream(probe=probe, flow=flow, payload=payload, segment_octets=None)

    def done(self, action: Action) -> list[str]:
        """What came of an action, in words and in the order told."""
        return [said(event) for event in self.told(action)]

    def told(self, action: Action) -> list[Event]:
        return [*self.wire.execute(action), *self.waited()]

    def waited(self) -> list[Event]:
        """What happened until nothing did for a while."""
        events: list[Event] = []
        deadline_s = time.monotonic() + 3.0
        while (happened := self.wire.wait(0.1)) and time.monotonic() < deadline_s:
            events += happened
        return events


def said(event: Event) -> str:
    match event:
        case Handed(sighting=sighting):
            return f"handed: {sighting.value}"
        case Refused(errno_name=name, is_immediate=is_immediate):
            return f"refused: {name}{' at once' if is_immediate else ''}"
        case Observed(observation=observation):
            return f"{observation.sighting.value}: {kind_of(observation.packet)}"
        case Delivered(payload=payload):
            return f"delivered: {payload.decode()}"
        case StreamOpened():
            return "opened"
        case StreamReceived(payload=payload):
            return f"received: {payload.decode()}"


def kind_of(packet: Packet) -> str:
    payload = packet.payload
    return payload.flags if isinstance(payload, TcpSegment) else type(payload).__name__


@pytest.fixture
def desk(two_nodes: "TwoNodes") -> Iterator[Desk]:
    capture = Capture()
    with two_nodes.node.inside(), hold_ports(3) as ports:
        with WireIo(ports, capture, Clock()) as wire:
            yield Desk(ports, wire, capture)


@contextmanager
def listening(
    nodes: "TwoNodes", kind: socket.SocketKind = socket.SOCK_STREAM
) -> Iterator[socket.socket]:
    with nodes.peer.inside():
        server = socket.socket(socket.AF_INET, kind)
    server.settimeout(2.0)
    with server:
        server.bind((PEER, 0))
        if kind is socket.SOCK_STREAM:
            server.listen(5)
        yield server


def port_of(server: socket.socket) -> int:
    return int(server.getsockname()[1])


HANDED = {Way.IP_STACK: "handed: handed-over", Way.LINK: "handed: framed"}


def test_it_is_a_wire(desk: Desk) -> None:
    wire: Wire = desk.wire
    assert (wire.wait(-1.0), wire.dropped()) == ((), 0)


@pytest.mark.parametrize("way", [Way.IP_STACK, Way.LINK])
class TestWholePackets:
    def test_a_syn_to_a_closed_port_draws_a_reset(self, desk: Desk, way: Way) -> None:
        assert desk.done(desk.packet(SYN, CLOSED_PORT, way=way)) == [
            HANDED[way],
            "tap-out: S",
            "tap-in: RA",
        ]

    def test_a_syn_to_an_open_port_leaves_no_half_open_connection(
        self, two_nodes: "TwoNodes", desk: Desk, way: Way
    ) -> None:
        with listening(two_nodes) as server:
            # The kernel's own reset: the port is held, and it knows of no connection.
            assert desk.done(desk.packet(SYN, port_of(server), way=way)) == [
                HANDED[way],
                "tap-out: S",
                "tap-in: SA",
                "tap-out: R",
            ]

    def test_the_answer_to_a_datagram_is_delivered_to_the_held_socket(
        self, two_nodes: "TwoNodes", desk: Desk, way: Way
    ) -> None:
        with listening(two_nodes, socket.SOCK_DGRAM) as server:
            sent = desk.done(desk.packet(QUESTION, port_of(server), way=way))
            server.sendto(b"!", server.recvfrom(100)[1])
            answered = [said(event) for event in desk.waited()]
        assert sent == [HANDED[way], "tap-out: UdpDatagram"]
        assert answered == ["tap-in: UdpDatagram", "delivered: !"]

    def test_what_is_observed_is_what_was_sent(self, desk: Desk, way: Way) -> None:
        action = desk.packet(SYN, CLOSED_PORT, way=way)
        _, observed, *_ = desk.told(action)
        assert isinstance(observed, Observed)
        assert observed.observation.packet == action.packet

    def test_the_numbers_are_those_of_the_capture(self, desk: Desk, way: Way) -> None:
        events = desk.told(desk.packet(SYN, CLOSED_PORT, way=way))
        numbers = [
            event.number if isinstance(event, Handed) else event.observation.number
            for event in events
            if isinstance(event, (Handed, Observed))
        ]
        assert numbers == sorted(set(numbers))
        assert numbers[0] >= 1

    def test_times_are_in_the_order_of_what_happened(self, desk: Desk, way: Way) -> None:
        before_s = time.time()
        events = desk.told(desk.packet(SYN, CLOSED_PORT, way=way))
        times = [
            event.observation.seen_s if isinstance(event, Observed) else event.at_s
            for event in events
        ]
        # The kernel's clock and this process' are read to a microsecond of one another.
        assert before_s - 0.001 <= times[0] <= times[1] + 0.0001 <= times[2] + 0.0002

    def test_ipv6_is_refused_in_words(self, desk: Desk, way: Way) -> None:
        flow = Flow(
            protocol=Protocol.TCP,
            source=ip_address("2001:db8::1"),
            source_port=desk.port,
            destination=ip_address("2001:db8::2"),
            destination_port=9,
        )
        packet = Packet(flow=flow, hop_limit=64, ip_id=None, payload=SYN)
        action = SendPacket(probe=1, way=way, packet=packet, next_hop=NEXT_HOP)
        assert desk.done(action) == ["refused: EAFNOSUPPORT at once"]


def test_an_echo_is_seen_to_go_and_to_come_back(desk: Desk) -> None:
    echo = IcmpEcho(is_reply=False, identifier=desk.port, sequence=1, payload=bytes(8))
    flow = Flow(
        protocol=Protocol.ICMP,
        source=ip_address(OWN),
        source_port=desk.port,
        destination=ip_address(PEER),
        destination_port=desk.port,
    )
    packet = Packet(flow=flow, hop_limit=64, ip_id=78, payload=echo)
    action = SendPacket(probe=1, way=Way.IP_STACK, packet=packet, next_hop=None)
    assert desk.done(action) == ["handed: handed-over", "tap-out: IcmpEcho", "tap-in: IcmpEcho"]


def test_a_frame_without_a_next_hop_is_not_sent_another_way(desk: Desk) -> None:
    action = SendPacket(
        probe=1,
        way=Way.LINK,
        packet=desk.packet(SYN, CLOSED_PORT, way=Way.LINK).packet,
        next_hop=None,
    )
    assert desk.done(action) == ["refused: EDESTADDRREQ at once"]


class TestDatagrams:
    def test_an_answer_is_seen_before_it_is_delivered(
        self, two_nodes: "TwoNodes", desk: Desk
    ) -> None:
        with listening(two_nodes, socket.SOCK_DGRAM) as server:
            assert desk.done(desk.datagram(port_of(server))) == [
                "handed: handed-over",
                "tap-out: UdpDatagram",
            ]
            server.sendto(b"!", server.recvfrom(100)[1])
            answered = [said(event) for event in desk.waited()]
        assert answered == ["tap-in: UdpDatagram", "delivered: !"]

    def test_a_closed_port_is_seen_and_reported(self, desk: Desk) -> None:
        assert desk.done(desk.datagram(CLOSED_PORT)) == [
            "handed: handed-over",
            "tap-out: UdpDatagram",
            "tap-in: IcmpError",
            "refused: ECONNREFUSED",
        ]


class TestStreams:
    def test_a_connection_opens_speaks_and_listens(
        self, two_nodes: "TwoNodes", desk: Desk
    ) -> None:
        with listening(two_nodes) as server:
            events = desk.done(desk.stream(port_of(server), payload=b"hello"))
            accepted, _ = server.accept()
            with accepted:
                assert accepted.recv(100) == b"hello"
                accepted.sendall(b"welcome")
                events += [said(event) for event in desk.waited()]
        events += [said(event) for event in desk.waited()]
        assert [event for event in events if ":" not in event or "received" in event] == [
            "opened",
            "received: welcome",
            "received: ",
        ]
        assert events[:2] == ["tap-out: S", "tap-in: SA"]

    def test_a_closed_port_is_seen_and_reported(self, desk: Desk) -> None:
        assert desk.done(desk.stream(CLOSED_PORT)) == [
            "tap-out: S",
            "tap-in: RA",
            "refused: ECONNREFUSED",
        ]

    def test_closing_one_resets_it(self, two_nodes: "TwoNodes", desk: Desk) -> None:
        with listening(two_nodes) as server:
            desk.done(desk.stream(port_of(server)))
            assert desk.done(CloseStream(probe=1)) == ["tap-out: RA"]


OUTPUT_DROP = (
    "nft add table inet edge",
    "nft add chain inet edge out { type filter hook output priority 0 ; policy drop ; }",
)
INPUT_DROP = (
    "nft add table inet edge",
    "nft add chain inet edge in { type filter hook input priority 0 ; policy drop ; }",
)


class TestThisHostIsInTheWay:
    @pytest.mark.parametrize(
        ("commands", "name"),
        [
            pytest.param(OUTPUT_DROP, "EPERM", id="a drop in OUTPUT"),
            pytest.param((f"ip route add blackhole {PEER}",), "EINVAL", id="a blackhole route"),
        ],
    )
    def test_what_the_ip_stack_stops_is_handed_over_refused_and_never_tapped(
        self, two_nodes: "TwoNodes", desk: Desk, commands: tuple[str, ...], name: str
    ) -> None:
        two_nodes.node.run(*commands)
        refused = ["handed: handed-over", f"refused: {name} at once"]
        assert desk.done(desk.packet(SYN, CLOSED_PORT, way=Way.IP_STACK)) == refused
        assert desk.done(desk.datagram(CLOSED_PORT)) == refused

    @pytest.mark.parametrize(
        "commands",
        [
            pytest.param(OUTPUT_DROP, id="a drop in OUTPUT"),
            pytest.param((f"ip route add blackhole {PEER}",), id="a blackhole route"),
        ],
    )
    def test_a_frame_of_the_same_flow_goes_out_and_is_answered(
        self, two_nodes: "TwoNodes", desk: Desk, commands: tuple[str, ...]
    ) -> None:
        two_nodes.node.run(*commands)
        assert desk.done(desk.packet(SYN, CLOSED_PORT, way=Way.LINK)) == [
            "handed: framed",
            "tap-out: S",
            "tap-in: RA",
        ]

    def test_a_connection_is_told_nothing_of_a_drop_in_output(
        self, two_nodes: "TwoNodes", desk: Desk
    ) -> None:
        two_nodes.node.run(*OUTPUT_DROP)
        assert desk.done(desk.stream(CLOSED_PORT)) == []

    def test_an_answer_dropped_in_input_is_tapped_and_not_delivered(
        self, two_nodes: "TwoNodes", desk: Desk
    ) -> None:
        two_nodes.node.run(*INPUT_DROP)
        with listening(two_nodes, socket.SOCK_DGRAM) as server:
            desk.done(desk.datagram(port_of(server)))
            server.sendto(b"!", server.recvfrom(100)[1])
            assert [said(event) for event in desk.waited()] == ["tap-in: UdpDatagram"]

    def test_a_connection_whose_answer_is_dropped_in_input_stays_closed(
        self, two_nodes: "TwoNodes", desk: Desk
    ) -> None:
        two_nodes.node.run(*INPUT_DROP)
        with listening(two_nodes) as server:
            assert desk.done(desk.stream(port_of(server))) == ["tap-out: S", "tap-in: SA"]


def test_the_traffic_of_others_is_not_observed(desk: Desk) -> None:
    with socket.socket() as stranger:
        assert stranger.connect_ex((PEER, CLOSED_PORT)) == errno.ECONNREFUSED
    assert desk.waited() == []


def test_a_run_that_exceeds_the_capture_goes_on(two_nodes: "TwoNodes") -> None:
    with two_nodes.node.inside(), hold_ports(1) as ports:
        capture = Capture(max_frames=1)
        with WireIo(ports, capture, Clock()) as wire:
            desk = Desk(ports, wire, capture)
            desk.wire.execute(desk.packet(SYN, CLOSED_PORT, way=Way.IP_STACK))
            events = desk.told(desk.packet(SYN, CLOSED_PORT, way=Way.IP_STACK))
    handed = events[0]
    assert isinstance(handed, Handed)
    assert (handed.number, capture.left_out) == (0, 5)


def test_waiting_ends_when_its_time_is_over_though_a_signal_comes(desk: Desk) -> None:
    signals: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, _: signals.append(number))
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    started_s = time.monotonic()
    events = desk.wire.wait(0.2)
    signal.signal(signal.SIGALRM, before)
    assert (events, signals) == ((), [signal.SIGALRM])
    assert 0.2 <= time.monotonic() - started_s < 1.0


def test_a_wire_leaves_no_descriptor_open(two_nodes: "TwoNodes") -> None:
    def descriptors() -> int:
        return len(os.listdir("/proc/self/fd"))

    with listening(two_nodes) as server, two_nodes.node.inside():
        before = descriptors()
        with hold_ports(5) as ports:
            wire = WireIo(ports, Capture(), Clock())
            desk = Desk(ports, wire, Capture())
            desk.done(desk.datagram(CLOSED_PORT))
            desk.done(desk.packet(SYN, CLOSED_PORT, way=Way.LINK))
            desk.done(desk.stream(port_of(server)))
            wire.close()
            wire.close()
        assert descriptors() == before


def test_a_loopback_device_shows_each_packet_twice(two_nodes: "TwoNodes", desk: Desk) -> None:
    own = desk.flow(Protocol.TCP, CLOSED_PORT, destination=OWN)
    packet = Packet(flow=own, hop_limit=64, ip_id=79, payload=SYN)
    action = SendPacket(probe=1, way=Way.IP_STACK, packet=packet, next_hop=None)
    assert desk.done(action) == [
        "handed: handed-over",
        "tap-out: S",
        "tap-in: S",
        "tap-out: RA",
        "tap-in: RA",
    ]
