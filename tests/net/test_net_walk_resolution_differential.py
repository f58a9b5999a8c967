"""Rule sets that ARP or neighbour discovery meets, made at random in both backends.

The kernel's word is whether the next hop gets its MAC, and which rule that drops has counted.
"""

import os
import random
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from edgediag.host.walk.conclusion import Conclusion
from edgediag.host.walk.hook_walk import NEIGHBOUR
from edgediag.host.walk.needs import NeedResolution, Resolved
from edgediag.model.explained import Disposition
from edgediag.model.flow import Flow, Protocol
from edgediag.net.bridges import resolution
from edgediag.net.netlink import NETLINK_ROUTE, NetlinkSocket
from edgediag.net.ways import interface
from net.differential import Tally, explained, send

if TYPE_CHECKING:
    from tests.net.conftest import Node, TwoNodes

pytestmark = [
    pytest.mark.netns,
    pytest.mark.skipif(shutil.which("nft") is None, reason="needs nft to make the rules"),
]

SETS = int(os.environ.get("EDGEDIAG_DIFFERENTIAL_SETS", "6"))
FIRST = int(os.environ.get("EDGEDIAG_DIFFERENTIAL_FIRST", "0"))
MOST_OPEN = 0.1
# A busy machine takes its time; that nothing comes shows at once.
PATIENCE_S, IMPATIENCE_S = 2.0, 0.1
COUNTED = re.compile(r"counter packets (\d+) bytes \d+.*# handle (\d+)")
# Backend, chain, handle or number.
Key = tuple[str, str, int]


@dataclass(frozen=True)
class World:
    """What asks for next hops, and the rules in its way.

    next_hops  each by an address that it is the next hop to
    hooks      of nft, whose rules are of `family`
    conditions, own  of the legacy tool, and those of one chain alone
    numbered   of its listing: the rule's number and what it has counted
    """

    source: str
    next_hops: Mapping[str, str]
    family: str
    hooks: tuple[str, ...]
    nft: tuple[str, ...]
    tool: str
    conditions: tuple[str, ...]
    own: Mapping[str, tuple[str, ...]]
    ends: tuple[str, ...]
    numbered: re.Pattern[str]


ARP = World(
    source="192.0.2.1",
    next_hops={each: each for each in ("192.0.2.2", "192.0.2.3", "192.0.2.4")},
    family="arp",
    hooks=("input", "output"),
    nft=(
        "arp operation request", "arp operation reply", "arp operation { request, rrequest }",
        "arp saddr ip 192.0.2.2", "arp saddr ip 192.0.2.0/30", "arp saddr ip != 192.0.2.1",
        "arp daddr ip 192.0.2.3", "arp daddr ip 192.0.2.1", "arp htype 1", "arp htype 6",
        "arp ptype ip", "arp hlen 6", "arp daddr ether 02:00:00:00:00:01",
        "arp daddr ether 00:00:00:00:00:00", 'iifname "up0"', 'oifname "up*"', "oif lo",
        "arp saddr ip . arp daddr ip { 192.0.2.2 . 192.0.2.1, 192.0.2.1 . 192.0.2.4 }",
        "meta mark 0",
    ),
    tool="arptables-legacy",
    conditions=(
        "--opcode 1", "--opcode 2", "--opcode ! 2", "--opcode 2/3", "-s 192.0.2.2",
        "-s 192.0.2.0/30", "-s ! 192.0.2.1", "-d 192.0.2.3", "-d 192.0.2.1",
        "-d 0.0.0.4/0.0.0.255", "--h-type 1", "--h-type 6", "-l 6", "--proto-type 0x800",
        "--proto-type ! 0x800", "--destination-mac 02:00:00:00:00:01",
        "--destination-mac ! 00:00:00:00:00:00",
        "--destination-mac 02:00:00:00:00:00/ff:ff:00:00:00:00",
    ),
    own={"INPUT": ("-i up0", "-i lo", "-i ! up+"), "OUTPUT": ("-o up0", "-o lo", "-o ! u+")},
    ends=("DROP", "ACCEPT", "RETURN", "own", "", "CLASSIFY --set-class 1:2"),
    numbered=re.compile(r"(?P<number>\d+) -j DROP .*pcnt=(?P<packets>\d+)"),
)  # fmt: skip
DISCOVERY = World(
    source="2001:db8:2::1",
    next_hops={
        "2001:db8:2::2": "2001:db8:2::2",
        "2001:db8:2::1:3": "2001:db8:2::1:3",
        "fe80::2": "2001:db8:9::9",
    },
    family="inet",
    hooks=("prerouting", "input", "output", "postrouting"),
    nft=(
        "icmpv6 type nd-neighbor-solicit", "icmpv6 type nd-neighbor-advert", "icmpv6 code 0",
        "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, echo-request }",
        "icmpv6 type nd-router-advert", "meta l4proto ipv6-icmp", "ip6 nexthdr ipv6-icmp",
        "ip6 hoplimit 255", "ip6 hoplimit != 255", "ip6 daddr ff02::/16",
        "ip6 daddr ff02::1:ff00:0/104", "ip6 daddr ff02::1:ff00:2", "ip6 saddr fe80::/10",
        "ip6 daddr 2001:db8:2::1", "ip6 saddr 2001:db8:2::1", "ct state untracked",
        "ct state invalid", "ct state new", "ct state established,related", "meta nfproto ipv6",
        "meta nfproto ipv4", 'iifname "up0"', 'oifname "up*"', "oif lo", "meta skuid 0",
        "fib daddr type multicast", "udp dport 4500", "meta mark 0", "@th,64,16 0x2001",
    ),
    tool="ip6tables-legacy",
    conditions=(
        "-p ipv6-icmp", "-p ipv6-icmp --icmpv6-type neighbour-solicitation", "! -p ipv6-icmp",
        "-p ipv6-icmp --icmpv6-type neighbour-advertisement", "-p ipv6-icmp --icmpv6-type 128",
        "-p udp", "-m hl --hl-eq 255", "-m hl --hl-lt 255", "-d ff02::/16",
        "-d ff02::1:ff00:0/104", "-s fe80::/10", "-d 2001:db8:2::1", "-s 2001:db8:2::1",
        "! -s 2001:db8:2::/64", "-m conntrack --ctstate UNTRACKED",
        "-m conntrack --ctstate INVALID", "-m state --state NEW",
        "-m conntrack --ctstate ESTABLISHED,RELATED",
    ),
    own={
        "INPUT": ("-i up0", "-i lo", "! -i up+"),
        "OUTPUT": ("-o up0", "-o lo", "! -o u+", "-m owner --uid-owner 0"),
    },
    ends=("DROP", "ACCEPT", "RETURN", "own", "", "MARK --set-mark 1"),
    numbered=re.compile(r"(?P<number>\d+) +(?P<packets>\d+) +\d+ DROP "),
)  # fmt: skip
NFT_ENDS = ("drop", "accept", "return", "jump sub", "goto sub", "", "meta mark set 1")


