"""Rules that ARP meets: the walk says of a next hop what the kernel then makes of it."""

import shutil
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

import pytest

from edgediag.model.flow import Flow, Protocol
from edgediag.net import xtables
from edgediag.net.xtables import listed_tables
from net.bridged import bridged
from net.next_hop import Said, said_of, tells_its_mac

if TYPE_CHECKING:
    from tests.net.conftest import Node, TwoNodes

pytestmark = pytest.mark.netns

FLOW = Flow(
    protocol=Protocol.UDP,
    source=IPv4Address("192.0.2.1"),
    source_port=4499,
    destination=IPv4Address("198.51.100.2"),
    destination_port=4500,
)
PASSES = ("passes", (), ())
# A busy machine takes its time; that nothing comes shows at once.
PATIENCE_S = {True: 2.0, False: 0.3}


def dropped(chain: str) -> Said:
    return "dropped", (("arp", chain),), ()


DROPPED = dropped("c")


def arp(hook: str, words: str) -> tuple[str, ...]:
    return (
        "nft add table arp t",
        f"nft add chain arp t c {{type filter hook {hook} priority 0;}}",
        f"nft add rule arp t c {words}",
    )


def said(node: "Node", flow: Flow = FLOW) -> Said:
    return said_of(node, flow)


def is_resolved(node: "Node", within_s: float) -> bool:
    return tells_its_mac(node, FLOW, "192.0.2.2", within_s=within_s)


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        pytest.param(arp("input", "drop"), DROPPED, id="every answer"),
        pytest.param(arp("output", "drop"), DROPPED, id="every question"),
        pytest.param(arp("input", "arp operation reply drop"), DROPPED, id="answers alone"),
        pytest.param(arp("input", "arp operation request drop"), PASSES, id="others' questions"),
        pytest.param(arp("input", "arp saddr ip 192.0.2.2 drop"), DROPPED, id="of the next hop"),
        pytest.param(arp("input", "arp saddr ip 192.0.2.3 drop"), PASSES, id="of another address"),
        pytest.param(arp("input", "arp daddr ip 192.0.2.1 drop"), DROPPED, id="to this address"),
        pytest.param(arp("output", "arp daddr ip 192.0.2.2 drop"), DROPPED, id="for the next hop"),
        pytest.param(arp("output", "arp daddr ip 192.0.2.3 drop"), PASSES, id="for another"),
        pytest.param(arp("input", "iifname down0 drop"), PASSES, id="by another device"),
        pytest.param(arp("output", "oifname up0 drop"), DROPPED, id="by this device"),
        pytest.param(
            arp("output", "arp saddr ether 02:00:00:00:00:01 drop"), DROPPED, id="of this MAC"
        ),
        pytest.param(
            (
                "nft add table netdev t",
                "nft add chain netdev t c {type filter hook ingress device up0 priority 0;}",
                "nft add rule netdev t c meta protocol arp drop",
            ),
            ("dropped", (("netdev", "c"),), ()),
            id="at the device",
        ),
    ],
)
def test_the_kernel_fares_as_the_walk_says(
    two_nodes: "TwoNodes", commands: tuple[str, ...], expected: Said
) -> None:
    two_nodes.node.run("ip neighbour flush dev up0", *commands)
    answer, passes = said(two_nodes.node), expected == PASSES
    assert (answer, is_resolved(two_nodes.node, PATIENCE_S[passes])) == (expected, passes)


def test_a_next_hop_that_is_known_is_not_asked_for(two_nodes: "TwoNodes") -> None:
    two_nodes.node.run(
        "ip neighbour replace 192.0.2.2 lladdr 02:00:00:00:00:02 dev up0 nud permanent",
        *arp("output", "drop"),
    )
    assert said(two_nodes.node) == PASSES


LEGACY = pytest.mark.skipif(
    shutil.which("arptables-legacy") is None, reason="needs arptables-legacy"
)


def legacy(*rules: str) -> tuple[str, ...]:
    return tuple(f"arptables-legacy {rule}" for rule in rules)


