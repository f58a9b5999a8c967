"""Rule sets of iptables-legacy made at random: the walk and the kernel's counters name one rule.

The kernel has no trace of iptables-legacy that a socket can read. What it says is what each rule
and policy counted for the one packet, as iptables-legacy-save prints it, and whether the packet
came to the trace's own chain at the end of POSTROUTING or INPUT. Half of the sets have chains of
nf_tables before, between, beside and behind the legacy ones.
"""

import os
import random
import re
import shutil
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from itertools import chain as chained
from typing import TYPE_CHECKING, Final

import pytest

from edgediag.host.netfilter.chains import Backend
from edgediag.host.netfilter.register import NO_NAMES, Names
from edgediag.host.walk.chain_walk import MARKS, Step
from edgediag.host.walk.conclusion import Conclusion
from edgediag.host.walk.culprit import step_culprit
from edgediag.host.walk.inbound import SOCKET
from edgediag.host.walk.parcel import CtState, Sender, parcel_in, parcel_of
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import ChainPolicy, IptablesRule, NftRule
from edgediag.model.drops import TraceDropped, TracePassed, TraceResult
from edgediag.model.explained import Disposition
from edgediag.model.flow import Flow, Protocol
from edgediag.net.nftrace import open_tracer
from edgediag.net.walk_answers import walk_inbound, walk_outbound
from edgediag.net.ways import interface
from net.differential import (
    DEADLINE_S,
    FAR,
    LISTEN_S,
    NODE,
    Tally,
    load,
    refusal,
    send,
    walked,
)
from net.rule_sets import RuleSet

if TYPE_CHECKING:
    from tests.net.conftest import TwoNodes

pytestmark = [
    pytest.mark.netns,
    pytest.mark.skipif(
        shutil.which("nft") is None or shutil.which("iptables-legacy") is None,
        reason="needs nft and iptables-legacy to make the rules",
    ),
]

SETS = int(os.environ.get("EDGEDIAG_DIFFERENTIAL_SETS", "20"))
FIRST = int(os.environ.get("EDGEDIAG_DIFFERENTIAL_FIRST", "0"))
PACKETS = 12
PORTS = (53, 123, 500, 4500, 6443)
# Those that meet a rule of chance, or chains of one priority whose order the kernel does not tell.
# Of 600 sets 2.2 % were open, two thirds of that by rules of chance, which nobody can foretell.
MOST_OPEN = 0.025


@dataclass(frozen=True)
class Direction:
    """Packets of one direction and the chains that they meet.

    hooks    of each legacy table; what is counted in others is another packet's
    native   hooks of nf_tables
    further  conditions of this direction, and `narrow` one that no packet fulfils
    nat      the chain of destination translation, to the `targets`
    far      addresses of the other end
    """

    hooks: Mapping[str, tuple[str, ...]]
    native: tuple[str, ...]
    further: tuple[str, ...]
    narrow: str
    nat: str
    targets: tuple[str, ...]
    far: tuple[str, ...]

    @property
    def counted(self) -> frozenset[str]:
        """The chains that count: an answer to the packet is met in the others."""
        return frozenset({*chained.from_iterable(self.hooks.values()), self.nat, "SUB", "DEEP"})


