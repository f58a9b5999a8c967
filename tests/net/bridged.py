"""A node with a bridge of three ports, and what its kernel's trace says of a frame there."""

import random
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from edgediag.host.netfilter.journey import Dropped, Tables, journey_of
from edgediag.host.netfilter.trace import TraceMessage, decode_trace
from edgediag.host.walk.conclusion import Conclusion
from edgediag.host.walk.parcel import CtState, Parcel, frame_of, parcel_in
from edgediag.model.exchange import NextHop
from edgediag.model.explained import Disposition
from edgediag.model.flow import Flow
from edgediag.net.netlink import NETLINK_NETFILTER, NetlinkSocket, Refusal
from edgediag.net.nfnetlink import NFNLGRP_NFTRACE
from edgediag.net.polling import is_readable
from edgediag.net.walk_answers import walk_inbound
from edgediag.net.ways import interface
from net.differential import named, walked
from net.rule_sets import Condition, RuleSet, Writer

if TYPE_CHECKING:
    from tests.net.conftest import Node

OWN = IPv4Address("203.0.113.1")
SENDER = IPv4Address("203.0.113.9")
MACS = {
    OWN: "02:00:00:00:00:b0",
    SENDER: "02:00:00:00:00:c9",
    IPv4Address("203.0.113.2"): "02:00:00:00:00:c2",
    IPv4Address("203.0.113.3"): "02:00:00:00:00:c3",
}
PORTS = (53, 123, 500, 4500)
OWN_TABLES = Tables(begin="traced", end="ended")
# Where the trace begins and what it passes at the end, beyond all priorities that are drawn.
_MARKERS = """
table bridge traced {
 chain prerouting { type filter hook prerouting priority -400; meta nftrace set 1; }
 chain output { type filter hook output priority -400; meta nftrace set 1; }
}
table bridge ended {
 chain input { type filter hook input priority 400; }
}
table netdev ended {
 chain sent { type filter hook egress devices = { p1, p2, p3 } priority 0; }
}
"""
_DEADLINE_S = 2.0


def bridged(node: "Node") -> None:
    """A bridge br0 with the ports p1, p2 and p3, behind each of which one neighbour is known."""
    node.run(
        f"ip link add br0 address {MACS[OWN]} type bridge",
        "ip link set br0 addrgenmode none",
        "ip address add 203.0.113.1/24 dev br0",
        "ip link set br0 up",
    )
    for number, address in ((1, SENDER), (2, "203.0.113.2"), (3, "203.0.113.3")):
        mac = MACS[IPv4Address(address)]
        node.run(
            f"ip link add p{number} type veth peer name q{number}",
            f"ip link set p{number} addrgenmode none",
            f"ip link set q{number} addrgenmode none",
            f"ip link set p{number} master br0",
            f"ip link set p{number} up",
            f"ip link set q{number} up",
            f"bridge fdb replace {mac} dev p{number} master static",
            f"ip neighbour replace {address} lladdr {mac} dev br0 nud permanent",
        )
    _await_ports(node)


def _await_ports(node: "Node") -> None:
    deadline_s = time.monotonic() + 5.0
    while time.monotonic() < deadline_s:
        if node.output("bridge link show").count("state forwarding") == 3:
            return
        time.sleep(0.02)
    raise AssertionError("the ports of br0 carry no frames after 5 s")


def mark_ends() -> None:
    """Into this namespace the tables between which frames are traced."""
    subprocess.run(["nft", "-f", "-"], input=_MARKERS, text=True, check=True)


class FrameTrace:
    """The kernel's trace messages, from when it is made."""

    def __init__(self) -> None:
        self._netlink = NetlinkSocket(NETLINK_NETFILTER, group=NFNLGRP_NFTRACE)
        self._messages: list[TraceMessage] = []

    def __enter__(self) -> "FrameTrace":
        return self

    def __exit__(self, *_: object) -> None:
        self._netlink.close()

    def end_of(self, flow: Flow) -> tuple[str, str, int] | str | None:
        """Table, chain and handle that drop the flow, or the chain at the end that it came to."""
        deadline_s = time.monotonic() + _DEADLINE_S
        while time.monotonic() < deadline_s:
            end = self._told(flow)
            if end is not None:
                return end
            if is_readable(self._netlink.fileno(), deadline_s - time.monotonic()):
                received = self._netlink.receive()
                assert not isinstance(received, Refusal)
                steps = (decode_trace(message) for message in received)
                self._messages += [step for step in steps if step is not None]
        return None

    def _told(self, flow: Flow) -> tuple[str, str, int] | str | None:
        found = journey_of(flow, self._messages, own=OWN_TABLES)
        if isinstance(found, Dropped) and not found.is_reply:
            return found.table, found.chain, found.handle
        ends = (m.chain for m in self._messages if (m.table, m.flow) == (OWN_TABLES.end, flow))
        return next(ends, None)


def differs(said: Conclusion, end: tuple[str, str, int] | str | None, last: str) -> str:
    """"agree", what it hangs on, or how the walk differs from the kernel in the bridge.

    last  the chain of the trace that it comes to where nothing drops it
    """
    if said.disposition is Disposition.UNDETERMINED:
        return f"unknown: {said.hangs_on[0]}"
    if end is None:
        return f"no trace: {said.disposition.value}"
    dropped = named(said)
    if isinstance(end, tuple):
        return "agree: drops" if end in dropped else f"DIFFERS {said.disposition} {dropped} {end}"
    if dropped or end != last:
        return f"DIFFERS {dropped} {end}"
    return "agree: passes"


