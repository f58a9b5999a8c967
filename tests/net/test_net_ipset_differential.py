"""Rules that look into ipsets: the walk and the rule's own counter say the same of a packet."""

import os
import shutil
import socket
import struct
import subprocess
from contextlib import suppress
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

import pytest

from edgediag.cli.explain import Sender, parcel_of
from edgediag.host.netfilter.iptables import iptables_text
from edgediag.host.walk.conclusion import conclude
from edgediag.host.walk.effects import Fate
from edgediag.host.walk.journal import Journal
from edgediag.host.walk.parcel import CtState
from edgediag.model.explained import Disposition
from edgediag.model.flow import Flow, Protocol
from edgediag.net.walk_answers import walk_outbound

if TYPE_CHECKING:
    from tests.net.conftest import TwoNodes

pytestmark = [
    pytest.mark.netns,
    pytest.mark.skipif(
        not all(map(shutil.which, ("iptables-nft", "ipset"))),
        reason="needs iptables-nft and ipset to make the rules",
    ),
]

NODE = IPv4Address("192.0.2.1")
UDP = Flow(
    protocol=Protocol.UDP,
    source=NODE,
    source_port=40000,
    destination=IPv4Address("198.51.100.2"),
    destination_port=4500,
)
PACKETS = (
    UDP,
    replace(UDP, destination=IPv4Address("192.0.2.2"), source_port=40001),
    replace(UDP, destination=IPv4Address("203.0.113.9"), destination_port=53),
    replace(UDP, destination=IPv4Address("203.0.113.77"), source_port=40002),
    replace(UDP, destination=NODE),
    replace(UDP, protocol=Protocol.TCP, source_port=40003),
    replace(UDP, protocol=Protocol.TCP, source_port=40004, destination_port=53),
    replace(UDP, protocol=Protocol.ICMP, source_port=7, destination_port=7),
)


@dataclass(frozen=True)
class Case:
    """A set, what is in it, and the directions that a rule looks it up with."""

    made: str
    entries: tuple[str, ...]
    directions: str


CASES = [
    Case("hash:ip", ("198.51.100.2", "192.0.2.1"), "dst"),
    Case("hash:ip", ("192.0.2.1",), "src"),
    Case("hash:ip", ("192.0.2.1",), "src,dst"),
    Case("hash:ip netmask 24", ("198.51.100.0", "203.0.113.0"), "dst"),
    Case("hash:ip timeout 600", ("198.51.100.2 timeout 300",), "dst"),
    Case("hash:ip counters", ("198.51.100.2",), "dst"),
    Case("hash:net", ("203.0.113.0/24", "203.0.113.64/26 nomatch", "198.51.100.0/30"), "dst"),
    Case("hash:net", ("0.0.0.0/1", "128.0.0.0/1", "192.0.2.0/25 nomatch"), "dst"),
    Case("hash:ip,port", ("198.51.100.2,udp:4500", "203.0.113.9,53", "192.0.2.1,4500"), "dst,dst"),
    Case("hash:ip,port", ("198.51.100.2,40000-40009", "192.0.2.1,udp:40000"), "dst,src"),
    Case("hash:ip,port", ("198.51.100.2,icmp:echo-request",), "dst,dst"),
    Case("hash:ip,port", ("198.51.100.2,udp:4500",), "dst"),
    Case("hash:net,port", ("203.0.113.0/24,udp:53", "198.51.100.0/24,tcp:4500"), "dst,dst"),
    Case("hash:net,port", ("192.0.2.0/24,udp:4500", "192.0.2.0/24,tcp:53 nomatch"), "src,dst"),
    Case("hash:ip,port,ip", ("192.0.2.1,udp:4500,198.51.100.2",), "src,dst,dst"),
    Case("hash:ip,port,ip", ("198.51.100.2,tcp:53,192.0.2.1",), "dst,dst,src"),
    Case("hash:ip,port,net", ("192.0.2.1,udp:4500,203.0.113.64/26",), "src,dst,dst"),
    Case("hash:net,net", ("192.0.2.0/24,198.51.100.0/24",), "src,dst"),
    Case("hash:net,net", ("198.51.100.0/24,192.0.2.0/24",), "src,dst"),
    Case("hash:net,port,net", ("192.0.2.0/24,udp:4500,203.0.113.0/24",), "src,dst,dst"),
    Case("hash:net,iface", ("198.51.100.0/24,up0", "192.0.2.1,lo"), "dst,dst"),
    Case("hash:net,iface", ("198.51.100.0/24,up0",), "dst,src"),
    Case("hash:mac", ("02:00:00:00:00:01",), "src"),
    Case("hash:ip,mac", ("192.0.2.1,02:00:00:00:00:01",), "src,src"),
    Case("hash:ip,mark", ("198.51.100.2,0x0", "192.0.2.2,0x5"), "dst,dst"),
    Case("hash:ip,mark markmask 0xff", ("198.51.100.2,0x40", "192.0.2.2,0"), "dst,src"),
    Case("bitmap:ip range 192.0.2.0/24", ("192.0.2.1-192.0.2.2",), "dst"),
    Case("bitmap:ip range 198.51.100.0/24 netmask 30", ("198.51.100.0",), "dst"),
    Case("bitmap:port range 0-65535", ("4500", "40003"), "dst"),
    Case("bitmap:port range 0-65535", ("40003", "0-9"), "src"),
    Case("bitmap:ip,mac range 192.0.2.0/24", ("192.0.2.1",), "src,src"),
    Case("bitmap:ip,mac range 192.0.2.0/24", ("192.0.2.1",), "src,dst"),
    Case("list:set", ("inner-net", "inner-port"), "dst"),
    Case("list:set", ("inner-net", "inner-port"), "dst,dst"),
    Case("list:set", (), "dst"),
    Case("list:set", ("inner-6", "inner-port"), "dst,dst"),
]


