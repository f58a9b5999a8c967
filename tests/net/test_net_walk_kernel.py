"""What the walk says of rules that are easily misread, and what the kernel does with the packet.

Each rule in question counts; where the walk says that it drops the packet the kernel has counted
it, and where the walk says that the packet passes the kernel has not.
"""

import os
import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edgediag.host.netfilter.chains import Backend, Chain, ChainName
from edgediag.host.walk.chain_walk import Course
from edgediag.host.walk.conclusion import Conclusion, conclude
from edgediag.host.walk.effects import Fate
from edgediag.host.walk.header import ends_of
from edgediag.host.walk.journal import Journal
from edgediag.host.walk.needs import NeedChain
from edgediag.host.walk.parcel import CtState, Parcel, Sender, parcel_in, parcel_of
from edgediag.model.answer import NotChecked
from edgediag.model.exchange import NextHop
from edgediag.model.flow import Flow, Protocol
from edgediag.model.packet import Packet, UdpDatagram
from edgediag.net import ways
from edgediag.net.netlink import NETLINK_NETFILTER, Dump, NetlinkSocket, Refusal
from edgediag.net.rule_tables import RuleTables
from edgediag.net.walk_answers import walk_inbound, walk_outbound, walk_reply
from edgediag.net.ways import interface, ipvs_of
from edgediag.wire.headers import frame
from net.live_frames import LiveFrames

if TYPE_CHECKING:
    from tests.net.conftest import Node, TwoNodes

pytestmark = [
    pytest.mark.netns,
    pytest.mark.skipif(shutil.which("nft") is None, reason="needs nft to make the rules"),
]

NODE, PEER, FAR = map(IPv4Address, ("192.0.2.1", "192.0.2.2", "198.51.100.2"))
BEYOND = "203.0.113.9"
TUNNEL = Flow(
    protocol=Protocol.UDP,
    source=NODE,
    source_port=40000,
    destination=FAR,
    destination_port=4500,
)
TO_SELF = replace(TUNNEL, destination=NODE)
TO_BEYOND = replace(TUNNEL, source=PEER, destination=IPv4Address(BEYOND))
OWN_MAC, EVERYBODY = "02:00:00:00:00:01", "ff:ff:ff:ff:ff:ff"
DNAT = f"type nat hook output priority -100; udp dport 4500 dnat ip to {BEYOND}"


def load(rules: str) -> None:
    subprocess.run(["nft", "-f", "-"], input=rules, text=True, check=True)


def table(*chains: str, flags: str = "", family: str = "inet") -> str:
    """A table with chains c0, c1, ..."""
    body = "".join(f" chain c{n} {{\n  {chain}\n }}\n" for n, chain in enumerate(chains))
    return f"table {family} t {{\n {flags}\n{body}}}\n"


def sent_by(flow: Flow) -> Parcel:
    return parcel_of(flow, Sender(mark=0, uid=os.getuid(), gid=os.getgid(), state=CtState.NEW))


def explained(flow: Flow) -> Conclusion:
    return conclude(*walk_outbound(sent_by(flow), Journal()))


def explained_in(flow: Flow) -> Conclusion:
    return conclude(*walk_inbound(parcel_in(flow, interface("up0"), CtState.NEW), Journal()))