def framed(parcel: Parcel, to: str) -> Parcel:
    """The packet in a frame from its sender to a MAC."""
    macs = (bytes.fromhex(mac.replace(":", "")) for mac in (to, MACS[SENDER]))
    return replace(parcel, frame=frame_of(parcel, *macs))


def explained_by_port(flow: Flow, port: str, to: str) -> Conclusion:
    parcel = parcel_in(flow, interface(port), CtState.NEW)
    return walked(walk_inbound, framed(parcel, to))


def hop(port: str, to: str) -> NextHop:
    return NextHop(interface=port, source_mac=MACS[SENDER], destination_mac=to)


def index(port: str) -> int:
    return socket.if_nametoindex(port)


def _c(text: str, hit: dict[str, str | int] | None = None) -> Condition:
    return Condition(text, hit or {})


_BRIDGE: Sequence[Condition] = (
    _c("ether type ip"),
    _c("ether type arp"),
    _c("ether daddr 02:00:00:00:00:c2", {"destination": "203.0.113.2"}),
    _c("ether daddr != 02:00:00:00:00:b0"),
    _c("ether daddr 02:00:00:00:00:b0", {"destination": "203.0.113.1"}),
    _c("ether saddr 02:00:00:00:00:c9"),
    _c("ether saddr 02:00:00:00:00:b0"),
    _c("ether saddr & 0f:00:00:00:00:00 == 02:00:00:00:00:00"),
    _c("meta protocol ip"),
    _c("meta protocol vlan"),
    _c("vlan id 5"),
    _c("ip daddr 203.0.113.0/30", {"destination": "203.0.113.3"}),
    _c("ip saddr 203.0.113.9"),
    _c("ip saddr 203.0.113.1"),
    _c("ip6 daddr 2001:db8::1"),
    _c("udp dport { 500, 4500 }", {"protocol": "udp", "port": 4500}),
    _c("udp dport 100-600", {"protocol": "udp", "port": 123}),
    _c("tcp dport 53", {"protocol": "tcp", "port": 53}),
    _c("meta l4proto tcp", {"protocol": "tcp"}),
    _c("ip protocol udp", {"protocol": "udp"}),
    _c('iifname "p1"'),
    _c('iifname "p*"'),
    _c('oifname "p2"', {"destination": "203.0.113.2"}),
    _c('oifname != "p2"', {"destination": "203.0.113.3"}),
    _c('oifname "br0"'),
    _c("oif 0"),
    _c("meta mark & 0x3 == 0x1"),
    _c("meta mark 0"),
    _c("meta pkttype host"),
    _c("meta pkttype other"),
    _c(
        "ether daddr . ip daddr { 02:00:00:00:00:c2 . 203.0.113.2 }",
        {"destination": "203.0.113.2"},
    ),
    _c("ether saddr . udp dport @pairs", {"protocol": "udp", "port": 500}),
)
# Where the kernel has nft_meta_bridge.
_OF_PORTS: Sequence[Condition] = (
    _c('meta ibrname "br0"'),
    _c('meta ibrname != "br0"'),
    _c('meta ibrname "br1"'),
    _c('meta obrname "br*"'),
    _c('meta obrname != "br0"'),
    _c('meta ibrname . meta obrname { "br0" . "br0" }'),
    _c("meta ibrpvid 1"),
    _c("meta ibrvproto 8021q"),
)
_ENDS = (
    "drop", "accept", "accept", "return", "jump sub", "goto sub", "counter", "meta mark set 0x1",
    "meta mark set meta mark | 0x2", "udp dport vmap @ends",
)
_SETS = (
    " set pairs { type ether_addr . inet_service; flags interval;"
    " elements = { 02:00:00:00:00:c9 . 400-600, 02:00:00:00:00:b0 . 53 } }\n"
    " map ends { type inet_service : verdict; elements = { 53 : drop, 123 : accept } }\n"
)
_PRIORITIES = (-300, -100, -10, 10, 100)


@cache
def knows_bridges() -> bool:
    """Whether rules of this kernel can ask for the bridge of a port."""
    rule = 'table bridge asks { chain c { meta ibrname "br0" } }'
    argv = ("nft", "--check", "-f", "-")
    return subprocess.run(argv, input=rule, text=True, stderr=subprocess.DEVNULL).returncode == 0


def frame_rules(draw: random.Random, hooks: Sequence[str]) -> RuleSet:
    """Two to four base chains of family bridge at the hooks, and a chain they jump to."""
    writer = Writer(draw, (*_BRIDGE, *_OF_PORTS) if knows_bridges() else _BRIDGE)
    inner = tuple(end for end in _ENDS if "sub" not in end and "vmap" not in end)
    text = f"table bridge b {{\n{_SETS} chain sub {{\n{writer.nft(inner)} }}\n"
    for place in range(draw.randint(2, 4)):
        hook, priority = draw.choice(hooks), draw.choice(_PRIORITIES) + place
        policy = draw.choice(("accept",) * 6 + ("drop",))
        text += (
            f" chain c{place} {{\n  type filter hook {hook} priority {priority};"
            f" policy {policy};\n{writer.nft(_ENDS)} }}\n"
        )
    return RuleSet(("nft", "-f", "-"), text + "}\n", tuple(writer.rules))


def numbered(seed: int, packets: int) -> Iterator[int]:
    """A source port for each packet of a set, so that no trace is met twice."""
    return iter(range(40000 + packets * (seed % 400), 65536))