SENT: Final = Direction(
    hooks={
        "raw": ("OUTPUT",),
        "mangle": ("OUTPUT", "POSTROUTING"),
        "filter": ("OUTPUT",),
        "security": ("OUTPUT",),
    },
    native=("output", "output", "postrouting"),
    further=("-o up0", "-o up+", "! -o u+", "-o lo", "-m owner --uid-owner 0"),
    narrow="! -o up+",
    nat="OUTPUT",
    targets=("198.51.100.2", "192.0.2.2:4500", "203.0.113.9"),
    far=FAR,
)
RECEIVED: Final = Direction(
    hooks={
        "raw": ("PREROUTING",),
        "mangle": ("PREROUTING", "INPUT", "FORWARD"),
        "filter": ("INPUT", "FORWARD"),
        "security": ("INPUT", "FORWARD"),
    },
    native=("prerouting", "input", "forward"),
    further=("-i up0", "-i up+", "! -i u+", "-i lo"),
    narrow="! -i up+",
    nat="PREROUTING",
    targets=("192.0.2.1", "192.0.2.1:53", "203.0.113.9"),
    far=("192.0.2.2", "198.51.100.2"),
)
CONDITIONS = (
    "-s 192.0.2.1",
    "! -s 192.0.2.0/255.255.0.255",
    "-d 198.51.100.0/255.255.255.253",
    "! -d 192.0.2.2",
    "-d 203.0.113.0/24,192.0.2.2",
    "-p udp",
    "! -p udp",
    "-p 132",
    "-f",
    "! -f",
    "-p udp -m multiport --dports 500,4000:5000",
    "-p tcp -m tcp --syn",
    "-p tcp --dport 6443",
    "-p udp ! --dport 53",
    "-m conntrack --ctstate NEW",
    "-m conntrack --ctstate RELATED,ESTABLISHED",
    "-m addrtype ! --dst-type LOCAL",
    "-m mark --mark 0x1/0x3",
    "-m iprange --dst-range 203.0.113.1-203.0.113.99",
    "-m comment --comment c",
    "-m statistic --mode random --probability 0.5",
)
# What drops is for few packets: else hardly one would come to the end of POSTROUTING.
NARROW: Final = (
    "-d 198.51.100.0/255.255.255.253 -p udp --dport 500:4500",
    "! -s 192.0.2.0/255.255.0.255",
    "-f",
    "-p tcp -m tcp --dport 6443 -m mark ! --mark 0x1/0x3",
    "-p udp -m multiport --dports 53,123 -m iprange --dst-range 203.0.113.1-203.0.113.99",
    "-m conntrack --ctstate INVALID",
    "-m mark --mark 0x1/0x1",
    "-p udp ! --dport 500:9999 -m statistic --mode random --probability 0.5",
)
ENDS: Final = {
    "raw": ("-j DROP", "-j ACCEPT", "-j RETURN", "-j SUB", "-g SUB", "-j SUB", "-g SUB", ""),
    "mangle": (
        "-j DROP", "-j ACCEPT", "-j SUB", "-g SUB", "-j RETURN", "-j MARK --set-xmark 0x1/0x1", "",
    ),
    "filter": (
        "-j DROP", "-j ACCEPT", "-j RETURN", "-j SUB", "-g SUB", "-j REJECT", "-j SUB", "",
    ),
    "security": ("-j DROP", "-j RETURN", "-j SUB", "-j ACCEPT", ""),
}
NFT_CONDITIONS = (
    "ip daddr 198.51.100.0/24",
    "udp dport { 500, 4500 }",
    "tcp dport 6443",
    "ct state new",
    "ct state invalid",
    "meta mark & 0x1 == 0x1",
    "oifname \"up0\"",
)
NFT_ENDS = ("drop", "accept", "return", "reject", "meta mark set meta mark | 0x1", "counter")
# The kernel's own priorities of the legacy tables, and places between them.
PRIORITIES = (-310, -300, -150, -100, 0, 10, 50, 60)
Counts = dict[tuple[str, str, int], int]
Traced = TraceDropped | bool


def legacy(draw: random.Random, way: Direction) -> str:
    """Some of the tables, each with two chains of the user's own, one inside the other."""
    lines: list[str] = []
    for table in draw.sample(sorted(ENDS), draw.randint(1, 3)):
        built_in = way.hooks[table]
        policy = draw.choice(("ACCEPT",) * 5 + ("DROP",))
        lines += [f"*{table}", *(f":{chain} {policy} [0:0]" for chain in built_in)]
        lines += [":SUB - [0:0]", ":DEEP - [0:0]"]
        plain = tuple(end for end in ENDS[table] if "SUB" not in end)
        ends = {"DEEP": plain, "SUB": (*plain, "-j DEEP", "-g DEEP")}
        for chain in ("DEEP", "SUB", *built_in):
            for _ in range(draw.randint(1, 4)):
                choices = ends.get(chain, ENDS[table])
                if chain == "POSTROUTING":
                    choices = tuple(end for end in choices if "REJECT" not in end)
                end = draw.choice(choices)
                wide, narrow = (*CONDITIONS, *way.further), (*NARROW, way.narrow)
                conditions = drawn_condition(draw, narrow if "DROP" in end else wide)
                lines.append(f"-A {chain} {conditions} {end}".rstrip())
        lines.append("COMMIT")
    lines += ["*nat", f":{way.nat} ACCEPT [0:0]", ":POSTROUTING ACCEPT [0:0]"]
    for _ in range(draw.choice((0, 0, 1, 2))):
        to = draw.choice(way.targets)
        protocol = draw.choice(("udp", "tcp"))
        lines.append(f"-A {way.nat} -p {protocol} --dport 400:7000 -j DNAT --to-destination {to}")
    if way is SENT:
        # The trace knows a packet again by one of its ends: both changed would be too much.
        lines += ["-A POSTROUTING -o up0 -j MASQUERADE"] * draw.choice((0, 0, 1))
    lines.append("COMMIT")
    return "\n".join(lines) + "\n"


def drawn_condition(draw: random.Random, choices: tuple[str, ...]) -> str:
    """One of the conditions; of chance, which no evaluation can know, seldom."""
    chosen = draw.choice(choices)
    return draw.choice(choices) if "-m statistic" in chosen and draw.random() < 0.5 else chosen