def send(flow: Flow) -> bool:
    """Whether the kernel let a datagram of the flow go."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind((str(flow.source), flow.source_port))
        try:
            sender.sendto(b"x", (str(flow.destination), flow.destination_port))
        except OSError:
            return False
    return True


def come_in(flow: Flow, mac: str = OWN_MAC) -> None:
    """Let a datagram of the flow come in by up0 in a frame to this address."""
    packet = Packet(flow=flow, hop_limit=64, ip_id=1, payload=UdpDatagram(payload=b"x"))
    hop = NextHop(interface="up0", source_mac="02:00:00:00:00:02", destination_mac=mac)
    with LiveFrames() as frames:
        frames.receive(frame(packet, hop), interface("up0").index)


def counted() -> int:
    """The packets of all rules that count."""
    listed = subprocess.run(["nft", "list", "ruleset"], capture_output=True, text=True, check=True)
    return sum(map(int, re.findall(r"counter packets (\d+)", listed.stdout)))


def another_device(node: "Node") -> None:
    node.run(
        "ip link add out0 type veth peer name out1",
        # Else what they send of IPv6 is counted as well.
        "ip link set out0 addrgenmode none",
        "ip link set out1 addrgenmode none",
        "ip address add 203.0.113.1/24 dev out0",
        "ip link set out0 up",
        "ip link set out1 up",
        f"ip neighbour add {BEYOND} lladdr 02:00:00:00:00:09 dev out0",
        "sysctl -q net.ipv4.ip_forward=1",
    )


@pytest.mark.parametrize(
    ("rules", "flow", "said"),
    [
        pytest.param(
            table("type filter hook output priority 0; udp dport 4500 counter drop"),
            TUNNEL,
            "dropped",
            id="a table",
        ),
        pytest.param(
            table(
                "type filter hook output priority 0; udp dport 4500 counter drop",
                flags="flags dormant;",
            ),
            TUNNEL,
            "passes",
            id="a dormant one",
        ),
        pytest.param(
            table(
                "type nat hook output priority -100; udp dport 4500 dnat to :8080",
                "type filter hook output priority 0; udp dport 8080 counter drop",
            ),
            TUNNEL,
            "dropped",
            id="a translation of the port alone, for both versions of IP",
        ),
        pytest.param(
            table(DNAT, 'type filter hook output priority 0; oifname "up0" counter drop'),
            TUNNEL,
            "dropped",
            id="OUTPUT is shown the device from before the translation",
        ),
        pytest.param(
            table(DNAT, 'type filter hook output priority 0; oifname "out0" counter drop'),
            TUNNEL,
            "passes",
            id="not the one from behind it",
        ),
        pytest.param(
            table(DNAT, 'type filter hook postrouting priority 0; oifname "out0" counter drop'),
            TUNNEL,
            "dropped",
            id="POSTROUTING is",
        ),
        pytest.param(
            table(
                "type filter hook output priority -300; ct mark set 7",
                "type filter hook output priority 0; ct mark 7 counter drop",
            ),
            TUNNEL,
            "passes",
            id="a mark before there is a connection",
        ),
        pytest.param(
            table(
                "type filter hook output priority -150; ct mark set 7",
                "type filter hook output priority 0; ct mark 7 counter drop",
            ),
            TUNNEL,
            "dropped",
            id="a mark of the connection",
        ),
        pytest.param(
            table(
                "type filter hook postrouting priority 0;"
                " udp dport 4500 ct status confirmed counter drop"
            ),
            TO_SELF,
            "rejected",
            id="a connection that is not confirmed yet",
        ),
        pytest.param(
            table("type filter hook input priority 0; ct status confirmed counter drop"),
            TO_SELF,
            "dropped",
            id="one that has been, as the packet comes in again",
        ),
    ],
)
def test_a_rule_on_what_is_sent(
    two_nodes: "TwoNodes", rules: str, flow: Flow, said: str
) -> None:
    another_device(two_nodes.node)
    with two_nodes.node.inside():
        load(rules)
        found = explained(flow).disposition.value
        send(flow)
        assert (found, counted()) == (said, 1 if said == "dropped" else 0)


@pytest.mark.parametrize(
    ("chains", "said"),
    [
        pytest.param(
            ("type route hook output priority -150; meta mark set 7", DNAT),
            "dropped",
            id="before the translation",
        ),
        pytest.param(
            (DNAT, "type filter hook output priority 0; meta mark set 7"),
            "passes",
            id="behind it",
        ),
    ],
)
def test_a_mark_that_a_policy_rule_refuses(
    two_nodes: "TwoNodes", chains: tuple[str, ...], said: str
) -> None:
    another_device(two_nodes.node)
    two_nodes.node.run("ip rule add fwmark 7 prohibit")
    with two_nodes.node.inside():
        load(table(*chains))
        found = explained(TUNNEL).disposition.value
        assert (found, send(TUNNEL)) == (said, said == "passes")


@pytest.mark.parametrize(
    ("to", "mac", "said", "packets"),
    [
        pytest.param("255.255.255.255", EVERYBODY, "dropped", 1, id="to all on the wire"),
        pytest.param("192.0.2.1", OWN_MAC, "rejected", 0, id="to this host"),
        pytest.param("192.0.2.255", EVERYBODY, "undetermined", 1, id="to all of this network"),
        pytest.param(
            "203.0.113.255", OWN_MAC, "undetermined", 0, id="to all of another, by this host"
        ),
    ],
)
def test_to_whom_a_frame_was_sent(
    two_nodes: "TwoNodes", to: str, mac: str, said: str, packets: int
) -> None:
    another_device(two_nodes.node)
    coming = replace(TUNNEL, source=PEER, destination=IPv4Address(to))
    hook = "type filter hook prerouting priority 0"
    with two_nodes.node.inside():
        load(table(f"{hook}; udp dport 4500 meta pkttype broadcast counter drop"))
        found = explained_in(coming).disposition.value
        come_in(coming, mac)
        assert (found, counted()) == (said, packets)


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        pytest.param('iifname "up0"', "passes", id="not the one that it came in by"),
        pytest.param('iifname != "up0"', "dropped", id="another: none"),
    ],
)
def test_the_first_device_at_the_one_that_a_packet_leaves_by(
    two_nodes: "TwoNodes", condition: str, said: str
) -> None:
    another_device(two_nodes.node)
    hook = "type filter hook egress device out0 priority 0"
    with two_nodes.node.inside():
        load(table(f"{hook}; ip daddr {BEYOND} {condition} counter drop", family="netdev"))
        found = explained_in(TO_BEYOND).disposition.value
        come_in(TO_BEYOND)
        assert (found, counted()) == (said, 1 if said == "dropped" else 0)


@contextmanager
def answering(peer: "Node") -> Iterator[None]:
    """A socket of the peer that answers one datagram, and one that listens."""
    with (
        peer.inside(),
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
        socket.create_server((str(PEER), 4500)),
    ):
        datagrams.bind((str(PEER), 4500))
        datagrams.settimeout(2.0)

        def echo() -> None:
            with suppress(OSError):
                octets, sender = datagrams.recvfrom(16)
                datagrams.sendto(octets, sender)

        thread = threading.Thread(target=echo)
        thread.start()
        yield
        thread.join()


def is_answered(flow: Flow) -> bool:
    """Whether the kernel lets an answer of the peer come in."""
    to = str(flow.destination), flow.destination_port
    if flow.protocol is Protocol.ICMP:
        ping = ["ping", "-c1", "-W1", to[0]]
        return subprocess.run(ping, stdout=subprocess.DEVNULL).returncode == 0
    kind = socket.SOCK_STREAM if flow.protocol is Protocol.TCP else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as asking:
        asking.settimeout(0.5)
        try:
            asking.connect(to)
            if kind is socket.SOCK_DGRAM:
                asking.send(b"x")
                asking.recv(16)
        except TimeoutError:
            return False
    return True


@pytest.mark.parametrize(
    ("protocol", "state", "said"),
    [
        pytest.param(Protocol.UDP, "established", "dropped", id="udp is not established"),
        pytest.param(Protocol.UDP, "new", "passes", id="udp is new"),
        pytest.param(Protocol.TCP, "established,new", "dropped", id="tcp is neither"),
        pytest.param(Protocol.TCP, "invalid", "passes", id="tcp is invalid"),
        pytest.param(Protocol.ICMP, "established,new", "dropped", id="an echo is neither"),
        pytest.param(Protocol.ICMP, "invalid", "passes", id="an echo is invalid"),
    ],
)
def test_an_answer_to_what_nobody_tracked(
    two_nodes: "TwoNodes", protocol: Protocol, state: str, said: str
) -> None:
    flow = replace(TUNNEL, protocol=protocol, destination=PEER)
    rules = table(
        "type filter hook output priority -300; notrack",
        f"type filter hook input priority 0; policy drop; ct state {state} accept",
    )
    with answering(two_nodes.peer), two_nodes.node.inside():
        load(rules)
        found = conclude(*walk_reply(sent_by(flow), Journal())).disposition.value
        assert (found, is_answered(flow)) == (said, said == "passes")


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6], ids=("v4", "mapped"))
@pytest.mark.parametrize(
    ("source_port", "said"),
    [
        pytest.param(6000, "passes", id="its peer"),
        pytest.param(6001, "rejected", id="another"),
        pytest.param(0, "undetermined", id="perhaps its peer"),
    ],
)
def test_a_socket_that_is_connected(
    two_nodes: "TwoNodes", family: socket.AddressFamily, source_port: int, said: str
) -> None:
    prefix = "::ffff:" if family is socket.AF_INET6 else ""
    coming = replace(TUNNEL, source=PEER, source_port=source_port, destination=NODE)
    with two_nodes.node.inside(), socket.socket(family, socket.SOCK_DGRAM) as connected:
        connected.bind((f"{prefix}{NODE}", 4500))
        connected.connect((f"{prefix}{PEER}", 6000))
        connected.settimeout(0.3)
        found = explained_in(coming)
        is_taken = is_received(connected, two_nodes.peer, coming) if source_port else None
    assert (found.disposition.value, is_taken) == (
        said,
        said == "passes" if source_port else None,
    )


def is_received(connected: socket.socket, peer: "Node", flow: Flow) -> bool:
    with peer.inside():
        send(flow)
    try:
        return connected.recv(16) == b"x"
    except TimeoutError:
        return False


def test_with_whom_it_is_connected_is_said(two_nodes: "TwoNodes") -> None:
    coming = replace(TUNNEL, source=PEER, source_port=0, destination=NODE)
    with two_nodes.node.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connected:
        connected.bind((str(NODE), 4500))
        connected.connect((str(PEER), 6000))
        assert explained_in(coming).hangs_on == (
            "whether 192.0.2.2:6000 sends it, which a socket is connected with",
        )


def test_each_chain_is_read_once(
    two_nodes: "TwoNodes", monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    chain = RuleTables.chain

    def noted(tables: RuleTables, need: NeedChain) -> Chain | NotChecked:
        read.append(need.name.chain)
        return chain(tables, need)

    monkeypatch.setattr(RuleTables, "chain", noted)
    bases = ["type filter hook output priority 0; jump u"] * 3
    with two_nodes.node.inside():
        load("table inet t {\n chain u { meta mark 1 drop; }\n}\n" + table(*bases))
        assert explained(TUNNEL).disposition.value == "passes"
    assert sorted(read) == ["c0", "c1", "c2", "u"]


def test_of_a_chain_those_rules_are_decoded_that_a_packet_may_match(
    two_nodes: "TwoNodes", monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = (
        "ip daddr 198.51.100.9 drop",
        "meta nfproto ipv6 drop",
        "tcp dport 4500 drop",
        "counter ip daddr 198.51.100.9 drop",
        "ip daddr 198.51.100.0/24 counter",
        "ip daddr != 198.51.100.2 drop",
        'iifname "up0" ip saddr 192.0.2.9 counter drop comment "no"',
    )
    name = ChainName(backend=Backend.NFT, family="inet", table="t", chain="c")
    asked: list[bytes] = []
    dump = NetlinkSocket.dump

    def noted(netlink: NetlinkSocket, type_: int, payload: bytes) -> Dump | Refusal:
        asked.append(payload)
        return dump(netlink, type_, payload)

    monkeypatch.setattr(NetlinkSocket, "dump", noted)
    with two_nodes.node.inside(), NetlinkSocket(NETLINK_NETFILTER) as netlink:
        load("table inet t {\n chain c { " + "; ".join(rules) + "; }\n}\n")
        tables = RuleTables(netlink, ())
        numbers = []
        for ends in (None, ends_of(sent_by(TUNNEL)), ends_of(sent_by(TO_SELF))):
            chain = tables.chain(NeedChain(name=name, ends=ends))
            assert isinstance(chain, Chain)
            numbers.append(tuple(chain.numbers))
    assert numbers == [(1, 2, 3, 4, 5, 6, 7), (4, 5, 6), (4, 6)]
    assert len(asked) == 1


COURSES = (Course(parcel=sent_by(TUNNEL), steps=(), doubts=(), fate=Fate.ACCEPTED),)


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        pytest.param("", (), id="no service"),
        pytest.param(
            "UDP  C6336402:1194 rr \n",
            ("which server of IPVS gets what is for udp 198.51.100.2:4500",),
            id="a service",
        ),
        pytest.param(
            "x" * (2 * 2**20 + 1), ("services of IPVS: more than 2097152 octets",), id="too many"
        ),
    ],
)
def test_services_of_ipvs(
    listed: str, expected: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The kernels that run these tests have no IPVS.
    path = tmp_path / "ip_vs"
    path.write_text(listed)
    monkeypatch.setattr(ways, "_IPVS", path)
    assert ipvs_of(COURSES) == expected


def test_a_kernel_without_ipvs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ways, "_IPVS", tmp_path / "nothing")
    assert ipvs_of(COURSES) == ()


def test_services_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ways, "_IPVS", tmp_path)
    assert ipvs_of(COURSES) == ("services of IPVS: Is a directory",)
