"""Policies of IPsec that a walk follows, held against what the kernel does with the same packet."""

import socket
from collections.abc import Iterator
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from edgediag.host.walk.conclusion import conclude
from edgediag.host.walk.journal import Journal
from edgediag.host.walk.parcel import CtState, Sender, parcel_in, parcel_of
from edgediag.model.flow import Flow, Protocol
from edgediag.net.walk_answers import walk_inbound, walk_outbound
from edgediag.net.ways import interface

if TYPE_CHECKING:
    from tests.net.conftest import Node, TwoNodes

pytestmark = pytest.mark.netns

NODE, FAR = "192.0.2.1", "192.0.2.2"
ASKED = Flow(
    protocol=Protocol.UDP,
    source=ip_address(NODE),
    source_port=4499,
    destination=ip_address(FAR),
    destination_port=4500,
)
BLOCK = f"ip xfrm policy add dir out dst {FAR}/32 action block priority 5"
WRAP = (
    f"ip xfrm policy add dir out dst {FAR}/32 priority 5 tmpl src {NODE} dst {FAR} proto esp "
    "mode tunnel"
)


def told(node: "Node") -> str:
    """How the walk says that the packet fares which this node sends."""
    sender = Sender(mark=0, uid=0, gid=0, state=CtState.NEW)
    with node.inside():
        return conclude(*walk_outbound(parcel_of(ASKED, sender), Journal())).disposition.value


def is_sent(node: "Node", taking: socket.socket) -> bool:
    """Whether the same packet comes to the other node."""
    with node.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((NODE, ASKED.source_port))
        try:
            sock.sendto(b"?", (FAR, ASKED.destination_port))
        except PermissionError:
            return False
    try:
        return taking.recv(8) == b"?"
    except TimeoutError:
        return False


@pytest.fixture
def taking(two_nodes: "TwoNodes") -> Iterator[socket.socket]:
    with two_nodes.peer.inside():
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with sock:
        sock.bind((FAR, ASKED.destination_port))
        sock.settimeout(0.5)
        yield sock


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        pytest.param((), ("passes", True), id="none"),
        pytest.param((BLOCK,), ("dropped", False), id="one that blocks"),
        pytest.param((BLOCK.replace(FAR, "192.0.2.3"),), ("passes", True), id="one for another"),
        pytest.param(
            (BLOCK, f"ip xfrm policy add dir out dst {FAR}/24 action allow priority 1"),
            ("passes", True),
            id="one before it allows",
        ),
        pytest.param(
            (BLOCK.replace(" action", " proto udp dport 4501 action"),),
            ("passes", True),
            id="another port",
        ),
        pytest.param(
            (BLOCK.replace(" action", " proto udp dport 4500 action"),),
            ("dropped", False),
            id="its port",
        ),
        pytest.param((BLOCK.replace("dir out", "dir fwd"),), ("passes", True), id="of no account"),
        pytest.param(
            (BLOCK, "sysctl -qw net.ipv4.conf.up0.disable_xfrm=1"),
            ("passes", True),
            id="a device that does without",
        ),
    ],
)
def test_what_is_sent(
    two_nodes: "TwoNodes",
    taking: socket.socket,
    commands: tuple[str, ...],
    expected: tuple[str, bool],
) -> None:
    two_nodes.node.run(*commands)
    assert (told(two_nodes.node), is_sent(two_nodes.node, taking)) == expected


def test_what_should_go_inside_esp_does_not_leave_as_it_is(
    two_nodes: "TwoNodes", taking: socket.socket
) -> None:
    two_nodes.node.run(WRAP)
    # What an association is to be made for is not sent before there is one.
    assert (told(two_nodes.node), is_sent(two_nodes.node, taking)) == ("undetermined", False)


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        pytest.param((), ("passes", True), id="none"),
        pytest.param(
            (f"ip xfrm policy add dir in src {FAR}/32 action block",),
            ("dropped", False),
            id="one that blocks",
        ),
        pytest.param(
            (
                f"ip xfrm policy add dir in src {FAR}/32 action block",
                "sysctl -qw net.ipv4.conf.up0.disable_policy=1",
            ),
            ("passes", True),
            id="a device that does without",
        ),
    ],
)
def test_what_comes_in(
    two_nodes: "TwoNodes", commands: tuple[str, ...], expected: tuple[str, bool]
) -> None:
    two_nodes.node.run(*commands)
    flow = ASKED.reversed()
    with two_nodes.node.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((NODE, flow.destination_port))
        taken.settimeout(0.5)
        with two_nodes.peer.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind((FAR, flow.source_port))
            sock.sendto(b"?", (NODE, flow.destination_port))
        try:
            is_taken = taken.recv(8) == b"?"
        except TimeoutError:
            is_taken = False
        parcel = parcel_in(flow, interface("up0"), CtState.NEW)
        said = conclude(*walk_inbound(parcel, Journal())).disposition.value
    assert (said, is_taken) == expected
