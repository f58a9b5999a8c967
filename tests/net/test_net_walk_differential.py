"""Rule sets made at random: the walk and the kernel's own trace name the same end and rule.

A verdict that the walk does not give is counted, and it may not be wrong in any that it gives.
"""

import os
import random
import shutil
import socket
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING

import pytest

from edgediag.host.walk.conclusion import Conclusion, conclude
from edgediag.host.walk.effects import Fate
from edgediag.host.walk.journal import Journal
from edgediag.host.walk.parcel import CtState, Sender, parcel_in, parcel_of
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import ChainPolicy, IptablesRule, NftRule
from edgediag.model.exchange import NextHop
from edgediag.model.explained import Disposition
from edgediag.model.flow import Flow, Protocol
from edgediag.model.host import TraceDropped, TracePassed, TraceResult
from edgediag.model.packet import IcmpEcho, Packet, Payload, TcpSegment, UdpDatagram
from edgediag.net.nftrace import open_tracer
from edgediag.net.walk_answers import walk_inbound, walk_outbound
from edgediag.net.ways import interface
from edgediag.wire.headers import frame
from net.live_frames import LiveFrames
from net.rule_sets import (
    ODDS_OF_6,
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
    from tests.net.conftest import Node, TwoNodes

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
NODE = IPv4Address("192.0.2.1")
BROADCAST = IPv4Address("192.0.2.255")
FAR = ("198.51.100.2", "192.0.2.2", "203.0.113.9")
WIRE = ("192.0.2.2", "198.51.100.2", "198.51.100.99")
# More of IPv6, of which fewer matches of iptables are read.
MOST_UNKNOWN = {4: 0.02, 6: 0.04}
SYN = TcpSegment(sequence=1, acknowledgement=0, flags="S", window=1000, payload=b"")
TO_NODE = NextHop(
    interface="up0", source_mac="02:00:00:00:00:02", destination_mac="02:00:00:00:00:01"
)


def load(make: Callable[[], RuleSet]) -> RuleSet:
    """Put a fresh rule set into this namespace; those that contradict themselves do not load."""
    while True:
        subprocess.run(["nft", "flush", "ruleset"], check=True)
        made = make()
        done = subprocess.run(made.tool, input=made.text, text=True, stderr=subprocess.DEVNULL)
        if done.returncode == 0:
            return made


def send(flow: Flow) -> None:
    """One packet of the flow through a kernel socket."""
    kind = socket.SOCK_STREAM if flow.protocol is Protocol.TCP else socket.SOCK_DGRAM
    family = socket.AF_INET if flow.source.version == 4 else socket.AF_INET6
    with socket.socket(family, kind) as sender, suppress(OSError):
        sender.bind((str(flow.source), flow.source_port))
        sender.setblocking(False)
        sender.connect((str(flow.destination), flow.destination_port))
        if kind is socket.SOCK_DGRAM:
            sender.send(b"x")


def explained(flow: Flow) -> Conclusion:
    sender = Sender(mark=0, uid=os.getuid(), gid=os.getgid(), state=CtState.NEW)
    return conclude(*walk_outbound(parcel_of(flow, sender), Journal()))


def explained_in(flow: Flow, device: str) -> Conclusion:
    return conclude(*walk_inbound(parcel_in(flow, interface(device), CtState.NEW), Journal()))


def traced(flow: Flow, put: Callable[[], None], devices: Sequence[str] = ()) -> TraceResult:
    # At a device the tracer looks for answers.
    tracer = open_tracer([flow.reversed() if devices else flow], devices)
    assert not isinstance(tracer, NotChecked)
    with tracer:
        put()
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


def compare(said: Conclusion, result: TraceResult) -> str:
    """"agree", what it hangs on, or how the two differ."""
    if said.disposition is Disposition.UNDETERMINED:
        return f"unknown: {said.hangs_on[0]}"
    if isinstance(result, NotChecked):
        return f"no trace: {said.disposition.value}"
    # Routing and sockets refuse where no rule does.
    elsewhere = [step.hook for step in said.deciders if step.chain is None]
    if isinstance(result, TraceDropped) and result.is_reply:
        if said.disposition is Disposition.REJECTED and not elsewhere:
            # What the rule itself answered was dropped.
            return "no word: the answer was dropped"
        is_passed = elsewhere or said.disposition is Disposition.PASSES
        return "agree: answered" if is_passed else f"DIFFERS {named(said)} {result}"
    if isinstance(result, TraceDropped):
        is_rejected = said.disposition is Disposition.REJECTED
        is_named = handle(result, said) in named(said) and result.is_reject == is_rejected
        return "agree: drops" if is_named else f"DIFFERS {said.disposition} {named(said)} {result}"
    if said.disposition is not Disposition.PASSES and not elsewhere:
        return f"DIFFERS {said.disposition} {named(said)} {result}"
    return f"agree: {elsewhere[0] if elsewhere else 'passes'}"


def went_on(said: Conclusion, result: TraceResult) -> str:
    """How the two differ in whether a packet that came in was sent on, "" where they do not."""
    if not isinstance(result, TracePassed) or said.disposition is Disposition.UNDETERMINED:
        return ""
    if any(course.parcel.has_dnat and course.parcel.has_snat for course in said.courses):
        # With both ends translated the trace knows the packet no more.
        return ""
    expected = {
        course.fate is Fate.ACCEPTED and not course.parcel.is_for_here for course in said.courses
    }
    return "" if result.is_sent in expected else f"DIFFERS sent on: {expected} {result}"


def is_translated_on_lo(said: Conclusion) -> bool:
    return any(
        course.parcel.has_dnat and course.parcel.incoming.name == "lo" for course in said.courses
    )


class Tally:
    """What came out, and every set in which the two differ."""

    def __init__(self) -> None:
        self.counted: Counter[str] = Counter()
        self.differing: list[str] = []

    def add(self, answer: str, seed: int, flow: Flow, text: str) -> None:
        self.counted[answer.partition(" {")[0][:60]] += 1
        if answer.startswith("DIFFERS"):
            self.differing.append(f"seed {seed} {flow}: {answer}\n{text}")

    def conclude(self, version: int) -> None:
        print(dict(self.counted.most_common()))
        assert not self.differing, "\n".join(self.differing)
        unknown = sum(n for word, n in self.counted.items() if word.startswith("unknown"))
        assert unknown < self.counted.total() * MOST_UNKNOWN[version]
        assert self.counted["agree: passes"] and self.counted["agree: drops"]


def drawn(
    draw: random.Random,
    version: int,
    hooks: Sequence[tuple[str, tuple[int, ...]]],
    tables: Mapping[str, tuple[str, ...]],
) -> RuleSet:
    """A rule set of nft or of iptables, for one version of IP."""
    is_native = draw.random() < 0.5
    if version == 4:
        return native(draw, hooks) if is_native else iptables(draw, tables)
    return set_in_6(native(draw, hooks) if is_native else iptables(draw, tables, ODDS_OF_6))


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


@pytest.mark.parametrize("version", [4, 6])
def test_no_verdict_on_what_is_sent_is_another_than_the_kernels(
    two_nodes: "TwoNodes", version: int
) -> None:
    tally = Tally()
    with_ipv6(two_nodes)
    with two_nodes.node.inside():
        for seed in range(FIRST, FIRST + SETS):
            draw = random.Random(seed)
            made = load(
                lambda: drawn(draw, version, SENT_HOOKS, SENT_TABLES)
            )
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
                answer = compare(said, traced(flow, lambda: send(flow)))
                tally.add(answer, seed, flow, made.text)
    tally.conclude(version)


def received_flow(draw: random.Random, port: int) -> Flow:
    protocol = draw.choice((Protocol.UDP, Protocol.UDP, Protocol.TCP, Protocol.ICMP))
    return Flow(
        protocol=protocol,
        source=IPv4Address(draw.choice(WIRE)),
        source_port=port,
        destination=IPv4Address(draw.choice((*FAR, str(NODE), str(NODE)))),
        destination_port=port if protocol is Protocol.ICMP else draw.choice(PORTS),
    )


def packet(flow: Flow) -> Packet:
    match flow.protocol:
        case Protocol.UDP:
            payload: Payload = UdpDatagram(payload=b"x")
        case Protocol.TCP:
            payload = SYN
        case Protocol.ICMP:
            payload = IcmpEcho(
                identifier=flow.source_port, sequence=1, is_reply=False, payload=b"x"
            )
    return Packet(flow=flow, hop_limit=64, ip_id=1, payload=payload)


def forwarding(node: "Node") -> None:
    """A second device behind which nobody answers, and a node that forwards."""
    node.run(
        "ip link add out0 address 02:00:00:00:00:05 type veth peer name out1",
        "ip link set out0 addrgenmode none",
        "ip link set out1 addrgenmode none",
        "ip address add 203.0.113.1/24 dev out0",
        "ip link set out0 up",
        "ip link set out1 up",
        "ip address add 2001:db8:113::1/64 dev out0 nodad",
        "sysctl -q net.ipv4.ip_forward=1",
        "sysctl -q net.ipv6.conf.all.forwarding=1",
        "sysctl -q net.ipv4.conf.all.send_redirects=0",
        "sysctl -q net.ipv4.conf.up0.send_redirects=0",
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
            made = load(
                lambda: drawn(draw, version, RECEIVED_HOOKS, RECEIVED_TABLES)
            )
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
                result = traced(flow, lambda: frames.receive(octets, index), devices)
                answer = went_on(said, result) or compare(said, result)
                tally.add(answer, seed, flow, made.text)
    tally.conclude(version)
