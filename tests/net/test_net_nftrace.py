"""The kernel names the rule that drops, and nothing is left behind."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from ipaddress import ip_address

import pytest

from edgediag.model.answer import NotChecked
from edgediag.model.culprit import ChainPolicy, IptablesRule, NftRule
from edgediag.model.drops import TraceDropped, TracePassed, TraceResult
from edgediag.model.flow import Flow, Protocol
from edgediag.net.nftrace import open_tracer

pytestmark = [
    pytest.mark.netns,
    pytest.mark.skipif(
        shutil.which("nft") is None or shutil.which("iptables") is None,
        reason="needs nft and iptables to make the rules",
    ),
]

NODE, PEER, FAR = "192.0.2.1", "192.0.2.2", "198.51.100.2"
BASE = "{ type filter hook %s priority 0; policy %s; }"


def flow(
    protocol: Protocol = Protocol.UDP, destination: str = FAR, port: int = 4500, source: str = NODE
) -> Flow:
    return Flow(
        protocol=protocol,
        source=ip_address(source),
        source_port=40000,
        destination=ip_address(destination),
        destination_port=port,
    )


def passed(*chains: str, is_sent: bool = True) -> TracePassed:
    return TracePassed(chains=chains, is_sent=is_sent, is_received=False, is_delivered=False)


def load(*commands: str) -> None:
    subprocess.run(["nft", "-f", "-"], input="\n".join(commands), check=True, text=True)


def ruleset() -> str:
    command = ["nft", "--stateless", "list", "ruleset"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def send(asked: Flow) -> None:
    """One packet of the flow through a kernel socket; a refusal is what the trace is about."""
    kind = socket.SOCK_STREAM if asked.protocol is Protocol.TCP else socket.SOCK_DGRAM
    family = socket.AF_INET if asked.source.version == 4 else socket.AF_INET6
    with socket.socket(family, kind) as sender, suppress(OSError):
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sender.bind((str(asked.source), asked.source_port))
        sender.settimeout(0.05)
        sender.connect((str(asked.destination), asked.destination_port))
        if kind is socket.SOCK_DGRAM:
            sender.send(b"x")
            sender.recv(1)


def traced(asked: Flow, beside: Sequence[Flow] = ()) -> TraceResult:
    tracer = open_tracer([asked, *beside])
    assert not isinstance(tracer, NotChecked)
    with tracer:
        send(asked)
        tracer.read(0.02)
        return tracer.conclude(asked)


def dropped(
    culprit: NftRule | IptablesRule | ChainPolicy,
    hook: str = "output",
    *,
    is_reject: bool = False,
    is_reply: bool = False,
) -> TraceDropped:
    return TraceDropped(culprit=culprit, hook=hook, is_reject=is_reject, is_reply=is_reply)


def native(text: str, handle: int, chain: str = "c", family: str = "inet") -> NftRule:
    return NftRule(family=family, table="t", chain=chain, handle=handle, text=text)


OUTPUT = ("add table inet t", f"add chain inet t c {BASE % ('output', 'accept')}")
INPUT = ("add table inet t", f"add chain inet t c {BASE % ('input', 'accept')}")
TCP = flow(Protocol.TCP, port=6443)


@pytest.mark.parametrize(
    ("commands", "asked", "expected"),
    [
        pytest.param(
            (*OUTPUT, 'add rule inet t c udp dport 4500 counter drop comment "no ike"'),
            flow(),
            dropped(native('udp dport 4500 counter drop comment "no ike"', 2)),
            id="a rule in OUTPUT",
        ),
        pytest.param(
            (*OUTPUT, "add rule inet t c udp dport { 500, 4500 } drop"),
            flow(),
            dropped(native("udp dport { 500, 4500 } drop", 3)),
            id="a rule with a set of its own",
        ),
        pytest.param(
            (*OUTPUT, "add rule inet t c tcp dport 6443 drop"),
            TCP,
            dropped(native("tcp dport 6443 drop", 2)),
            id="a SYN, of which the socket says nothing",
        ),
        pytest.param(
            (*OUTPUT, "add rule inet t c udp dport 4500 reject with icmpx admin-prohibited"),
            flow(),
            dropped(native("udp dport 4500 reject with icmpx admin-prohibited", 2), is_reject=True),
            id="a reject by ICMP",
        ),
        pytest.param(
            (*OUTPUT, "add rule inet t c meta l4proto tcp reject with tcp reset"),
            TCP,
            dropped(native("meta l4proto tcp reject with tcp reset", 2), is_reject=True),
            id="a reject by a reset, which is a packet of its own",
        ),
        pytest.param(
            (
                *OUTPUT,
                "add chain inet t z",
                "add rule inet t z ip daddr 198.51.100.2 drop",
                "add rule inet t c meta l4proto udp jump z",
            ),
            flow(),
            dropped(native("ip daddr 198.51.100.2 drop", 3, "z")),
            id="a rule in a chain that is jumped to",
        ),
        pytest.param(
            ("add table ip t", f"add chain ip t c {BASE % ('output', 'drop')}"),
            flow(),
            dropped(ChainPolicy(family="ip", table="t", chain="c", policy="drop")),
            id="the policy of OUTPUT",
        ),
        pytest.param(
            (*INPUT, "add rule inet t c tcp sport 6443 drop"),
            TCP,
            dropped(native("tcp sport 6443 drop", 2), "input", is_reply=True),
            id="the answer, in INPUT",
        ),
        pytest.param(
            ("add table inet t", f"add chain inet t c {BASE % ('prerouting', 'drop')}"),
            TCP,
            dropped(
                ChainPolicy(family="inet", table="t", chain="c", policy="drop"),
                "prerouting",
                is_reply=True,
            ),
            id="the answer, by the policy of PREROUTING",
        ),
        pytest.param(
            (
                "add table netdev t",
                'add chain netdev t c { type filter hook egress device "up0" priority 0; }',
                "add rule netdev t c udp dport 4500 drop",
            ),
            flow(),
            dropped(native("udp dport 4500 drop", 2, family="netdev"), "egress"),
            id="at the device, behind OUTPUT",
        ),
        pytest.param(
            (*INPUT, "add rule inet t c udp dport 4500 drop"),
            flow(destination=NODE),
            dropped(native("udp dport 4500 drop", 2), "input"),
            id="to this host itself, over lo",
        ),
        pytest.param(
            (*OUTPUT, "add rule inet t c udp dport 4500 accept"),
            flow(),
            passed("inet t c"),
            id="nothing",
        ),
        pytest.param((), flow(), passed(), id="no rules at all"),
    ],
)
def test_what_dropped_the_packet(two_nodes, commands, asked: Flow, expected: TraceResult) -> None:
    with two_nodes.node.inside():
        load(*commands)
        before = ruleset()
        assert traced(asked) == expected
        assert ruleset() == before


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        pytest.param(
            (
                "iptables -A OUTPUT -p tcp -j ACCEPT",
                "iptables -A OUTPUT -d 198.51.100.0/24 -p udp --dport 4500 -j DROP",
            ),
            dropped(
                IptablesRule(
                    backend="nft",
                    table="filter",
                    chain="OUTPUT",
                    number=2,
                    text="-d 198.51.100.0/24 -p udp -m udp --dport 4500 -j DROP",
                )
            ),
            id="a rule of iptables-nft, by its number",
        ),
        pytest.param(
            (
                "iptables -N KUBE",
                "iptables -A KUBE -p udp -m comment --comment ike -j REJECT",
                "iptables -A OUTPUT -j KUBE",
            ),
            dropped(
                IptablesRule(
                    backend="nft",
                    table="filter",
                    chain="KUBE",
                    number=1,
                    text="-p udp -m comment --comment ike -j REJECT "
                    "--reject-with icmp-port-unreachable",
                ),
                is_reject=True,
            ),
            id="a reject in a chain of its own",
        ),
        pytest.param(
            ("iptables -P OUTPUT DROP",),
            dropped(ChainPolicy(family="ip", table="filter", chain="OUTPUT", policy="drop")),
            id="its policy",
        ),
        pytest.param(
            ("iptables-legacy -A OUTPUT -p udp --dport 4500 -j DROP",),
            passed(is_sent=False),
            id="iptables-legacy: no verdict, though the packet never leaves",
        ),
    ],
)
def test_what_iptables_dropped(two_nodes, commands, expected: TraceResult) -> None:
    two_nodes.node.run(*commands)
    with two_nodes.node.inside():
        assert traced(flow()) == expected


def test_the_drop_of_another_flow_is_not_ours(two_nodes) -> None:
    other = flow(port=4501)
    with two_nodes.node.inside():
        load(*OUTPUT, "add rule inet t c udp dport 4501 drop")
        tracer = open_tracer([flow(), other])
        assert not isinstance(tracer, NotChecked)
        with tracer:
            for asked in (other, flow(), other, flow()):
                send(asked)
            tracer.read(0.02)
            results = tracer.conclude(flow()), tracer.conclude(other)
    assert results == (
        passed("inet t c"),
        dropped(native("udp dport 4501 drop", 2)),
    )


def test_a_thousand_flows_are_traced_at_once(two_nodes) -> None:
    with two_nodes.node.inside():
        load(*OUTPUT, "add rule inet t c udp dport 4500 drop")
        beside = [flow(port=10_000 + n) for n in range(1000)]
        assert traced(flow(), beside) == dropped(native("udp dport 4500 drop", 2))


def test_ipv6_is_traced(two_nodes) -> None:
    two_nodes.node.run("ip -6 address add 2001:db8::1/64 dev up0 nodad")
    with two_nodes.node.inside():
        load(*OUTPUT, "add rule inet t c ip6 daddr 2001:db8::2 udp dport 4500 drop")
        result = traced(flow(destination="2001:db8::2", source="2001:db8::1"))
    assert result == dropped(native("ip6 daddr 2001:db8::2 udp dport 4500 drop", 2))


def test_a_packet_that_was_never_sent_is_not_called_passed(two_nodes) -> None:
    with two_nodes.node.inside():
        tracer = open_tracer([flow()])
        assert not isinstance(tracer, NotChecked)
        with tracer:
            assert tracer.read(0.0) == 0
            result = tracer.conclude(flow())
    assert result == NotChecked(reason="no trace message came for the flow")


def test_a_rule_that_is_gone_still_has_its_handle(two_nodes) -> None:
    with two_nodes.node.inside():
        load(*OUTPUT, "add rule inet t c udp dport 4500 drop")
        tracer = open_tracer([flow()])
        assert not isinstance(tracer, NotChecked)
        with tracer:
            send(flow())
            tracer.read(0.02)
            load("delete table inet t")
            result = tracer.conclude(flow())
    assert result == dropped(native("", 2), hook="")


def test_without_privilege_there_is_no_trace(two_nodes) -> None:
    with two_nodes.node.inside():
        before = ruleset()
        os.seteuid(65534)
        try:
            tracer = open_tracer([flow()])
        finally:
            os.seteuid(0)
        assert isinstance(tracer, NotChecked)
        assert ruleset() == before


def test_the_table_dies_with_the_process(two_nodes) -> None:
    program = (
        "from ipaddress import ip_address as a\n"
        "import time\n"
        "from edgediag.model.flow import Flow, Protocol\n"
        "from edgediag.net.nftrace import open_tracer\n"
        "flow = Flow(protocol=Protocol.UDP, source=a('192.0.2.1'), source_port=1,\n"
        "    destination=a('192.0.2.2'), destination_port=2)\n"
        "tracer = open_tracer([flow])\n"
        "print('open', flush=True)\n"
        "time.sleep(30)\n"
    )
    with two_nodes.node.inside():
        child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
        try:
            assert child.stdout is not None and child.stdout.readline() == "open\n"
            assert "table inet edgediag_" in ruleset()
        finally:
            child.send_signal(signal.SIGKILL)
            child.wait()
            child.stdout.close()
        deadline_s = time.monotonic() + 1.0
        while ruleset() and time.monotonic() < deadline_s:
            pass
        assert ruleset() == ""


def test_nobody_else_can_change_the_table(two_nodes) -> None:
    with two_nodes.node.inside():
        tracer = open_tracer([flow()])
        assert not isinstance(tracer, NotChecked)
        with tracer:
            load("flush ruleset")
            assert "table inet edgediag_" in ruleset()
            send(flow())
            tracer.read(0.02)
            result = tracer.conclude(flow())
    assert result == passed()