def nft_rules(world: World, draw: random.Random) -> str:
    """Chains at the hooks, and one they jump to; each rule counts."""
    inner = [end for end in NFT_ENDS if "sub" not in end]
    text = f"table {world.family} t {{\n chain sub {{\n"
    text += "".join(nft_rule(world, draw, inner) for _ in range(3)) + " }\n"
    for place in range(draw.randint(0, 3)):
        hook, priority = draw.choice(world.hooks), draw.choice((-250, -50, 0, 20)) + place
        policy = draw.choice(("accept",) * 6 + ("drop",))
        text += (
            f" chain c{place} {{ type filter hook {hook} priority {priority}; policy {policy};\n"
        )
        rules = (nft_rule(world, draw, NFT_ENDS) for _ in range(draw.randint(1, 4)))
        text += "".join(rules) + " }\n"
    return text + "}\n"


def nft_rule(world: World, draw: random.Random, ends: Sequence[str]) -> str:
    conditions = " ".join(draw.sample(world.nft, draw.randint(0, 2)))
    return f"  {conditions} counter {draw.choice(ends)}\n"


def legacy_rules(world: World, draw: random.Random) -> Iterator[str]:
    """Commands of the legacy tool that fill its table "filter"."""
    yield "-N own"
    for _ in range(draw.randint(0, 5)):
        chain = draw.choice(("INPUT", "OUTPUT"))
        known = (*world.conditions, *world.own[chain])
        conditions = " ".join(draw.sample(known, draw.randint(0, 2)))
        yield f"-A {chain} {conditions} {ending(draw, world.ends)}"
    for _ in range(2):
        yield f"-A own {draw.choice(world.conditions)} {ending(draw, ('DROP', 'ACCEPT', ''))}"
    if draw.random() < 0.15:
        yield f"-P {draw.choice(('INPUT', 'OUTPUT'))} DROP"


def ending(draw: random.Random, ends: Sequence[str]) -> str:
    end = draw.choice(ends)
    return f"-j {end}" if end else ""


def ran(argv: Sequence[str], text: str = "") -> bool:
    """Whether a command did what it was told; one that contradicts itself is refused."""
    done = subprocess.run(argv, input=text, text=True, stderr=subprocess.DEVNULL)
    return done.returncode == 0


def load(world: World, draw: random.Random) -> str:
    """Fresh rules in both backends; those that a tool refuses are left out."""
    ran(("nft", "flush", "ruleset"))
    for words in ("-F", "-X", "-P INPUT ACCEPT", "-P OUTPUT ACCEPT"):
        ran((world.tool, *words.split()))
    text = nft_rules(world, draw)
    while not ran(("nft", "-f", "-"), text):
        text = nft_rules(world, draw)
    lines = [line for line in legacy_rules(world, draw) if ran((world.tool, *line.split()))]
    return text + "\n".join(lines)


