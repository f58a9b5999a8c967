"""Rule sets made at random: the walk and the kernel's own trace name the same end and rule.

A verdict that the walk does not give is counted, and it may not be wrong in any that it gives.
"""

import os
import random
import shutil
import socket
import subprocess
from collections import Counter
from contextlib import suppress
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

import pytest

from edgediag.host.walk.conclusion import Conclusion, Disposition, conclude
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
        shutil.which("nft") is None or shutil.which("iptables-nft") is None,
        reason="needs nft and iptables-nft to make the rules",
    ),
]

SETS = int(os.environ.get("EDGEDIAG_DIFFERENTIAL_SETS", "20"))
FIRST = int(os.environ.get("EDGEDIAG_DIFFERENTIAL_FIRST", "0"))
PACKETS = 12
PORTS = (53, 123, 500, 4500, 6443, 10250)
NODE = IPv4Address("192.0.2.1")
FAR = ("198.51.100.2", "192.0.2.2", "203.0.113.9")

NFT_CONDITIONS = (
    "ip daddr 198.51.100.0/24",
    "ip daddr != 192.0.2.2",
    "ip daddr { 192.0.2.2, 203.0.113.0-203.0.113.20 }",
    "udp dport { 500, 4500 }",
    "udp dport 100-600",
    "udp dport != 53",
    "tcp dport { 6443, 10250 }",
    "tcp flags & (syn | ack) == syn",
    "udp sport 40000-41000",
    "meta l4proto tcp",
    "meta mark & 0x3 == 0x1",
    "meta mark 0x0",
    "ct state established,related",
    "ct state new",
    "ct state invalid",
    "oifname \"up0\"",
    "oif lo",
    "meta skuid 0",
    "meta skuid > 100",
    "fib daddr type local",
    "ip daddr . udp dport { 198.51.100.2 . 123, 192.0.2.2 . 4500 }",
    "ip daddr . udp dport @pairs",
    "ip daddr @nets",
    "ip ttl < 3",
    "limit rate 1000/second",
    "ct direction reply",
    "ct mark 7",
    "ip frag-off & 0x1fff != 0",
)
NFT_ENDS = (
    "drop", "accept", "return", "jump sub", "goto sub", "counter", "meta mark set 0x1",
    "meta mark set meta mark | 0x2", "reject", "udp dport vmap @ends", "log prefix \"x\"",
    "ct mark set 7",
)
XT_CONDITIONS = (
    "-p udp -m multiport --dports 500,4000:5000",
    "-p tcp -m tcp --syn",
    "-p tcp --dport 6443",
    "-p udp ! --dport 53",
    "-d 198.51.100.0/24",
    "! -d 192.0.2.2",
    "-m conntrack --ctstate NEW",
    "-m conntrack --ctstate RELATED,ESTABLISHED",
    "-m conntrack --ctorigdst 198.51.100.2",
    "-m addrtype --dst-type LOCAL",
    "-m addrtype ! --dst-type LOCAL",
    "-m mark --mark 0x1/0x3",
    "-m owner --uid-owner 0",
    "-m iprange --dst-range 203.0.113.1-203.0.113.99",
    "-m comment --comment c",
    "-m statistic --mode random --probability 0.5",
    "-o up0",
)
XT_ENDS = ("DROP", "ACCEPT", "RETURN", "SUB", "MARK --set-xmark 0x1/0x1", "REJECT")


def native(draw: random.Random) -> str:
    """Two base chains at one hook or at different ones, a chain they jump to, sets and a map."""

    def rules(ends: tuple[str, ...]) -> str:
        lines = []
        for _ in range(draw.randint(1, 6)):
            conditions = draw.sample(NFT_CONDITIONS, draw.randint(1, 2))
            lines.append(f"  {' '.join(conditions)} {draw.choice(ends)}\n")
        return "".join(lines)

    inner = tuple(end for end in NFT_ENDS if "sub" not in end)
    policy = draw.choice(("accept", "accept", "drop"))
    sets = (
        " set pairs { type ipv4_addr . inet_service; flags interval;"
        " elements = { 203.0.113.0/24 . 400-600, 198.51.100.2 . 53 } }\n"
        " set nets { type ipv4_addr; flags interval; elements = { 198.51.100.0/30 } }\n"
        " map ends { type inet_service : verdict;"
        " elements = { 53 : drop, 123 : accept, 500 : jump sub } }\n"
    )
    # A map inside the chain that it jumps to would be a loop.
    inner = tuple(end for end in inner if "vmap" not in end)
    return (
        f"table inet t {{\n{sets} chain sub {{\n{rules(inner)} }}\n"
        f" chain a {{\n type filter hook output priority {draw.choice((-300, -150, 0))};\n"
        f"{rules(NFT_ENDS)} }}\n"
        f" chain b {{\n type filter hook {draw.choice(('output', 'postrouting'))} priority 10;"
        f" policy {policy};\n{rules(NFT_ENDS)} }}\n}}\n"
    )