def native(draw: random.Random, way: Direction) -> str:
    """Up to three chains at the hooks that the legacy tables have, often at the same priority."""
    chains = []
    for number in range(draw.choice((0, 0, 1, 2, 3))):
        hook, policy = draw.choice(way.native), draw.choice(("accept",) * 3 + ("drop",))
        ends = tuple(end for end in NFT_ENDS if end != "reject" or hook != "prerouting")
        rules = "".join(
            f"  {draw.choice(NFT_CONDITIONS)} {draw.choice(ends)}\n"
            for _ in range(draw.randint(0, 3))
        )
        chains.append(
            f" chain c{number} {{\n  type filter hook {hook} priority {draw.choice(PRIORITIES)};"
            f" policy {policy};\n{rules} }}\n"
        )
    return f"table inet t {{\n{''.join(chains)}}}\n"


def drawn(draw: random.Random, way: Direction) -> tuple[RuleSet, ...]:
    """Empty tables, and then what is in them."""
    empty = "".join(f"*{table}\nCOMMIT\n" for table in (*ENDS, "nat"))
    return (
        RuleSet(("iptables-legacy-restore",), empty, ()),
        RuleSet(("iptables-legacy-restore",), legacy(draw, way), ()),
        RuleSet(("nft", "-f", "-"), native(draw, way), ()),
    )


def counts(way: Direction) -> Counts:
    """Packets by table, chain and number; number 0 for a policy."""
    saved = subprocess.run(
        ["iptables-legacy-save", "-c"], check=True, capture_output=True, text=True
    ).stdout
    found: Counts = {}
    table, numbers = "", Counter[str]()
    for line in saved.splitlines():
        if line.startswith("*"):
            table, numbers = line[1:], Counter()
        elif policy := re.match(r":(\S+) \S+ \[(\d+):", line):
            found[table, policy[1], 0] = int(policy[2])
        elif rule := re.match(r"\[(\d+):\d+\] -A (\S+)", line):
            numbers[rule[2]] += 1
            found[table, rule[2], numbers[rule[2]]] = int(rule[1])
    return {key: packets for key, packets in found.items() if key[1] in way.counted}


def made_flow(draw: random.Random, way: Direction, source_port: int) -> Flow:
    far = IPv4Address(draw.choice(way.far))
    flow = Flow(
        protocol=draw.choice((Protocol.UDP, Protocol.UDP, Protocol.TCP)),
        source=NODE,
        source_port=source_port,
        destination=far,
        destination_port=draw.choice(PORTS),
    )
    if way is SENT:
        return flow
    through = draw.choice((NODE, NODE, IPv4Address("203.0.113.9")))
    return replace(flow, source=far, destination=through)


def explained(flow: Flow, way: Direction) -> Conclusion:
    if way is RECEIVED:
        return walked(walk_inbound, parcel_in(flow, interface("up0"), CtState.NEW))
    sender = Sender(mark=0, uid=os.getuid(), gid=os.getgid(), state=CtState.NEW)
    return walked(walk_outbound, parcel_of(flow, sender))


def measured(
    nodes: "TwoNodes", said: Conclusion, flow: Flow, way: Direction
) -> tuple[Traced, Counts]:
    """How the packet fared, and the rules and policies that counted while it was sent."""
    before = counts(way)
    tracer = open_tracer([flow, flow.reversed()])
    assert not isinstance(tracer, NotChecked)
    with tracer:
        with nodes.peer.inside() if way is RECEIVED else nullcontext():
            send(flow)
        deadline_s = time.monotonic() + DEADLINE_S
        while True:
            tracer.read(LISTEN_S)
            traced = fate(tracer.conclude(flow), tracer.conclude(flow.reversed()))
            now = counts(way)
            risen = {key: now[key] - before[key] for key in now if now[key] > before[key]}
            if is_told(said, traced, risen) or time.monotonic() >= deadline_s:
                return traced, risen


def is_told(said: Conclusion, traced: Traced, risen: Counts) -> bool:
    """Whether more would change nothing: it came to the end, or met what the walk says ends it."""
    is_open = said.disposition is Disposition.UNDETERMINED
    return is_open or bool(traced) or is_met(said, risen)


def is_met(said: Conclusion, risen: Counts) -> bool:
    return any(risen.get(place(step)) for step in said.deciders if is_legacy(step))


def fate(ahead: TraceResult, back: TraceResult) -> Traced:
    """The rule of nf_tables that dropped the packet, or whether it came to the end.

    ahead, back  the trace of the flow and that of its answers, each of which tells of both
    """
    if isinstance(ahead, TraceDropped) and not ahead.is_reply:
        return ahead
    is_sent = isinstance(ahead, TraceDropped) or (
        isinstance(ahead, TracePassed) and ahead.is_sent
    )
    is_delivered = isinstance(back, TracePassed) and back.is_delivered
    return is_sent or is_delivered


