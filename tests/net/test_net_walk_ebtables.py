"""Rules that ebtables' nft backend writes: the walk and the kernel's trace name the same end."""

import shutil
import subprocess
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

import pytest

from edgediag.model.flow import Flow, Protocol
from edgediag.wire.headers import frame
from net.bridged import (
    MACS,
    SENDER,
    FrameTrace,
    bridged,
    differs,
    explained_by_port,
    hop,
    index,
    mark_ends,
)
from net.differential import packet
from net.live_frames import LiveFrames

if TYPE_CHECKING:
    from tests.net.conftest import TwoNodes

pytestmark = [
    pytest.mark.netns,
    pytest.mark.skipif(shutil.which("ebtables-nft") is None, reason="needs ebtables-nft"),
]

# A condition, and whether it holds for UDP from 203.0.113.9 to port 4500 of 203.0.113.2.
CONDITIONS = (
    ("-p IPv4 --ip-proto udp --ip-dport 4500", True),
    ("-p IPv4 --ip-proto udp --ip-dport 4000:4499", False),
    ("-p IPv4 --ip-proto udp ! --ip-dport 4500", False),
    ("-p IPv4 --ip-proto tcp", False),
    ("-p IPv4 ! --ip-proto tcp", True),
    ("-p IPv4 --ip-src 203.0.113.0/28", True),
    ("-p IPv4 --ip-dst 203.0.113.8/29", False),
    ("-p IPv4 ! --ip-dst 203.0.113.8/29", True),
    ("-p IPv6 --ip6-proto udp", False),
    ("-p ARP --arp-op Request", False),
    ("-p 802_1Q --vlan-id 5", False),
    ("--mark 0", True),
    ("--mark 1/3", False),
    ("! --mark 1/3", True),
    ("--pkttype-type otherhost", True),
    ("--pkttype-type broadcast", False),
    ("-i p1 -o p2 --log", True),
    ("-s 02:00:00:00:00:c9 -d ! 02:00:00:00:00:c2", False),
)
WIRE = "203.0.113.2"


@pytest.mark.parametrize(("words", "does_hold"), CONDITIONS, ids=[each for each, _ in CONDITIONS])
def test_a_match_holds_as_the_kernel_has_it(
    two_nodes: "TwoNodes", words: str, does_hold: bool
) -> None:
    bridged(two_nodes.node)
    flow = Flow(
        protocol=Protocol.UDP,
        source=SENDER,
        source_port=40000,
        destination=IPv4Address(WIRE),
        destination_port=4500,
    )
    mac = MACS[flow.destination]  # type: ignore[index]  # a flow of IPv4
    with two_nodes.node.inside(), FrameTrace() as trace, LiveFrames() as frames:
        subprocess.run(["ebtables-nft", "-A", "FORWARD", *words.split(), "-j", "DROP"], check=True)
        mark_ends()
        said = explained_by_port(flow, "p1", mac)
        frames.receive(frame(packet(flow), hop("p1", mac)), index("p1"))
        answer = differs(said, trace.end_of(flow), "sent")
    assert answer == ("agree: drops" if does_hold else "agree: passes")