def iptables(draw: random.Random) -> str:
    """The filter and mangle tables with a chain of the user's own."""
    lines = []
    for table in ("mangle", "filter"):
        ends = tuple(e for e in XT_ENDS if table == "mangle" or "MARK" not in e)
        ends = tuple(e for e in ends if table == "filter" or e != "REJECT")
        inner = tuple(e for e in ends if e != "SUB")
        lines += [f"*{table}", ":OUTPUT ACCEPT [0:0]", ":SUB - [0:0]"]
        for chain, choices in (("SUB", inner), ("OUTPUT", ends)):
            for _ in range(draw.randint(1, 5)):
                end = draw.choice(choices)
                lines.append(f"-A {chain} {draw.choice(XT_CONDITIONS)} -j {end}")
        lines.append("COMMIT")
    lines += ["*nat", ":OUTPUT ACCEPT [0:0]"]
    for _ in range(draw.randint(0, 2)):
        to = draw.choice(("198.51.100.2", "192.0.2.2:4500", "203.0.113.9"))
        protocol = draw.choice(("udp", "tcp"))
        lines.append(f"-A OUTPUT -p {protocol} --dport 400:7000 -j DNAT --to-destination {to}")
    lines.append("COMMIT")
    return "\n".join(lines) + "\n"


def load(draw: random.Random) -> str:
    """Put a fresh rule set into this namespace; those that contradict themselves do not load."""
    while True:
        subprocess.run(["nft", "flush", "ruleset"], check=True)
        tool, make = draw.choice(
            ((("nft", "-f", "-"), native), (("iptables-nft-restore",), iptables))
        )
        text = make(draw)
        if subprocess.run(tool, input=text, text=True, stderr=subprocess.DEVNULL).returncode == 0:
            return text


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


def traced(flow: Flow) -> TraceResult:
    tracer = open_tracer([flow])
    assert not isinstance(tracer, NotChecked)
    with tracer:
        send(flow)
        tracer.read(0.004)
        return tracer.conclude(flow)


def named(said: Conclusion) -> set[tuple[str, str, int]]:
    """Table, chain and handle of what the walk says decides; the handle of a policy is 0."""
    return {
        (step.chain.table, step.chain.chain, step.rule.handle if step.rule else 0)
        for step in said.deciders
        if step.chain is not None
    }


def handle(result: TraceDropped, said: Conclusion) -> tuple[str, str, int]:
    match result.culprit:
        case NftRule() as rule:
            return rule.table, rule.chain, rule.handle
        case ChainPolicy() as policy:
            return policy.table, policy.chain, 0
        case IptablesRule() as rule:
            handles = {
                (step.rule.table, step.rule.chain, step.number): step.rule.handle
                for step in said.deciders
                if step.rule
            }
            handle_ = handles.get((rule.table, rule.chain, rule.number), -1)
            return rule.table, rule.chain, handle_
        case culprit:
            raise AssertionError(culprit)


def compare(flow: Flow) -> str:
    """"agree", what it hangs on, or how the two differ."""
    said, result = explained(flow), traced(flow)
    if said.disposition is Disposition.UNDETERMINED:
        return f"unknown: {said.hangs_on[0]}"
    if isinstance(result, NotChecked):
        return f"no trace: {result.reason}"
    # What is dropped on its way back says nothing of the way out.
    is_dropped = isinstance(result, TraceDropped) and not result.is_reply
    if is_dropped != (said.disposition is not Disposition.PASSES):
        return f"DIFFERS {said.disposition} {result}"
    if not isinstance(result, TraceDropped) or not is_dropped:
        return "agree: passes"
    if result.is_reject != (said.disposition is Disposition.REJECTED):
        return f"DIFFERS {said.disposition} {result}"
    is_named = handle(result, said) in named(said)
    return "agree: drops" if is_named else f"DIFFERS {named(said)} {result}"


def test_no_verdict_of_the_walk_is_another_than_the_kernels(two_nodes: "TwoNodes") -> None:
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
    assert counted["agree: passes"] and counted["agree: drops"]