def counted(world: World) -> dict[Key, int]:
    """What each rule that drops has counted, by its chain and its handle or number."""
    found: dict[Key, int] = {}
    chain = ""
    for line in said("nft", "-a", "list", "ruleset"):
        if line.strip().startswith("chain "):
            chain = line.split()[1]
        counter = COUNTED.search(line)
        if counter and " drop " in line:
            found["nft", chain, int(counter[2])] = int(counter[1])
    for line in said(world.tool, "-n", "-v", "-x", "--line-numbers", "-L"):
        if line.startswith("Chain "):
            chain = line.split()[1]
        rule = world.numbered.match(line)
        if rule:
            found["legacy", chain, int(rule["number"])] = int(rule["packets"])
    return found


def said(*argv: str) -> list[str]:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()


def is_resolved(next_hop: str, within_s: float) -> bool:
    need = NeedResolution(
        device=interface("up0"), neighbour=ip_address(next_hop), source=None
    )
    deadline_s = time.monotonic() + within_s
    with NetlinkSocket(NETLINK_ROUTE) as routing:
        while time.monotonic() < deadline_s:
            if isinstance(resolution(routing, need), Resolved):
                return True
            time.sleep(0.005)
    return False


def compare(conclusion: Conclusion, *, has_mac: bool, by: set[Key]) -> str:
    """"agree", what it hangs on, or how the walk differs from the kernel.

    by  the rules that drop and counted: what the kernel says of itself may be among it
    """
    if conclusion.disposition is Disposition.UNDETERMINED:
        return f"unknown: {conclusion.hangs_on[0]}"
    named = {
        (step.chain.backend.value, step.chain.chain, step.rule.handle or step.number)
        for step in conclusion.deciders
        if step.chain is not None and step.rule is not None
    }
    is_policy = any(step.rule is None for step in conclusion.deciders)
    passes = conclusion.disposition is Disposition.PASSES
    if passes is not has_mac or not (passes or by & named or is_policy):
        return f"DIFFERS {conclusion.disposition} {named} {has_mac} {by}"
    if passes:
        return "agree: passes"
    is_asked = all(
        any(step.hook == NEIGHBOUR for step in course.steps) for course in conclusion.courses
    )
    return "agree: drops" if is_asked else "agree: drops the packet itself"


def peered(world: World, node: "Node", peer: "Node") -> None:
    """Next hops that answer to their addresses, and ask and say nothing by themselves."""
    version = f"-{ip_address(world.source).version}"
    if version == "-6":
        node.run(
            "ip address add 2001:db8:2::1/64 dev up0 nodad",
            "ip address add fe80::1/64 dev up0 nodad",
            "ip route add 2001:db8:9::/64 via fe80::2 dev up0",
        )
    length = {"-4": 24, "-6": 64}[version]
    mac = "lladdr 02:00:00:00:00:01 dev down0 nud permanent"
    others = (each for each in world.next_hops if each != "192.0.2.2")
    words = "nodad" if version == "-6" else ""
    peer.run(
        *(f"ip address add {each}/{length} dev down0 {words}" for each in others),
        *(f"ip neighbour replace {each} {mac}" for each in (world.source, "fe80::1")),
        "nft add table inet quiet",
        "nft add chain inet quiet input { type filter hook input priority 0 ; }",
        "nft add rule inet quiet input meta l4proto udp drop",
    )


@pytest.mark.parametrize(
    "world", [pytest.param(ARP, id="arp"), pytest.param(DISCOVERY, id="neighbour discovery")]
)
def test_no_verdict_on_a_next_hop_is_another_than_the_kernels(
    two_nodes: "TwoNodes", world: World
) -> None:
    if shutil.which(world.tool) is None:
        pytest.skip(f"needs {world.tool}")
    tally = Tally()
    peered(world, two_nodes.node, two_nodes.peer)
    with two_nodes.node.inside():
        ports = iter(range(20000, 65536))
        for seed in range(FIRST, FIRST + SETS):
            draw = random.Random(seed)
            text = load(world, draw)
            for next_hop, destination in world.next_hops.items():
                ran(("ip", "neighbour", "flush", "dev", "up0"))
                flow = Flow(
                    protocol=Protocol.UDP,
                    source=ip_address(world.source),
                    source_port=next(ports),
                    destination=ip_address(destination),
                    destination_port=4500,
                )
                conclusion, before = explained(flow), counted(world)
                send(flow)
                passes = conclusion.disposition is Disposition.PASSES
                has_mac = is_resolved(next_hop, PATIENCE_S if passes else IMPATIENCE_S)
                now = counted(world)
                by = {key for key, count in now.items() if count > before.get(key, 0)}
                answer = compare(conclusion, has_mac=has_mac, by=by)
                tally.add(answer, flow, f"seed {seed}\n{text}")
    tally.conclude(MOST_OPEN, "agree: passes", "agree: drops")
