"""Rule sets of family bridge made at random: the walk and the kernel's trace name the same end."""

import os
import random
import shutil
import subprocess
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edgediag.model.flow import Flow, Protocol
from edgediag.wire.headers import frame
from net.bridged import (
    MACS,
    OWN,
    PORTS,
    SENDER,
    FrameTrace,
    bridged,
    differs,
    explained_by_port,
    frame_rules,
    hop,
    index,
    mark_ends,
    numbered,
)
from net.differential import Tally, explained, load, packet, send
from net.live_frames import LiveFrames
from net.rule_sets import RECEIVED_HOOKS, RuleSet, aimed, native

if TYPE_CHECKING:
    from tests.net.conftest import TwoNodes

pytestmark = [
    pytest.mark.netns,
    pytest.mark.skipif(shutil.which("nft") is None, reason="needs nft to make the rules"),
]

SETS = int(os.environ.get("EDGEDIAG_DIFFERENTIAL_SETS", "6"))
FIRST = int(os.environ.get("EDGEDIAG_DIFFERENTIAL_FIRST", "0"))
PACKETS = 18
MOST_OPEN = 0.02
# Rules of IP also ask for what no walk knows, such as the hop limit.
MOST_OPEN_OF_IP = 0.08
ASKS_IP = Path("/proc/sys/net/bridge/bridge-nf-call-iptables")
# Those of IP that br_netfilter asks; what INPUT says comes behind the end of the trace.
ASKED_HOOKS = tuple(each for each in RECEIVED_HOOKS if each[0] != "input")
NEIGHBOURS = ("203.0.113.2", "203.0.113.3")


def drawn_flow(draw: random.Random, port: int, source: IPv4Address, to: tuple[str, ...]) -> Flow:
    return Flow(
        protocol=draw.choice((Protocol.UDP, Protocol.UDP, Protocol.TCP)),
        source=source,
        source_port=port,
        destination=IPv4Address(draw.choice(to)),
        destination_port=draw.choice(PORTS),
    )


def test_no_verdict_on_what_is_sent_by_a_bridge_is_another_than_the_kernels(
    two_nodes: "TwoNodes",
) -> None:
    tally = Tally()
    bridged(two_nodes.node)
    with two_nodes.node.inside(), FrameTrace() as trace:
        for seed in range(FIRST, FIRST + SETS):
            draw = random.Random(seed)
            (made,) = load(lambda: [frame_rules(draw, ("output", "postrouting"))])
            mark_ends()
            ports = numbered(seed, PACKETS)
            flows = [drawn_flow(draw, next(ports), OWN, NEIGHBOURS) for _ in range(PACKETS // 3)]
            flows += aimed(
                made, draw, lambda: drawn_flow(draw, next(ports), OWN, NEIGHBOURS), PACKETS // 3
            )
            for flow in flows:
                if str(flow.destination) not in NEIGHBOURS:
                    continue
                said = explained(flow)
                send(flow)
                answer = differs(said, trace.end_of(flow), "sent")
                tally.add(answer, flow, f"seed {seed}\n{made.text}")
    tally.conclude(MOST_OPEN, "agree: passes", "agree: drops")


def received_sets(draw: random.Random, is_asking_ip: bool) -> list[RuleSet]:
    hooks = ("prerouting", "prerouting", "input", "forward", "postrouting")
    made = [frame_rules(draw, hooks)]
    return [*made, native(draw, ASKED_HOOKS)] if is_asking_ip else made


@pytest.mark.parametrize(
    "is_asking_ip",
    [
        pytest.param(False, id="the bridge alone"),
        pytest.param(True, id="br_netfilter asks the rules of IP"),
    ],
)
def test_no_verdict_on_what_comes_by_a_port_is_another_than_the_kernels(
    two_nodes: "TwoNodes", is_asking_ip: bool
) -> None:
    if is_asking_ip and not ASKS_IP.exists():
        pytest.skip("this kernel has no br_netfilter")
    tally = Tally()
    bridged(two_nodes.node)
    with two_nodes.node.inside(), FrameTrace() as trace, LiveFrames() as frames:
        if ASKS_IP.exists():
            subprocess.run(
                ["sysctl", "-q", f"net.bridge.bridge-nf-call-iptables={int(is_asking_ip)}"],
                check=True,
            )
        for seed in range(FIRST, FIRST + SETS):
            draw = random.Random(seed)
            made = load(lambda: received_sets(draw, is_asking_ip))
            mark_ends()
            ports = numbered(seed, PACKETS)
            to = (*NEIGHBOURS, str(OWN), str(OWN))
            flows = [drawn_flow(draw, next(ports), SENDER, to) for _ in range(PACKETS // 3)]
            flows += aimed(
                made[0], draw, lambda: drawn_flow(draw, next(ports), SENDER, to), PACKETS // 3
            )
            for flow in flows:
                if flow.source != SENDER or str(flow.destination) not in to:
                    continue
                mac = MACS[IPv4Address(str(flow.destination))]
                said = explained_by_port(flow, "p1", mac)
                frames.receive(frame(packet(flow), hop("p1", mac)), index("p1"))
                origin = f"seed {seed}\n" + "".join(each.text for each in made)
                last = "input" if flow.destination == OWN else "sent"
                tally.add(differs(said, trace.end_of(flow), last), flow, origin)
    tally.conclude(MOST_OPEN_OF_IP if is_asking_ip else MOST_OPEN, "agree: passes", "agree: drops")
