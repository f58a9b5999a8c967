"""Rule sets of iptables-legacy made at random: the walk and the kernel's counters name one rule.

The kernel has no trace of iptables-legacy that a socket can read. What it says is what each rule
and policy counted for the one packet, as iptables-legacy-save prints it, and whether the packet
came to the trace's own chain at the end of POSTROUTING. Half of the sets have chains of nf_tables
before, between, beside and behind the legacy ones.
"""

import os
import random
import re
import shutil
import socket
import subprocess
from collections import Counter
from contextlib import suppress
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Final

import pytest

from edgediag.host.netfilter.chains import Backend
from edgediag.host.walk.chain_walk import Step
from edgediag.host.walk.conclusion import Conclusion, Disposition, conclude
from edgediag.host.walk.culprit import step_culprit
from edgediag.host.walk.parcel import CtState, Sender, parcel_of
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import ChainPolicy, IptablesRule, NftRule
from edgediag.model.flow import Flow, Protocol
from edgediag.model.host import TraceDropped, TraceResult
from edgediag.net.nftrace import open_tracer
from edgediag.net.walk_answers import walk_outbound

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
NODE = IPv4Address("192.0.2.1")
FAR = ("198.51.100.2", "192.0.2.2", "203.0.113.9")

CONDITIONS = (
    "-s 192.0.2.1",
    "! -s 192.0.2.0/255.255.0.255",
    "-d 198.51.100.0/255.255.255.253",
    "! -d 192.0.2.2",
    "-d 203.0.113.0/24,192.0.2.2",
    "-o up0",
    "-o up+",
    "! -o u+",
    "-o lo",
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
    "-m owner --uid-owner 0",
    "-m iprange --dst-range 203.0.113.1-203.0.113.99",
    "-m comment --comment c",
    "-m statistic --mode random --probability 0.5",
)
# What drops is for few packets: else hardly one would come to the end of POSTROUTING.
NARROW: Final = (
    "-d 198.51.100.0/255.255.255.253 -p udp --dport 500:4500",
    "! -s 192.0.2.0/255.255.0.255",
    "! -o up+",
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
BUILT_IN: Final = {"mangle": ("OUTPUT", "POSTROUTING")}
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
INWARD: Final = (":PREROUTING", ":INPUT", ":FORWARD")

Counts = dict[tuple[str, str, int], int]


def legacy(draw: random.Random) -> str:
    """Some of the tables, each with two chains of the user's own, one inside the other."""
    lines: list[str] = []
    for table in draw.sample(sorted(ENDS), draw.randint(1, 3)):
        built_in = BUILT_IN.get(table, ("OUTPUT",))
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
                conditions = draw.choice(CONDITIONS if "DROP" not in end else NARROW)
                lines.append(f"-A {chain} {conditions} {end}".rstrip())
        lines.append("COMMIT")
    lines += ["*nat", ":OUTPUT ACCEPT [0:0]", ":POSTROUTING ACCEPT [0:0]"]
    for _ in range(draw.choice((0, 0, 1, 2))):
        to = draw.choice(("198.51.100.2", "192.0.2.2:4500", "203.0.113.9"))
        protocol = draw.choice(("udp", "tcp"))
        lines.append(f"-A OUTPUT -p {protocol} --dport 400:7000 -j DNAT --to-destination {to}")
    lines += ["-A POSTROUTING -o up0 -j MASQUERADE"] * draw.choice((0, 0, 1))
    lines.append("COMMIT")
    return "\n".join(lines) + "\n"


def native(draw: random.Random) -> str:
    """Up to three chains at the hooks that the legacy tables have, often at the same priority."""
    chains = []
    for number in range(draw.choice((0, 0, 1, 2, 3))):
        hook, policy = draw.choice(("output", "output", "postrouting")), draw.choice(
            ("accept", "accept", "accept", "drop")
        )
        rules = "".join(
            f"  {draw.choice(NFT_CONDITIONS)} {draw.choice(NFT_ENDS)}\n"
            for _ in range(draw.randint(0, 3))
        )
        chains.append(
            f" chain c{number} {{\n  type filter hook {hook} priority {draw.choice(PRIORITIES)};"
            f" policy {policy};\n{rules} }}\n"
        )
    return f"table inet t {{\n{''.join(chains)}}}\n"


def load(draw: random.Random) -> str:
    """Put a fresh rule set into this namespace; those that contradict themselves do not load."""
    subprocess.run(["nft", "flush", "ruleset"], check=True)
    empty = "".join(f"*{table}\nCOMMIT\n" for table in (*ENDS, "nat"))
    subprocess.run(["iptables-legacy-restore"], input=empty, text=True, check=True)
    while True:
        made = legacy(draw), native(draw)
        tools = (["iptables-legacy-restore"], ["nft", "-f", "-"])
        if all(
            subprocess.run(tool, input=rules, text=True, stderr=subprocess.DEVNULL).returncode == 0
            for tool, rules in zip(tools, made)
        ):
            return "\n".join(made)


def counts() -> Counts:
    """Packets by table, chain and number; number 0 for a policy."""
    saved = subprocess.run(
        ["iptables-legacy-save", "-c"], check=True, capture_output=True, text=True
    ).stdout
    found: Counts = {}
    table, numbers = "", Counter[str]()
    for line in saved.splitlines():
        if line.startswith("*"):
            table, numbers = line[1:], Counter()
        elif line.startswith(INWARD):
            # An answer to the packet is met there.
            continue
        elif policy := re.match(r":(\S+) \S+ \[(\d+):", line):
            found[table, policy[1], 0] = int(policy[2])
        elif rule := re.match(r"\[(\d+):\d+\] -A (\S+)", line):
            numbers[rule[2]] += 1
            found[table, rule[2], numbers[rule[2]]] = int(rule[1])
    return found


def send(flow: Flow) -> None:
    """One packet of the flow through a kernel socket."""
    kind = socket.SOCK_STREAM if flow.protocol is Protocol.TCP else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as sender, suppress(OSError):
        sender.bind((str(flow.source), flow.source_port))
        sender.setblocking(False)
        sender.connect((str(flow.destination), flow.destination_port))
        if kind is socket.SOCK_DGRAM:
            sender.send(b"x")


def explained(flow: Flow) -> Conclusion:
    sender = Sender(mark=0, uid=os.getuid(), gid=os.getgid(), state=CtState.NEW)
    return conclude(*walk_outbound(parcel_of(flow, sender)))


def measured(flow: Flow) -> tuple[TraceResult, Counts]:
    """The trace of one packet, and the rules and policies that counted while it was sent."""
    before = counts()
    tracer = open_tracer([flow])
    assert not isinstance(tracer, NotChecked)
    with tracer:
        send(flow)
        tracer.read(0.004)
        result = tracer.conclude(flow)
    return result, {key: now - before[key] for key, now in counts().items() if now > before[key]}


def place(step: Step) -> tuple[str, str, int]:
    assert step.chain is not None
    return step.chain.table, step.chain.chain, step.number


def is_legacy(step: Step) -> bool:
    return step.chain is not None and step.chain.backend is Backend.LEGACY


def compare(flow: Flow) -> str:
    """"agree", what it hangs on, or how the two differ."""
    said = explained(flow)
    result, risen = measured(flow)
    if said.disposition is Disposition.UNDETERMINED:
        # Where only the order of chains of one priority makes the difference, nothing is named.
        return f"unknown: {next(iter(said.hangs_on), 'the order of chains')}"
    if isinstance(result, NotChecked):
        return f"no trace: {result.reason}"
    is_sent = not isinstance(result, TraceDropped) and result.is_sent
    # What is dropped on its way back says nothing of the way out.
    is_sent = is_sent or (isinstance(result, TraceDropped) and result.is_reply)
    if is_sent is not (said.disposition is Disposition.PASSES):
        return f"DIFFERS {said.disposition} {result} {risen}"
    if isinstance(result, TraceDropped) and not result.is_reply:
        return native_end(said, result)
    return legacy_end(said, risen)


def native_end(said: Conclusion, result: TraceDropped) -> str:
    """The rule of nf_tables that the trace names is among those that the walk names."""
    interfaces = dict(socket.if_nameindex())
    named = [step_culprit(step, sets={}, interfaces=interfaces) for step in said.deciders]
    match result.culprit:
        case NftRule(handle=handle):
            is_named = handle in [each.handle for each in named if isinstance(each, NftRule)]
        case culprit:
            is_named = culprit in named
    return "agree: nft drops" if is_named else f"DIFFERS {named} {result}"


def legacy_end(said: Conclusion, risen: Counts) -> str:
    """Each legacy rule on the packet's way counted it once, and no other that ends a packet."""
    deciders = [step for step in said.deciders if is_legacy(step)]
    if said.deciders and not any(risen.get(place(step), 0) for step in deciders):
        return f"DIFFERS {[place(step) for step in deciders]} {risen}"
    for step in deciders:
        culprit = step_culprit(step, sets={}, interfaces={})
        if not isinstance(culprit, ChainPolicy if step.rule is None else IptablesRule):
            return f"DIFFERS {culprit}"
    # A reject's own answer is a packet too, and counts in rules that it meets.
    is_plain = len(said.courses) == 1 and said.disposition is not Disposition.REJECTED
    if is_plain and not said.courses[0].doubts:
        met = Counter(place(step) for step in said.courses[0].steps if is_legacy(step))
        ends = {key: count for key, count in risen.items() if key in met or key[2] == 0}
        if without_nat_policies(met) != without_nat_policies(ends):
            return f"DIFFERS {met} {risen}"
    return f"agree: legacy {said.disposition.value}"


def without_nat_policies(found: Counts) -> Counts:
    """Where no rule of the host needs connection tracking, the kernel passes the nat table over."""
    return {key: count for key, count in found.items() if (key[0], key[2]) != ("nat", 0)}


def test_no_verdict_of_the_walk_is_another_than_what_the_kernel_counts(
    two_nodes: "TwoNodes",
) -> None:
    counted: Counter[str] = Counter()
    differing: list[str] = []
    with two_nodes.node.inside():
        for seed in range(FIRST, FIRST + SETS):
            draw = random.Random(seed)
            text = load(draw)
            for packet in range(PACKETS):
                flow = Flow(
                    protocol=draw.choice((Protocol.UDP, Protocol.UDP, Protocol.TCP)),
                    source=NODE,
                    source_port=40000 + packet + PACKETS * (seed % 800),
                    destination=IPv4Address(draw.choice(FAR)),
                    destination_port=draw.choice(PORTS),
                )
                answer = compare(flow)
                counted[answer.partition(" {")[0][:60]] += 1
                if answer.startswith("DIFFERS"):
                    differing.append(f"seed {seed} {flow}: {answer}\n{text}")
    print(dict(counted))
    assert not differing, "\n".join(differing)
    assert counted["agree: legacy passes"] and counted["agree: legacy dropped"]
