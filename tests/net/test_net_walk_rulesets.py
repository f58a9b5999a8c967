"""Rule sets as other programs write them: the walk and the kernel's own trace name the same end.

Those of the files beside this test, and those that the scenarios put on the edge node. What
iptables-legacy would hold is loaded by iptables-nft, whose rules the kernel traces.
"""

import os
import random
import re
import shutil
import subprocess
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edgediag.lab import scenario
from edgediag.lab.kube_proxy import restore_text
from edgediag.lab.steps import CommandStep, KubeProxyStep, NftStep, Step
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
    packet,
    send,
    traced,
    went_on,
)
from net.live_frames import LiveFrames

if TYPE_CHECKING:
    from tests.net.conftest import TwoNodes

pytestmark = [
    pytest.mark.netns,
    pytest.mark.skipif(
        not all(map(shutil.which, ("nft", "iptables-nft", "ipset"))),
        reason="needs nft, iptables-nft and ipset to make the rules",
    ),
]

FILES = Path(__file__).parent.parent / "rulesets"
TOOLS = {".nft": ("nft", "-f", "-"), ".iptables": ("iptables-nft-restore",)}
PACKETS = int(os.environ.get("EDGEDIAG_DIFFERENTIAL_PACKETS", "8"))
# One packet of sixteen meets a limit, of which nobody knows how far it is spent.
MOST_OPEN = 0.07
ADDRESS = re.compile(r"(?<![\d.])(\d{1,3}(?:\.\d{1,3}){3})(?:/(\d+))?(?![\d.])")
PORT = re.compile(r"(?:dport|dports|--dport|--dports) [{ ]*([\d, :-]+)")
Written = tuple[tuple[str, ...], str]


def of_files() -> Iterator[tuple[str, Written]]:
    for path in sorted(FILES.iterdir()):
        if path.suffix in TOOLS:
            yield path.name, (TOOLS[path.suffix], path.read_text())


def of_scenarios() -> Iterator[tuple[str, Written]]:
    for name in scenario.names():
        for number, step in enumerate(scenario.load(name).inject):
            written = written_by(step)
            if written is not None and step.node == "edge":
                yield f"{name}-{number}", (written[0], written[1].replace("eth0", "up0"))


def written_by(step: Step) -> Written | None:
    match step:
        case NftStep():
            return TOOLS[".nft"], step.script
        case CommandStep(argv=(program, *_)) if program.startswith("iptables-") and step.text:
            return TOOLS[".iptables"], step.text
        case KubeProxyStep():
            return TOOLS[".iptables"], restore_text(50)
        case _:
            return None


RULE_SETS = dict((*of_files(), *of_scenarios()))


def flows(text: str, draw: random.Random) -> Iterator[Flow]:
    """Flows between addresses and to ports that the rules speak of, and others."""
    found = [IPv4Address(int(IPv4Address(address)) | 1) for address, _ in ADDRESS.findall(text)]
    named = [each for each in found if not (each.is_multicast or each.is_loopback or each == NODE)]
    ports = [int(port) for group in PORT.findall(text) for port in re.findall(r"\d+", group)]
    for number in range(PACKETS):
        protocol = draw.choice((Protocol.UDP, Protocol.TCP))
        yield Flow(
            protocol=protocol,
            source=NODE,
            source_port=42000 + number,
            destination=draw.choice((*named, *map(IPv4Address, FAR))),
            destination_port=min(0xFFFF, draw.choice((*ports, 53, 4500, 6443))),
        )


@pytest.mark.parametrize("name", RULE_SETS)
def test_a_rule_set_of_another_program_is_walked_as_the_kernel_walks_it(
    two_nodes: "TwoNodes", name: str
) -> None:
    tool, text = RULE_SETS[name]
    draw = random.Random(name)
    forwarding(two_nodes.node)
    tally = Tally()
    with two_nodes.node.inside(), LiveFrames() as frames:
        sets = (FILES / name).with_suffix(".ipset")
        if sets.is_file():
            subprocess.run(["ipset", "restore"], input=sets.read_text(), text=True, check=True)
        subprocess.run(tool, input=text, text=True, check=True)
        index = interface("up0").index
        for flow in flows(text, draw):
            said = explained(flow)
            if not is_translated_on_lo(said):
                answer = compare(said, traced(said, flow, lambda: send(flow)))
                tally.add(answer, flow, text)
            coming = Flow(
                protocol=flow.protocol,
                source=IPv4Address(draw.choice(WIRE)),
                source_port=flow.source_port,
                destination=draw.choice((NODE, flow.destination)),
                destination_port=flow.destination_port,
            )
            said = explained_in(coming, "up0")
            octets = frame(packet(coming), TO_NODE)
            result = traced(said, coming, lambda: frames.receive(octets, index))
            tally.add(went_on(said, result) or compare(said, result), coming, text)
    tally.conclude(MOST_OPEN)
