"""Whole packets into the kernel, and what it says to them."""

import contextlib
import os
import socket
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from edgediag.errors import CannotRunError
from edgediag.model.exchange import NextHop
from edgediag.model.flow import Flow, Protocol
from edgediag.model.packet import Packet, UdpDatagram
from edgediag.net.senders import IpStackSender, LinkSender, attempt, errno_name, open_raw
from edgediag.wire.headers import encode, frame

if TYPE_CHECKING:
    from tests.net.conftest import TwoNodes

OWN = ip_address("192.0.2.1")
PEER = "198.51.100.2"


def packet(destination: str, *, octets: int = 4) -> Packet:
    return Packet(
        flow=Flow(
            protocol=Protocol.UDP,
            source=OWN,
            source_port=20000,
            destination=ip_address(destination),
            destination_port=9,
        ),
        hop_limit=64,
        ip_id=1,
        payload=UdpDatagram(payload=bytes(octets)),
    )


def sent_through_stack(asked: Packet) -> str:
    sender = IpStackSender(4)
    try:
        flow = asked.flow
        return sender.send(encode(asked), source=flow.source, destination=flow.destination)
    finally:
        sender.close()


def sent_through_link(asked: Packet, interface: str) -> str:
    next_hop = NextHop(
        interface=interface,
        source_mac="02:00:00:00:00:01",
        destination_mac="02:00:00:00:00:02",
    )
    sender = LinkSender()
    try:
        return sender.send(frame(asked, next_hop), interface=interface)
    finally:
        sender.close()


EGRESS_DROP = (
    "nft add table netdev edge",
    "nft add chain netdev edge out { type filter hook egress device up0 priority 0 ; }",
    "nft add rule netdev edge out udp dport 9 drop",
)
OUTPUT_DROP = (
    "nft add table inet edge",
    "nft add chain inet edge out { type filter hook output priority 0 ; }",
    "nft add rule inet edge out udp dport 9 drop",
)
FROM_RULE = (
    "ip rule add from 192.0.2.1 lookup 100",
    "ip route add blackhole default table 100",
)


@pytest.mark.netns
@pytest.mark.parametrize(
    ("commands", "name"),
    [
        pytest.param((), "", id="nothing is in the way"),
        pytest.param((f"ip route add blackhole {PEER}",), "EINVAL", id="a blackhole route"),
        pytest.param((f"ip route add prohibit {PEER}",), "EACCES", id="a prohibit route"),
        pytest.param(
            (f"ip route add unreachable {PEER}",), "EHOSTUNREACH", id="an unreachable route"
        ),
        pytest.param(("ip route del default",), "ENETUNREACH", id="no route"),
        pytest.param(FROM_RULE, "EINVAL", id="a policy rule on the source address"),
        pytest.param(OUTPUT_DROP, "EPERM", id="a drop in OUTPUT"),
        pytest.param(EGRESS_DROP, "ENOBUFS", id="a drop at netdev egress"),
    ],
)
def test_the_ip_stack_names_what_stops_a_packet(
    two_nodes: "TwoNodes", commands: tuple[str, ...], name: str
) -> None:
    two_nodes.node.run(*commands)
    with two_nodes.node.inside():
        assert sent_through_stack(packet(PEER)) == name


@pytest.mark.netns
def test_a_packet_longer_than_the_link_takes_is_refused(two_nodes: "TwoNodes") -> None:
    with two_nodes.node.inside():
        assert sent_through_stack(packet(PEER, octets=1473)) == "EMSGSIZE"


@pytest.mark.netns
@pytest.mark.parametrize(
    ("commands", "interface", "name"),
    [
        pytest.param((), "up0", "", id="nothing is in the way"),
        pytest.param((f"ip route add blackhole {PEER}",), "up0", "", id="routes are not asked"),
        pytest.param(OUTPUT_DROP, "up0", "", id="OUTPUT is not met"),
        pytest.param(EGRESS_DROP, "up0", "ENOBUFS", id="a drop at netdev egress"),
        pytest.param(("ip link set up0 down",), "up0", "ENETDOWN", id="the link is down"),
        pytest.param((), "eth9", "ENODEV", id="there is no such interface"),
    ],
)
def test_the_link_layer_names_what_stops_a_frame(
    two_nodes: "TwoNodes", commands: tuple[str, ...], interface: str, name: str
) -> None:
    two_nodes.node.run(*commands)
    with two_nodes.node.inside():
        assert sent_through_link(packet(PEER), interface) == name


def test_a_queue_that_stays_full_is_a_refusal_and_no_endless_wait() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, theirs:
        ours.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                ours.send(bytes(1024))
        assert attempt(ours, lambda: ours.send(bytes(1024))) == "EAGAIN"


def test_room_that_comes_in_time_is_used() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    tries = []

    def send() -> int:
        tries.append("try")
        if len(tries) == 1:
            raise BlockingIOError
        return 1

    with ours, theirs:
        assert (attempt(ours, send), len(tries)) == ("", 2)


@pytest.mark.parametrize(
    ("error", "name"),
    [
        pytest.param(OSError(1, "not permitted"), "EPERM", id="one that has a symbol"),
        pytest.param(OSError(4711, "?"), "errno 4711", id="one that has none"),
        pytest.param(OSError("no number"), "errno None", id="one without a number"),
    ],
)
def test_errors_become_names(error: OSError, name: str) -> None:
    assert errno_name(error) == name


def test_without_the_privilege_it_says_what_to_grant() -> None:
    was = os.geteuid()
    try:
        os.seteuid(65534)
    except OSError:
        pytest.skip("there is no user without privileges in this user namespace")
    try:
        with pytest.raises(CannotRunError, match=r"\(AF_PACKET\): EPERM; .* CAP_NET_RAW"):
            open_raw(socket.AF_PACKET, 0)
    finally:
        os.seteuid(was)
