"""What the tap shows, and what it keeps to itself."""

import errno
import fcntl
import os
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from edgediag.model.flow import Flow, Protocol
from edgediag.model.packet import Packet, Sighting, UdpDatagram
from edgediag.net.capture import SightedFrame
from edgediag.net.clock import Clock
from edgediag.net.senders import IpStackSender
from edgediag.net.tap import Tap
from edgediag.wire.bpf import tap_filter
from edgediag.wire.headers import decode, encode
from edgediag.wire.link_type import LinkType

if TYPE_CHECKING:
    from tests.net.conftest import TwoNodes

pytestmark = pytest.mark.netns

FIRST_PORT, LAST_PORT = 20000, 20009
NODE, PEER = ip_address("192.0.2.1"), ip_address("192.0.2.2")


def opened() -> Tap:
    return Tap(tap_filter(FIRST_PORT, LAST_PORT), clock=Clock())


def packet(*, source: str = "192.0.2.1", destination: str = "192.0.2.2", port: int = 9) -> Packet:
    return Packet(
        flow=Flow(
            protocol=Protocol.UDP,
            source=ip_address(source),
            source_port=FIRST_PORT,
            destination=ip_address(destination),
            destination_port=port,
        ),
        hop_limit=64,
        ip_id=1,
        payload=UdpDatagram(payload=b"edgediag"),
    )


def send(asked: Packet, *, times: int = 1) -> None:
    sender = IpStackSender(4)
    octets = encode(asked)
    for _ in range(times):
        assert not sender.send(
            octets, source=asked.flow.source, destination=asked.flow.destination
        )
    sender.close()


def read(tap: Tap, wanted: int, *, within_s: float = 2.0) -> list[SightedFrame]:
    """All frames, until there are as many as wanted or the time is over."""
    frames: list[SightedFrame] = []
    deadline_s = time.monotonic() + within_s
    while len(frames) < wanted and time.monotonic() < deadline_s:
        frames += tap.read(64)
    return frames


def where(frames: list[SightedFrame]) -> list[tuple[Sighting, str]]:
    return [(frame.sighting, frame.interface) for frame in frames]


def test_a_packet_is_seen_leaving_and_its_answer_arriving(two_nodes: "TwoNodes") -> None:
    with two_nodes.node.inside():
        tap = opened()
        send(packet())
        frames = read(tap, 2)
    tap.close()
    assert where(frames) == [(Sighting.TAP_OUT, "up0"), (Sighting.TAP_IN, "up0")]
    assert decode(frames[0].octets, frames[0].link_type) == packet()


def test_frames_carry_the_kernel_s_time(two_nodes: "TwoNodes") -> None:
    with two_nodes.node.inside():
        tap = opened()
        delays_s = [stamp_delay_s(tap) for _ in range(20)]
    tap.close()
    # Stamped by the kernel once its worker has switched that on, and not when they are read.
    assert min(delays_s) <= 0


def stamp_delay_s(tap: Tap) -> float:
    """How long after the sending of a frame its stamp is, when it is read 50 ms later."""
    before_s = time.time()
    send(packet())
    after_s = time.time()
    time.sleep(0.05)
    (sent,) = (frame for frame in read(tap, 1) if frame.sighting is Sighting.TAP_OUT)
    assert before_s <= sent.seen_s
    return sent.seen_s - after_s


def test_on_loopback_a_packet_is_seen_twice(two_nodes: "TwoNodes") -> None:
    with two_nodes.node.inside():
        tap = opened()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
            listener.bind(("127.0.0.1", 0))
            port = listener.getsockname()[1]
            send(packet(source="127.0.0.1", destination="127.0.0.1", port=port))
            frames = read(tap, 2)
    tap.close()
    assert where(frames) == [(Sighting.TAP_OUT, "lo"), (Sighting.TAP_IN, "lo")]


def test_a_device_without_link_layer_shows_bare_packets(two_nodes: "TwoNodes") -> None:
    arriving = packet(source="203.0.113.2", destination="203.0.113.1", port=FIRST_PORT)
    with two_nodes.node.inside():
        tunnel = tun("tun7")
        two_nodes.node.run("ip address add 203.0.113.1/24 dev tun7", "ip link set tun7 up")
        tap = opened()
        os.write(tunnel, encode(arriving))
        frames = read(tap, 1)
    tap.close()
    os.close(tunnel)
    frame = frames[0]
    assert (frame.sighting, frame.interface, frame.link_type) == (
        Sighting.TAP_IN,
        "tun7",
        LinkType.RAW,
    )
    assert decode(frame.octets, frame.link_type) == arriving