@LEGACY
@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        pytest.param(legacy("-A INPUT -j DROP"), dropped("INPUT"), id="every answer"),
        pytest.param(legacy("-P OUTPUT DROP"), dropped("OUTPUT"), id="by the policy"),
        pytest.param(legacy("-A INPUT --opcode 2 -j DROP"), dropped("INPUT"), id="answers alone"),
        pytest.param(legacy("-A INPUT --opcode 1 -j DROP"), PASSES, id="others' questions"),
        pytest.param(legacy("-A INPUT -s 192.0.2.2 -j DROP"), dropped("INPUT"), id="its own"),
        pytest.param(legacy("-A INPUT -s ! 192.0.2.2 -j DROP"), PASSES, id="of all others"),
        pytest.param(legacy("-A INPUT -i up+ -j DROP"), dropped("INPUT"), id="by a device"),
        pytest.param(legacy("-A OUTPUT -o lo -j DROP"), PASSES, id="by another device"),
        pytest.param(
            legacy("-A OUTPUT --source-mac 02:00:00:00:00:01 -j DROP"),
            dropped("OUTPUT"),
            id="of this MAC",
        ),
        pytest.param(
            legacy("-N own", "-A INPUT -j own", "-A own -s 192.0.2.3", "-A own -j RETURN"),
            PASSES,
            id="by a chain that comes back",
        ),
        pytest.param(
            legacy("-N own", "-A INPUT -j own", "-A own -s 192.0.2.2 -j DROP"),
            dropped("own"),
            id="in a chain of the user's own",
        ),
        pytest.param(
            legacy("-A INPUT -j ACCEPT", "-A INPUT -j DROP"), PASSES, id="accepted before"
        ),
        pytest.param(
            (*legacy("-A INPUT -j ACCEPT"), *arp("input", "drop")),
            DROPPED,
            id="accepted there and dropped by nft",
        ),
        pytest.param(
            (*arp("input", "accept"), *legacy("-A INPUT -j DROP")),
            dropped("INPUT"),
            id="accepted by nft and dropped there",
        ),
        pytest.param(
            legacy("-A INPUT -l 6 -j mangle --mangle-ip-d 192.0.2.1 --mangle-target DROP"),
            dropped("INPUT"),
            id="by the target that rewrites",
        ),
    ],
)
def test_the_kernel_fares_as_the_walk_says_of_arptables_legacy(
    two_nodes: "TwoNodes", commands: tuple[str, ...], expected: Said
) -> None:
    two_nodes.node.run("ip neighbour flush dev up0", *commands)
    answer, passes = said(two_nodes.node), expected == PASSES
    assert (answer, is_resolved(two_nodes.node, PATIENCE_S[passes])) == (expected, passes)


@LEGACY
def test_a_question_that_arptables_rewrites_is_not_judged(two_nodes: "TwoNodes") -> None:
    two_nodes.node.run(
        "ip neighbour flush dev up0",
        *legacy("-A OUTPUT -l 6 -j mangle --mangle-ip-s 192.0.2.9"),
    )
    doubt = "what a rule has written into a message of ARP"
    assert said(two_nodes.node) == ("undetermined", (), (doubt,))


@LEGACY
def test_to_ask_makes_no_table_of_arptables_legacy(two_nodes: "TwoNodes") -> None:
    two_nodes.node.run("ip neighbour flush dev up0", *arp("input", "drop"))
    said(two_nodes.node)
    with two_nodes.node.inside():
        assert listed_tables("arp") == []


@LEGACY
def test_a_table_of_arptables_legacy_that_is_not_read_is_said(
    two_nodes: "TwoNodes", monkeypatch: pytest.MonkeyPatch
) -> None:
    two_nodes.node.run(
        "ip neighbour flush dev up0", *legacy("-A INPUT -s 192.0.2.3 -j DROP")
    )
    monkeypatch.setattr(xtables, "decode_entries", lambda *_: None)
    doubt = "arptables-legacy table filter: EBADMSG"
    assert said(two_nodes.node) == ("undetermined", (), (doubt,))


def test_a_device_without_arp_asks_for_nobody(two_nodes: "TwoNodes") -> None:
    two_nodes.node.run(
        "ip link set up0 arp off", "ip neighbour flush dev up0", *arp("output", "drop")
    )
    assert said(two_nodes.node) == PASSES


def test_a_rule_of_a_bridge_may_end_the_question(two_nodes: "TwoNodes") -> None:
    bridged(two_nodes.node)
    two_nodes.node.run(
        "ip neighbour del 203.0.113.2 dev br0",
        "nft add table bridge t",
        "nft add chain bridge t c {type filter hook output priority 0;}",
        "nft add rule bridge t c ether type arp drop",
    )
    flow = Flow(
        protocol=Protocol.UDP,
        source=IPv4Address("203.0.113.1"),
        source_port=4499,
        destination=IPv4Address("203.0.113.2"),
        destination_port=4500,
    )
    assert said(two_nodes.node, flow) == ("dropped", (("bridge", "c"),), ())
