"""Rules of the bridge family, asked on the way of what a real bridge carries."""

from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from edgediag.host.walk.conclusion import Conclusion, conclude
from edgediag.host.walk.journal import Journal
from edgediag.host.walk.parcel import CtState, Sender, parcel_in, parcel_of
from edgediag.model.flow import Flow, Protocol
from edgediag.net.walk_answers import walk_inbound, walk_outbound, walk_reply
from edgediag.net.ways import interface
from net.bridged import MACS, SENDER, bridged, framed

if TYPE_CHECKING:
    from tests.net.conftest import Node, TwoNodes

pytestmark = pytest.mark.netns

Said = tuple[str, tuple[str, ...], tuple[str, ...]]
DROPPED = ("dropped", ("c",), ())
PASSES = ("passes", (), ())
WHICH_PORT = "which port of br0 it passes"


def rule(hook: str, words: str) -> tuple[str, ...]:
    return (
        "nft add table bridge b",
        f"nft add chain bridge b c {{type filter hook {hook} priority 10;}}",
        f"nft add rule bridge b c {words}",
    )


def flow(source: str, destination: str) -> Flow:
    return Flow(
        protocol=Protocol.UDP,
        source=ip_address(source),
        source_port=4499,
        destination=ip_address(destination),
        destination_port=4500,
    )


def said(conclusion: Conclusion) -> Said:
    chains = tuple(step.chain.chain if step.chain else step.hook for step in conclusion.deciders)
    return conclusion.disposition.value, chains, conclusion.hangs_on


def sent(node: "Node", to: str, source: str = "203.0.113.1") -> Said:
    sender = Sender(mark=0, uid=0, gid=0, state=CtState.NEW)
    with node.inside():
        parcel = parcel_of(flow(source, to), sender)
        return said(conclude(*walk_outbound(parcel, Journal())))


@pytest.mark.parametrize(
    ("commands", "to", "expected"),
    [
        pytest.param(rule("output", "drop"), "203.0.113.2", DROPPED, id="OUTPUT"),
        pytest.param(rule("postrouting", "oifname p2 drop"), "203.0.113.2", DROPPED, id="the port"),
        pytest.param(
            rule("postrouting", "oifname p3 drop"), "203.0.113.2", PASSES, id="another port"
        ),
        pytest.param(
            rule("output", "oifname p3 drop"),
            "203.0.113.77",
            ("undetermined", (), (WHICH_PORT,)),
            id="nobody knows behind which port the neighbour is",
        ),
        pytest.param(rule("output", "drop"), "203.0.113.77", DROPPED, id="whichever port it is"),
        pytest.param(rule("forward", "drop"), "203.0.113.2", PASSES, id="FORWARD is not asked"),
        pytest.param(
            rule("output", "ether daddr 02:00:00:00:00:c2 drop"),
            "203.0.113.2",
            DROPPED,
            id="the MAC of the next hop",
        ),
        pytest.param(
            (
                "nft add table netdev n",
                "nft add chain netdev n c {type filter hook egress device p2 priority 0;}",
                "nft add rule netdev n c drop",
            ),
            "203.0.113.2",
            DROPPED,
            id="egress of the port",
        ),
        pytest.param((), "203.0.113.2", PASSES, id="a bridge without rules"),
    ],
)
def test_what_is_sent_by_a_bridge(
    two_nodes: "TwoNodes", commands: tuple[str, ...], to: str, expected: Said
) -> None:
    bridged(two_nodes.node)
    two_nodes.node.run(*commands)
    assert sent(two_nodes.node, to) == expected


def test_what_is_sent_by_another_device_meets_no_bridge(two_nodes: "TwoNodes") -> None:
    bridged(two_nodes.node)
    two_nodes.node.run(*rule("output", "drop"))
    assert sent(two_nodes.node, "198.51.100.2", "192.0.2.1") == PASSES


def test_without_a_port_that_carries_frames_none_leaves(two_nodes: "TwoNodes") -> None:
    bridged(two_nodes.node)
    two_nodes.node.run(*rule("input", "drop"))
    two_nodes.node.run(*(f"ip link set p{number} nomaster" for number in (1, 2, 3)))
    assert sent(two_nodes.node, "203.0.113.2") == ("dropped", ("bridge",), ())


def test_an_answer_comes_in_by_the_port_behind_which_the_sender_is(two_nodes: "TwoNodes") -> None:
    bridged(two_nodes.node)
    two_nodes.node.run(*rule("input", "iifname p2 drop"))
    sender = Sender(mark=0, uid=0, gid=0, state=CtState.NEW)
    with two_nodes.node.inside():
        parcels = [parcel_of(flow("203.0.113.1", f"203.0.113.{n}"), sender) for n in (2, 3)]
        answers = [said(conclude(*walk_reply(parcel, Journal()))) for parcel in parcels]
    assert answers == [DROPPED, PASSES]


FOR_WHOM = "whether its frame is for this host or for another behind br0"


@pytest.mark.parametrize(
    ("commands", "device", "to", "mac", "expected"),
    [
        pytest.param(rule("prerouting", "drop"), "p1", "203.0.113.1", "", DROPPED, id="PREROUTING"),
        pytest.param(
            rule("input", "iifname p1 drop"), "p1", "203.0.113.1", "", DROPPED, id="INPUT"
        ),
        pytest.param(rule("input", "drop"), "br0", "203.0.113.1", "", DROPPED, id="some port"),
        pytest.param(
            rule("forward", "iifname p1 oifname p2 drop"),
            "p1",
            "203.0.113.2",
            MACS[ip_address("203.0.113.2")],
            DROPPED,
            id="carried on to another port",
        ),
        pytest.param(
            rule("input", "drop"),
            "p1",
            "203.0.113.2",
            MACS[ip_address("203.0.113.2")],
            PASSES,
            id="INPUT is not asked of what is carried on",
        ),
        pytest.param(
            rule("forward", "drop"),
            "p1",
            "203.0.113.2",
            "",
            ("undetermined", (), (FOR_WHOM,)),
            id="nobody says whom the frame is for",
        ),
    ],
)
def test_what_comes_in_by_a_bridge(
    two_nodes: "TwoNodes",
    commands: tuple[str, ...],
    device: str,
    to: str,
    mac: str,
    expected: Said,
) -> None:
    bridged(two_nodes.node)
    two_nodes.node.run(*commands, "sysctl -q net.ipv4.ip_forward=1")
    with two_nodes.node.inside():
        parcel = parcel_in(flow(str(SENDER), to), interface(device), CtState.NEW)
        parcel = framed(parcel, mac) if mac else parcel
        assert said(conclude(*walk_inbound(parcel, Journal()))) == expected
