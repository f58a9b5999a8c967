"""Rule sets made at random: the walk and the kernel's own trace name the same end and rule."""

import os
import random
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING

import pytest

from edgediag.model.flow import Flow, Protocol
from edgediag.net.ways import interface
from edgediag.wire.headers import frame
from net.differential import (
    FAR,
    NODE,
    TO_NODE,
    WIRE,
    Tally,
    compare,
    explained,
    explained_in,
    forwarding,
    is_translated_on_lo,
    load,
    packet,
    refusal,
    send,
    traced,
    went_on,
)
from net.live_frames import LiveFrames
from net.rule_sets import (
    RECEIVED_HOOKS,
    RECEIVED_TABLES,
    SENT_HOOKS,
    SENT_TABLES,
    RuleSet,
    aimed,
    in_6,
    iptables,
    native,
    set_in_6,
)

if TYPE_CHECKING:
    from tests.net.conftest import TwoNodes

pytestmark = [
    pytest.mark.netns,
    pytest.mark.skipif(
        shutil.which("nft") is None or shutil.which("iptables-nft") is None,
        reason="needs nft and iptables-nft to make the rules",
    ),
]

SETS = int(os.environ.get("EDGEDIAG_DIFFERENTIAL_SETS", "10"))
FIRST = int(os.environ.get("EDGEDIAG_DIFFERENTIAL_FIRST", "0"))
PACKETS = 18
PORTS = (53, 123, 500, 4500, 6443, 10250)
BROADCAST = IPv4Address("192.0.2.255")
# Those that meet a rule on chance, or on the hop limit that a socket or a far host chooses.
MOST_OPEN = 0.02


def drawn(
    draw: random.Random,
    version: int,
    hooks: Sequence[tuple[str, tuple[int, ...]]],
    tables: Mapping[str, tuple[str, ...]],
) -> RuleSet:
    """A rule set of nft or of iptables, for one version of IP."""
    is_native = draw.random() < 0.5
    made = native(draw, hooks) if is_native else iptables(draw, tables)
    return made if version == 4 else set_in_6(made)


def flow_in_6(flow: Flow) -> Flow:
    return replace(
        flow,
        source=IPv6Address(in_6(str(flow.source))),
        destination=IPv6Address(in_6(str(flow.destination))),
    )


def with_ipv6(nodes: "TwoNodes") -> None:
    """The addresses that `in_6` makes of those of the two nodes."""
    nodes.node.run(
        "ip address add 2001:db8:2::1/64 dev up0 nodad",
        "ip -6 route add default via 2001:db8:2::2",
        # Rules that end neighbour discovery would end the packet behind what is traced of it.
        *(
            f"ip neighbour replace 2001:db8:2::{last} lladdr 02:00:00:00:00:02 dev up0"
            for last in (2, 3, 254, 255)
        ),
    )
    nodes.peer.run(
        "ip address add 2001:db8:2::2/64 dev down0 nodad",
        "ip address add 2001:db8:100::2/128 dev lo nodad",
    )


def numbered(seed: int) -> Iterator[int]:
    """A source port for each packet of a set, so that no connection is met twice."""
    return iter(range(40000 + PACKETS * (seed % 400), 65536))


def sent_flow(draw: random.Random, port: int) -> Flow:
    return Flow(
        protocol=draw.choice((Protocol.UDP, Protocol.UDP, Protocol.TCP)),
        source=NODE,
        source_port=port,
        destination=IPv4Address(draw.choice((*FAR, str(NODE)))),
        destination_port=draw.choice(PORTS),
    )


def alone(tool: tuple[str, ...], condition: str) -> RuleSet:
    """A rule of one condition, in a chain that nothing leads to."""
    if tool[0] == "nft":
        sets, _, _ = native(random.Random(0), SENT_HOOKS).text.partition(" chain ")
        return RuleSet(tool, f"{sets} chain sub {{\n  {condition} counter\n }}\n}}\n", ())
    text = f"*mangle\n:SUB - [0:0]\n-A SUB {condition} -j ACCEPT\nCOMMIT\n"
    return RuleSet(tool, text, ())