def test_the_filter_lets_nothing_else_through(two_nodes: "TwoNodes") -> None:
    with two_nodes.node.inside():
        tap = opened()
        with socket.socket() as stranger:
            assert stranger.connect_ex((str(PEER), 9)) == errno.ECONNREFUSED
        send(packet())
        frames = read(tap, 3, within_s=0.2)
    tap.close()
    assert where(frames) == [(Sighting.TAP_OUT, "up0"), (Sighting.TAP_IN, "up0")]


def test_what_passed_before_the_filter_was_in_place_is_not_shown(two_nodes: "TwoNodes") -> None:
    # Only the ports make it a stranger's.
    stranger = bytearray(encode(packet(source="192.0.2.2", destination="192.0.2.1")))
    stranger[20:22] = (30000).to_bytes(2, "big")
    seen: list[SightedFrame] = []
    with two_nodes.node.inside(), flooded(two_nodes, bytes(stranger)):
        for _ in range(200):
            tap = opened()
            seen += [frame for frame in tap.read(64) if is_udp(frame)]
            tap.close()
    assert seen == []


def test_only_the_interfaces_asked_for_are_shown(two_nodes: "TwoNodes") -> None:
    with two_nodes.node.inside():
        tap = Tap(tap_filter(FIRST_PORT, LAST_PORT), clock=Clock(), interfaces=("lo",))
        send(packet())
        frames = read(tap, 1, within_s=0.2)
    tap.close()
    assert frames == []


def test_a_packet_dropped_in_output_is_not_seen(two_nodes: "TwoNodes") -> None:
    two_nodes.node.run(
        "nft add table inet edge",
        "nft add chain inet edge out { type filter hook output priority 0 ; policy drop ; }",
    )
    with two_nodes.node.inside():
        tap = opened()
        with pytest.raises(AssertionError):
            send(packet())
        frames = read(tap, 1, within_s=0.2)
    tap.close()
    assert frames == []


def test_a_burst_of_5000_at_10000_a_second_is_seen_whole(two_nodes: "TwoNodes") -> None:
    octets = encode(packet())
    with two_nodes.node.inside():
        tap = opened()
        sender = IpStackSender(4)
        started_s = time.monotonic()
        for number in range(5000):
            while time.monotonic() < started_s + number / 10_000:
                pass
            sender.send(octets, source=NODE, destination=PEER)
        frames = read(tap, 20_000, within_s=0.5)
        dropped = tap.dropped()
    sender.close()
    tap.close()
    leaving = [one for one in frames if one.sighting is Sighting.TAP_OUT and is_udp(one)]
    assert (len(leaving), dropped) == (5000, 0)


def test_frames_that_were_lost_are_counted(two_nodes: "TwoNodes") -> None:
    with two_nodes.node.inside():
        tap = opened()
        with socket.socket(fileno=os.dup(tap.fileno())) as same:
            same.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
        two_nodes.peer.run("sysctl -q net.ipv4.icmp_msgs_per_sec=0")
        send(packet(), times=500)
        kept = len([one for one in read(tap, 500, within_s=0.2) if is_udp(one)])
        dropped = tap.dropped()
        send(packet(), times=500)
        later = tap.dropped()
    tap.close()
    assert 0 < kept < 500
    assert dropped > 0
    assert later > dropped


def test_reading_an_empty_queue_does_not_block(two_nodes: "TwoNodes") -> None:
    with two_nodes.node.inside():
        tap = opened()
    assert tap.read(64) == ()
    tap.close()


@contextmanager
def flooded(nodes: "TwoNodes", octets: bytes) -> Iterator[None]:
    """The peer sends the same packet to the node without a pause."""
    with nodes.peer.inside():
        sender = IpStackSender(4)
    is_over = threading.Event()

    def flood() -> None:
        while not is_over.is_set():
            sender.send(octets, source=PEER, destination=NODE)

    thread = threading.Thread(target=flood)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
        sender.close()


def is_udp(frame: SightedFrame) -> bool:
    seen = decode(frame.octets, frame.link_type)
    return seen is not None and seen.flow.protocol is Protocol.UDP


def tun(name: str) -> int:
    """A tun device that shows bare IP packets (linux/if_tun.h)."""
    tunsetiff, iff_tun, iff_no_pi = 0x400454CA, 0x0001, 0x1000
    descriptor = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(descriptor, tunsetiff, struct.pack("16sH22x", name.encode(), iff_tun | iff_no_pi))
    return descriptor
