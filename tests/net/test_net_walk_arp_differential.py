"""Rule sets of ARP made at random, in both backends: the walk and the kernel name the same end.

The kernel's word is whether the next hop gets its MAC, and which rule that drops has counted.
"""

import os
import random
import re
import shutil
import subprocess
import time
from collections.abc import Sequence
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

import pytest

from edgediag.host.walk.conclusion import Conclusion
from edgediag.host.walk.needs import NeedResolution, Resolved
from edgediag.model.explained import Disposition
from edgediag.model.flow import Flow, Protocol
from edgediag.net.bridges import resolution
from edgediag.net.netlink import NETLINK_ROUTE, NetlinkSocket
from edgediag.net.ways import interface
from net.differential import Tally, explained, send

if TYPE_CHECKING:
    from tests.net.conftest import TwoNodes

pytestmark = [
    pytest.mark.netns,
    pytest.mark.skipif(shutil.which("nft") is None, reason="needs nft to make the rules"),
    pytest.mark.skipif(shutil.which("arptables-legacy") is None, reason="needs arptables-legacy"),
]

SETS = int(os.environ.get("EDGEDIAG_DIFFERENTIAL_SETS", "6"))
FIRST = int(os.environ.get("EDGEDIAG_DIFFERENTIAL_FIRST", "0"))
NEXT_HOPS = ("192.0.2.2", "192.0.2.3", "192.0.2.4")
MOST_OPEN = 0.05
DEADLINE_S = 0.1

NFT = (
    "arp operation request", "arp operation reply", "arp operation { request, rrequest }",
    "arp saddr ip 192.0.2.2", "arp saddr ip 192.0.2.0/30", "arp saddr ip != 192.0.2.1",
    "arp daddr ip 192.0.2.3", "arp daddr ip 192.0.2.1", "arp htype 1", "arp htype 6",
    "arp ptype ip", "arp hlen 6", "arp daddr ether 02:00:00:00:00:01",
    "arp daddr ether 00:00:00:00:00:00", 'iifname "up0"', 'oifname "up*"', "oif lo",
    "arp saddr ip . arp daddr ip { 192.0.2.2 . 192.0.2.1, 192.0.2.1 . 192.0.2.4 }",
    "meta mark 0",
)  # fmt: skip
NFT_ENDS = ("drop", "accept", "return", "jump sub", "goto sub", "", "meta mark set 1")
LEGACY = (
    "--opcode 1", "--opcode 2", "--opcode ! 2", "--opcode 2/3", "-s 192.0.2.2",
    "-s 192.0.2.0/30", "-s ! 192.0.2.1", "-d 192.0.2.3", "-d 192.0.2.1", "-d 0.0.0.4/0.0.0.255",
    "--h-type 1", "--h-type 6", "-l 6", "--proto-type 0x800", "--proto-type ! 0x800",
    "--destination-mac 02:00:00:00:00:01", "--destination-mac ! 00:00:00:00:00:00",
    "--destination-mac 02:00:00:00:00:00/ff:ff:00:00:00:00",
)  # fmt: skip
LEGACY_OF = {"INPUT": ("-i up0", "-i lo", "-i ! up+"), "OUTPUT": ("-o up0", "-o lo", "-o ! u+")}
LEGACY_ENDS = ("DROP", "ACCEPT", "RETURN", "own", "", "CLASSIFY --set-class 1:2")
COUNTED = re.compile(r"counter packets (\d+) bytes \d+.*# handle (\d+)")
# Chain, handle or number, and of nft and arptables each apart.
Key = tuple[str, str, int]


def nft_rules(draw: random.Random) -> str:
    """Chains of family arp at both hooks, and one they jump to; each rule counts."""
    text = "table arp t {\n chain sub {\n"
    text += "".join(nft_rule(draw, [e for e in NFT_ENDS if "sub" not in e]) for _ in range(3))
    text += " }\n"
    for place in range(draw.randint(0, 3)):
        hook, priority = draw.choice(("input", "output")), draw.choice((-50, 0, 20)) + place
        policy = draw.choice(("accept",) * 6 + ("drop",))
        text += (
            f" chain c{place} {{ type filter hook {hook} priority {priority}; policy {policy};\n"
        )
        text += "".join(nft_rule(draw, NFT_ENDS) for _ in range(draw.randint(1, 4))) + " }\n"
    return text + "}\n"


def nft_rule(draw: random.Random, ends: Sequence[str]) -> str:
    conditions = " ".join(draw.sample(NFT, draw.randint(0, 2)))
    return f"  {conditions} counter {draw.choice(ends)}\n"