@pytest.mark.parametrize(
    ("hooks", "tables"),
    [
        pytest.param(SENT_HOOKS, SENT_TABLES, id="sent"),
        pytest.param(RECEIVED_HOOKS, RECEIVED_TABLES, id="received"),
    ],
)
@pytest.mark.parametrize("version", [4, 6])
def test_no_condition_is_one_that_its_tool_refuses(
    two_nodes: "TwoNodes",
    version: int,
    hooks: Sequence[tuple[str, tuple[int, ...]]],
    tables: Mapping[str, tuple[str, ...]],
) -> None:
    # Whatever it is drawn for would be drawn again, and it would never be walked.
    made = [drawn(random.Random(seed), version, hooks, tables) for seed in range(300)]
    used = {(each.tool, one.text) for each in made for rule in each.rules for one in rule}
    with two_nodes.node.inside():
        refused = []
        for tool, text in sorted(used):
            subprocess.run(["nft", "flush", "ruleset"], check=True)
            rule_set = alone(tool, text)
            if refusal(rule_set if version == 4 else replace(rule_set, text=in_6(rule_set.text))):
                refused.append(text)
    assert refused == []


@pytest.mark.parametrize("version", [4, 6])
def test_no_verdict_on_what_is_sent_is_another_than_the_kernels(
    two_nodes: "TwoNodes", version: int
) -> None:
    tally = Tally()
    with_ipv6(two_nodes)
    with two_nodes.node.inside():
        for seed in range(FIRST, FIRST + SETS):
            draw = random.Random(seed)
            (made,) = load(lambda: [drawn(draw, version, SENT_HOOKS, SENT_TABLES)])
            ports = numbered(seed)
            flows = [sent_flow(draw, next(ports)) for _ in range(PACKETS // 3)]
            flows += aimed(made, draw, lambda: sent_flow(draw, next(ports)), PACKETS // 3)
            for flow in flows:
                if flow.source != NODE or flow.protocol is Protocol.ICMP:
                    continue
                if flow.destination == BROADCAST:
                    # A socket has to ask for leave first, and this one does not.
                    continue
                flow = flow if version == 4 else flow_in_6(flow)
                said = explained(flow)
                if is_translated_on_lo(said):
                    # The trace begins anew on lo, where it knows the packet no more.
                    continue
                answer = compare(said, traced(said, flow, lambda: send(flow)))
                tally.add(answer, flow, f"seed {seed}\n{made.text}")
    tally.conclude(MOST_OPEN, "agree: passes", "agree: drops")


def received_flow(draw: random.Random, port: int) -> Flow:
    protocol = draw.choice((Protocol.UDP, Protocol.UDP, Protocol.TCP, Protocol.ICMP))
    return Flow(
        protocol=protocol,
        source=IPv4Address(draw.choice(WIRE)),
        source_port=port,
        destination=IPv4Address(draw.choice((*FAR, str(NODE), str(NODE)))),
        destination_port=port if protocol is Protocol.ICMP else draw.choice(PORTS),
    )


@pytest.mark.parametrize("version", [4, 6])
def test_no_verdict_on_what_comes_in_is_another_than_the_kernels(
    two_nodes: "TwoNodes", version: int
) -> None:
    tally = Tally()
    with_ipv6(two_nodes)
    forwarding(two_nodes.node)
    with two_nodes.node.inside(), LiveFrames() as frames:
        index = interface("up0").index
        for seed in range(FIRST, FIRST + SETS):
            draw = random.Random(seed)
            (made,) = load(lambda: [drawn(draw, version, RECEIVED_HOOKS, RECEIVED_TABLES)])
            devices = ("up0",) if "netdev" in made.text else ()
            ports = numbered(seed)
            flows = [received_flow(draw, next(ports)) for _ in range(PACKETS // 3)]
            flows += aimed(made, draw, lambda: received_flow(draw, next(ports)), PACKETS // 3)
            for flow in flows:
                if flow.source == flow.destination:
                    continue
                flow = flow if version == 4 else flow_in_6(flow)
                said = explained_in(flow, "up0")
                octets = frame(packet(flow), TO_NODE)
                result = traced(said, flow, lambda: frames.receive(octets, index), devices)
                answer = went_on(said, result) or compare(said, result)
                tally.add(answer, flow, f"seed {seed}\n{made.text}")
    tally.conclude(MOST_OPEN, "agree: passes", "agree: drops")