def run(*command: str, text: str = "") -> str:
    done = subprocess.run(command, check=True, capture_output=True, text=True, input=text)
    return done.stdout


def send(flow: Flow) -> None:
    """One packet of the flow."""
    if flow.protocol is Protocol.ICMP:
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as sender:
            echo = struct.pack("!BBHHH", 8, 0, 0xF7FF - flow.source_port, flow.source_port, 0)
            with suppress(OSError):
                sender.sendto(echo, (str(flow.destination), 0))
        return
    kind = socket.SOCK_STREAM if flow.protocol is Protocol.TCP else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as sender, suppress(OSError):
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sender.bind((str(flow.source), flow.source_port))
        sender.setblocking(False)
        sender.connect((str(flow.destination), flow.destination_port))
        if kind is socket.SOCK_DGRAM:
            sender.send(b"x")


def counted() -> bool:
    """Whether the rule has met a packet since it was last asked."""
    listed = run("iptables-nft", "-nvxL", "OUTPUT", "-Z").splitlines()
    return int(listed[3].split()[0]) > 0


@pytest.mark.parametrize("negation", ["", "! "], ids=["in", "not in"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.made} {case.directions}")
def test_the_walk_finds_in_a_set_what_the_kernel_finds(
    two_nodes: "TwoNodes", case: Case, negation: str
) -> None:
    inner = (
        "create inner-net hash:net\ncreate inner-6 hash:ip family inet6\n"
        "create inner-port hash:ip,port\n"
        "add inner-net 203.0.113.64/26\nadd inner-port 198.51.100.2,udp:4500\n"
    )
    entries = "".join(f"add s {entry}\n" for entry in case.entries)
    with two_nodes.node.inside():
        run("ipset", "restore", text=inner)
        if subprocess.run(["ipset", "create", "s", *case.made.split()]).returncode != 0:
            pytest.skip(f"this kernel has no {case.made}")
        run("ipset", "restore", text=entries)
        # What this node answers to itself is another packet.
        run("iptables-nft", "-A", "OUTPUT", "-p", "icmp", "!", "--icmp-type", "8", "-j", "ACCEPT")
        options = f"{negation}--match-set s {case.directions}"
        run("iptables-nft", "-A", "OUTPUT", "-m", "set", *options.split(), "-j", "DROP")
        counted()
        before = run("ipset", "list", "s")
        differing = []
        for flow in PACKETS:
            sender = Sender(mark=0, uid=os.getuid(), gid=os.getgid(), state=CtState.NEW)
            said = conclude(*walk_outbound(parcel_of(flow, sender), Journal()))
            if "timeout" not in case.made:
                assert run("ipset", "list", "s") == before, "a question has changed the set"
            # What comes in again by lo may be doubted, but not what a set says.
            (course,) = said.courses
            is_dropped = course.fate is Fate.DROPPED
            if is_dropped:
                rule = course.steps[-1].rule
                assert rule is not None and iptables_text(rule) == f"-m set {options} -j DROP"
            send(flow)
            # A counting set has counted the packet.
            before = run("ipset", "list", "s")
            if counted() != is_dropped:
                differing.append((flow, said.disposition))
    assert differing == []


def test_what_looks_at_counters_is_not_decided(two_nodes: "TwoNodes") -> None:
    with two_nodes.node.inside():
        run("ipset", "restore", text="create s hash:ip counters\nadd s 198.51.100.2\n")
        options = "--match-set s dst --packets-gt 5"
        run("iptables-nft", "-A", "OUTPUT", "-m", "set", *options.split(), "-j", "DROP")
        sender = Sender(mark=0, uid=os.getuid(), gid=os.getgid(), state=CtState.NEW)
        said = conclude(*walk_outbound(parcel_of(UDP, sender), Journal()))
    assert said.disposition is Disposition.UNDETERMINED
    assert said.hangs_on == ("-m set",)