def legacy_rules(draw: random.Random) -> list[str]:
    """Commands of arptables that fill its one table."""
    lines = ["-N own"]
    for _ in range(draw.randint(0, 5)):
        chain = draw.choice(("INPUT", "OUTPUT"))
        conditions = " ".join(draw.sample((*LEGACY, *LEGACY_OF[chain]), draw.randint(0, 2)))
        lines.append(f"-A {chain} {conditions} {ending(draw, LEGACY_ENDS)}")
    for _ in range(2):
        lines.append(f"-A own {draw.choice(LEGACY)} {ending(draw, ('DROP', 'ACCEPT', ''))}")
    if draw.random() < 0.15:
        lines.append(f"-P {draw.choice(('INPUT', 'OUTPUT'))} DROP")
    return lines


def ending(draw: random.Random, ends: Sequence[str]) -> str:
    end = draw.choice(ends)
    return f"-j {end}" if end else ""


def ran(argv: Sequence[str], text: str = "") -> bool:
    """Whether a command did what it was told; one that contradicts itself is refused."""
    done = subprocess.run(argv, input=text, text=True, stderr=subprocess.DEVNULL)
    return done.returncode == 0


def load(draw: random.Random) -> str:
    """Fresh rules in both backends; those that a tool refuses are left out."""
    ran(("nft", "flush", "ruleset"))
    for words in ("-F", "-X", "-P INPUT ACCEPT", "-P OUTPUT ACCEPT"):
        ran(("arptables-legacy", *words.split()))
    text = nft_rules(draw)
    while not ran(("nft", "-f", "-"), text):
        text = nft_rules(draw)
    lines = [
        line for line in legacy_rules(draw) if ran(("arptables-legacy", *line.split()))
    ]
    return text + "\n".join(lines)


def counted() -> dict[Key, int]:
    """What each rule that drops has counted, by its chain and its handle or number."""
    found: dict[Key, int] = {}
    chain = ""
    for line in said("nft", "-a", "list", "ruleset"):
        if line.strip().startswith("chain "):
            chain = line.split()[1]
        counter = COUNTED.search(line)
        if counter and " drop " in line:
            found["nft", chain, int(counter[2])] = int(counter[1])
    for line in said("arptables-legacy", "-nvL", "--line-numbers"):
        words = line.split()
        if line.startswith("Chain "):
            chain = words[1]
        elif words and "-j DROP" in line:
            found["legacy", chain, int(words[0])] = int(line.partition("pcnt=")[2].split()[0])
    return found


def said(*argv: str) -> list[str]:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()


def is_resolved(next_hop: str) -> bool:
    need = NeedResolution(device=interface("up0"), neighbour=IPv4Address(next_hop))
    deadline_s = time.monotonic() + DEADLINE_S
    with NetlinkSocket(NETLINK_ROUTE) as routing:
        while time.monotonic() < deadline_s:
            if isinstance(resolution(routing, need), Resolved):
                return True
            time.sleep(0.005)
    return False


def compare(conclusion: Conclusion, *, has_mac: bool, by: set[Key]) -> str:
    """"agree", what it hangs on, or how the walk differs from the kernel."""
    if conclusion.disposition is Disposition.UNDETERMINED:
        return f"unknown: {conclusion.hangs_on[0]}"
    named = {
        (step.chain.backend.value, step.chain.chain, step.rule.handle or step.number)
        for step in conclusion.deciders
        if step.chain is not None and step.rule is not None
    }
    is_policy = any(step.rule is None for step in conclusion.deciders)
    passes = conclusion.disposition is Disposition.PASSES
    if passes is not has_mac or not by <= named or not (passes or by or is_policy):
        return f"DIFFERS {conclusion.disposition} {named} {has_mac} {by}"
    return "agree: passes" if passes else "agree: drops"


def test_no_verdict_on_arp_is_another_than_the_kernels(two_nodes: "TwoNodes") -> None:
    tally = Tally()
    # What it asks by itself would be counted as well.
    known = "ip neighbour replace 192.0.2.1 lladdr 02:00:00:00:00:01 dev down0 nud permanent"
    two_nodes.peer.run(known, *(f"ip address add {each}/24 dev down0" for each in NEXT_HOPS[1:]))
    with two_nodes.node.inside():
        for seed in range(FIRST, FIRST + SETS):
            draw = random.Random(seed)
            text = load(draw)
            for next_hop in NEXT_HOPS:
                ran(("ip", "neighbour", "flush", "dev", "up0"))
                flow = Flow(
                    protocol=Protocol.UDP,
                    source=IPv4Address("192.0.2.1"),
                    source_port=4499,
                    destination=IPv4Address(next_hop),
                    destination_port=4500,
                )
                conclusion, before = explained(flow), counted()
                send(flow)
                has_mac = is_resolved(next_hop)
                by = {key for key, count in counted().items() if count > before.get(key, 0)}
                answer = compare(conclusion, has_mac=has_mac, by=by)
                tally.add(answer, flow, f"seed {seed}\n{text}")
    tally.conclude(MOST_OPEN, "agree: passes", "agree: drops")