def place(step: Step) -> tuple[str, str, int]:
    assert step.chain is not None
    return step.chain.table, step.chain.chain, step.number


def is_legacy(step: Step) -> bool:
    return step.chain is not None and step.chain.backend is Backend.LEGACY


def compare(nodes: "TwoNodes", flow: Flow, way: Direction) -> str:
    """"agree", what it hangs on, or how the two differ."""
    said = explained(flow, way)
    result, risen = measured(nodes, said, flow, way)
    if said.disposition is Disposition.UNDETERMINED:
        # Where only the order of chains of one priority makes the difference, nothing is named.
        return f"unknown: {next(iter(said.hangs_on), 'the order of chains')}"
    if isinstance(result, TraceDropped):
        return native_end(said, result)
    # Where a socket refuses the packet, the packet filters have let it in.
    may_pass = not said.deciders or any(step.hook == SOCKET for step in said.deciders)
    if result and not may_pass:
        return f"DIFFERS {said.disposition} {risen}"
    if not result and not is_met(said, risen):
        return f"DIFFERS {said.disposition} {said.deciders} {risen}"
    return legacy_end(said, risen, way)


def native_end(said: Conclusion, result: TraceDropped) -> str:
    """The rule of nf_tables that the trace names is among those that the walk names."""
    interfaces = dict(socket.if_nameindex())
    named = [step_culprit(step, Names(sets={}, interfaces=interfaces)) for step in said.deciders]
    match result.culprit:
        case NftRule(handle=handle):
            is_named = handle in [each.handle for each in named if isinstance(each, NftRule)]
        case culprit:
            is_named = culprit in named
    return "agree: nft drops" if is_named else f"DIFFERS {named} {result}"


def legacy_end(said: Conclusion, risen: Counts, way: Direction) -> str:
    """Each legacy rule on the packet's way counted it once, and no other that ends a packet."""
    for step in filter(is_legacy, said.deciders):
        culprit = step_culprit(step, NO_NAMES)
        if not isinstance(culprit, ChainPolicy if step.rule is None else IptablesRule):
            return f"DIFFERS {culprit}"
    # A reject's own answer is a packet too, and counts in rules that it meets.
    is_plain = len(said.courses) == 1 and said.disposition is not Disposition.REJECTED
    if is_plain and not said.courses[0].doubts:
        # A rule that marks has a step only where the packet has another mark by it.
        done = (step for step in said.courses[0].steps if step.action != MARKS)
        steps = (place(step) for step in done if is_legacy(step))
        met = Counter(key for key in steps if key[1] in way.counted)
        ends = {key: count for key, count in risen.items() if key in met or key[2] == 0}
        if without_nat_policies(met) != without_nat_policies(ends):
            return f"DIFFERS {met} {risen}"
    return f"agree: legacy {said.disposition.value}"


def without_nat_policies(found: Counts) -> Counts:
    """Where no rule of the host needs connection tracking, the kernel passes the nat table over."""
    return {key: count for key, count in found.items() if (key[0], key[2]) != ("nat", 0)}


@pytest.mark.parametrize(
    "way", [pytest.param(SENT, id="sent"), pytest.param(RECEIVED, id="received or forwarded")]
)
def test_no_condition_is_one_that_its_tool_refuses(two_nodes: "TwoNodes", way: Direction) -> None:
    # Whatever it is drawn for would be drawn again, and it would never be walked.
    rule_sets = {
        text: f"*mangle\n:SUB - [0:0]\n-A SUB {text}\nCOMMIT\n"
        for text in (*CONDITIONS, *NARROW, *way.further, way.narrow)
    }
    tool = ("iptables-legacy-restore",)
    with two_nodes.node.inside():
        refused = [text for text, whole in rule_sets.items() if refusal(RuleSet(tool, whole, ()))]
    assert refused == []


@pytest.mark.parametrize(
    "way", [pytest.param(SENT, id="sent"), pytest.param(RECEIVED, id="received or forwarded")]
)
def test_no_verdict_of_the_walk_is_another_than_what_the_kernel_counts(
    two_nodes: "TwoNodes", way: Direction
) -> None:
    tally = Tally()
    two_nodes.node.run("sysctl -q net.ipv4.ip_forward=1")
    two_nodes.peer.run("ip route add 203.0.113.0/24 via 192.0.2.1")
    with two_nodes.node.inside():
        for seed in range(FIRST, FIRST + SETS):
            draw = random.Random(seed)
            made = load(lambda: drawn(draw, way))
            text = "\n".join(each.text for each in made)
            for packet in range(PACKETS):
                flow = made_flow(draw, way, 40000 + packet + PACKETS * (seed % 800))
                tally.add(compare(two_nodes, flow, way), flow, f"seed {seed}\n{text}")
    tally.conclude(MOST_OPEN, "agree: legacy passes", "agree: legacy dropped")
