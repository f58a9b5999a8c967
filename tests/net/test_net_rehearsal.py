"""Fixes tried on a copy: it is faithful, the fix flips it or not, the host stays as it was."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edgediag.host.fix_words import Fix, parse_fix
from edgediag.host.walk.parcel import CtState, Sender, parcel_in, parcel_of
from edgediag.lab import namespace
from edgediag.model.answer import Answer, NotChecked
from edgediag.model.exchange import FixTrial
from edgediag.model.explained import Arrival, Disposition
from edgediag.model.flow import Flow, Protocol
from edgediag.model.rehearsal import FixFailed, RehearsalAnswer, Rehearsed, Sent, Walked
from edgediag.net.files import NodeFiles
from edgediag.net.host import KernelHost
from edgediag.net.rehearsal import Rehearsal, rehearse, rehearse_parcel
from edgediag.net.shadow import Copy
from edgediag.net.walk_answers import walk_inbound
from edgediag.net.ways import interface

if TYPE_CHECKING:
    from tests.net.conftest import Node, TwoNodes

pytestmark = [
    pytest.mark.netns,
    pytest.mark.skipif(
        not all(map(shutil.which, ("nft", "iptables-nft", "iptables-legacy", "ipset"))),
        reason="needs nft, both kinds of iptables and ipset to make the rules",
    ),
]

TUNNEL = Flow(
    protocol=Protocol.UDP,
    source=ip_address("192.0.2.1"),
    source_port=0,
    destination=ip_address("198.51.100.2"),
    destination_port=4500,
)
SENDER = Sender(mark=0, uid=0, gid=0, state=CtState.NEW)
RULES = """
table inet t {
  set nets {
    type ipv4_addr
    flags interval
    elements = { 198.51.100.0/25, 198.51.100.128/25 }
  }
  set pairs {
    type ipv4_addr . inet_service
    flags interval
    elements = { 203.0.113.0/24 . 1-9 }
  }
  set seen {
    type ipv4_addr
    size 100
    flags dynamic,timeout
    timeout 1h
  }
  map ends {
    type inet_service : verdict
    elements = { 53 : drop, 123 : goto sub }
  }
  counter c {
  }
  quota q {
    over 10 mbytes
  }
  chain sub {
    counter name c
    accept
  }
  chain o {
    type filter hook output priority 0; policy accept;
    udp dport { 500, 4500 } ip daddr @nets counter drop comment "the one"
    udp dport vmap @ends
    ip daddr . udp dport @pairs quota name "q" drop
    update @seen { ip daddr limit rate 5/second }
    tcp dport 22 jump {
      tcp flags syn accept
      drop
    }
  }
  chain last {
    type filter hook postrouting priority 0; policy accept;
  }
}
"""
WITHOUT_INNER = re.sub(r"jump \{.*?\}", "drop", RULES, flags=re.DOTALL)
EVERYTHING = (
    "ip address add 2001:db8::1/64 dev up0 nodad noprefixroute",
    "ip address add 203.0.113.1/32 dev lo",
    "ip route add 203.0.113.64/26 nexthop via 192.0.2.7 weight 2 nexthop via 192.0.2.8",
    "ip route add 203.0.113.128/25 via 192.0.2.9 metric 7 mtu 1300 table 100",
    "ip -6 route add 2001:db8::/64 dev up0",
    "ip -6 route add 2001:db8:1::/48 via 2001:db8::2",
    "ip -6 route add prohibit 2001:db8:2::/48",
    "ip route del broadcast 192.0.2.255 dev up0 table local",
    "ip rule add not fwmark 0x40/0xff lookup 100 priority 100",
    "ip rule add to 203.0.113.9 uidrange 5-7 ipproto udp dport 500-4500 blackhole",
    "ip -6 rule del priority 32766",
    "ip neighbour add 192.0.2.77 lladdr 02:00:00:00:00:77 dev up0",
    "ip link add raven0 index 77 mtu 1400 type vxlan id 5 dstport 4789 dev up0",
    "ip link add idle index 78 type veth peer name idle1",
    "ip link set idle up group 9",
    "sysctl -qw net.ipv4.conf.up0.rp_filter=2 net.ipv4.ip_forward=1 net.ipv4.tcp_fin_timeout=7",
    "ipset create gap hash:ip",
    "ipset create far hash:net comment",
    "ipset create list list:set",
    "ipset add far 198.51.100.0/24 comment word",
    "ipset add list far",
    "ipset destroy gap",
    "iptables-legacy -N SUB",
    "iptables-legacy -A OUTPUT -p udp -m set --match-set far dst -j SUB",
    "iptables-legacy -t nat -A POSTROUTING -o up0 -j MASQUERADE",
    "ip6tables-legacy -A INPUT -p tcp --dport 7 -j REJECT",
    "iptables-nft -t mangle -A OUTPUT -p udp -m multiport --dports 1,2 -m set --match-set far dst"
    " -j MARK --set-mark 5",
    "iptables-nft -A FORWARD ! -p udp -m statistic --mode random --probability 0.5 -j REJECT",
    "ip6tables-nft -A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type echo-request -j ACCEPT",
)
COMPARED = (
    "nft list ruleset",
    "iptables-nft-save",
    "iptables-legacy-save",
    "ip6tables-legacy-save",
    "ipset save",
    "ip -brief address",
    "ip rule",
    "ip -6 rule",
    "ip route show table all",
    "ip -6 route show table all",
    "ip neighbour show nud permanent",
    "sysctl net.ipv4 net.netfilter",
)
# Dates, the other end of a pair and what follows from its state, what counts by itself, and a
# neighbour that was found and is written down in the copy.
MOVING = re.compile(
    r"on \w+ \w+ +\d+ [\d:]+ \d+|@\S+|initval \S+|.*(conntrack_count|random).*| linkdown"
    r"| +(UNKNOWN|UP|(LOWERLAYER)?DOWN) +|192\.0\.2\.2 dev.*|\[\d+:\d+\]"
    r"|.*net\.ipv4\.(neigh|tcp_available|ip_local_reserved|tcp_fastopen_key|tcp_child_ehash)\S*.*"
)
STATE = (
    "nft -a list ruleset",
    "iptables-legacy-save",
    "ipset save",
    "ip -d link",
    "ip address",
    "ip -6 rule",
    "ip rule",
    "ip route show table all",
    "ip neighbour",
)


def load(node: "Node", text: str) -> None:
    with node.inside():
        subprocess.run(["nft", "-f", "-"], input=text, text=True, check=True)


def handle(node: "Node", comment: str) -> str:
    lines = node.output("nft -a list ruleset").splitlines()
    return next(line.split()[-1] for line in lines if f'"{comment}"' in line)


def rehearsed(node: "Node", *fixes: str, flow: Flow = TUNNEL) -> RehearsalAnswer:
    parsed = [fix for fix in map(parse_fix, fixes) if isinstance(fix, Fix)]
    assert len(parsed) == len(fixes)
    with node.inside():
        return rehearse_parcel(parcel_of(flow, SENDER), parsed)


def ends(answer: RehearsalAnswer) -> tuple[str, str, Answer]:
    assert isinstance(answer, Rehearsed), answer
    return answer.before.disposition.value, answer.after.disposition.value, answer.flips


def nothing(copy: Copy) -> NotChecked:
    return NotChecked(reason="nothing is sent")


def state_of(node: "Node") -> list[str]:
    with node.inside():
        said = [
            subprocess.run(command.split(), capture_output=True, text=True).stdout
            for command in (*STATE, "sysctl -a")
        ]
    # What moves by itself: dates in comments, and counts of the kernel's own.
    said = [re.sub("^#.*", "", text, flags=re.MULTILINE) for text in said]
    moving = ("nf_conntrack_count", "random", "file-nr", "inode", "dentry", "pid", "nr_open", "ns_")
    said[-1] = "\n".join(
        line
        for line in said[-1].splitlines()
        if line.startswith("net.") and not any(word in line for word in moving)
    )
    return said


def processes_with(marker: str) -> set[str]:
    """Processes by a word of their command line, which forked ones share with their parent."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if marker in path.read_text(errors="replace"):
                found.add(path.parent.name)
    return found


def test_a_rule_by_the_handle_that_it_has_here(two_nodes: "TwoNodes") -> None:
    node = two_nodes.node
    load(node, RULES)
    number = handle(node, "the one")
    answer = rehearsed(node, f"nft delete rule inet t o handle {number}")
    assert ends(answer) == ("dropped", "passes", Answer.YES)
    assert isinstance(answer, Rehearsed)
    assert [str(each.handle) for each in answer.before.deciders] == [number]
    assert isinstance(answer.sent_before, Sent) and not answer.sent_before.is_passed
    assert answer.sent_after == Sent(is_passed=True, by="")


def test_a_rule_that_the_fix_makes_has_no_handle_here(two_nodes: "TwoNodes") -> None:
    node = two_nodes.node
    load(node, RULES)
    anew = "{ chain o { type filter hook output priority 0; udp dport 4500 drop; }; }"
    answer = rehearsed(node, "nft delete table inet t", f"nft 'table inet t {anew}'")
    assert ends(answer) == ("dropped", "dropped", Answer.NO)
    assert isinstance(answer, Rehearsed)
    assert [each.handle for each in answer.after.deciders] == [None]


@pytest.mark.parametrize(
    ("chain", "packet"),
    [
        pytest.param("OUTPUT", replace(TUNNEL, source=ip_address("0.0.0.0")), id="that it sends"),
        pytest.param(
            "INPUT",
            Arrival(
                interface="up0",
                prefix_length=24,
                flow=replace(TUNNEL.reversed(), source_port=0, destination_port=4500),
            ),
            id="that any of a network sends it",
        ),
    ],
)
def test_a_host_tries_a_command_for_a_packet(
    chain: str, packet: Flow | Arrival, two_nodes: "TwoNodes"
) -> None:
    node, host = two_nodes.node, KernelHost(NodeFiles(root=Path("/")))
    node.run(f"iptables-nft -A {chain} -p udp --dport 4500 -j DROP")
    trial = FixTrial(
        packet=packet, command=f"iptables-nft -t filter -D {chain} 1", is_answered=False
    )
    with node.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taking:
        taking.bind(("192.0.2.1", 4500))
        assert ends(host.rehearse(trial)) == ("dropped", "passes", Answer.YES)
        untried = replace(trial, command="tc qdisc del dev up0 root")
        assert isinstance(host.rehearse(untried), NotChecked)


@pytest.mark.parametrize(
    ("commands", "fix", "expected"),
    [
        pytest.param(
            (
                "iptables-nft -A OUTPUT -p tcp --dport 1 -j DROP",
                "iptables-nft -A OUTPUT -p udp -m multiport --dports 500,4500 -j DROP",
            ),
            "iptables-nft -D OUTPUT 2",
            ("dropped", "passes", Answer.YES),
            id="a rule of iptables-nft with an extension",
        ),
        pytest.param(
            ("iptables-nft -A OUTPUT -p udp -j DROP", "iptables-nft -P OUTPUT DROP"),
            "iptables-nft -D OUTPUT 1",
            ("dropped", "dropped", Answer.NO),
            id="a fix that uncovers the policy",
        ),
        pytest.param(
            ("iptables-nft -P OUTPUT DROP",),
            "iptables-nft -P OUTPUT ACCEPT",
            ("dropped", "passes", Answer.YES),
            id="a policy",
        ),
        pytest.param(
            ("ip route add blackhole 198.51.100.0/24",),
            "ip route del blackhole 198.51.100.0/24",
            ("dropped", "passes", Answer.YES),
            id="a route",
        ),
        pytest.param(
            ("ip route add unreachable default table 9", "ip rule add to 198.51.100.2 table 9"),
            "ip rule del to 198.51.100.2 table 9",
            ("dropped", "passes", Answer.YES),
            id="a policy rule",
        ),
        pytest.param(
            (),
            "iptables-nft -A OUTPUT -p udp --dport 4500 -j DROP",
            ("passes", "dropped", Answer.YES),
            id="a change that breaks what works",
        ),
    ],
)
def test_the_packet_before_and_after(
    commands: tuple[str, ...],
    fix: str,
    expected: tuple[str, str, Answer],
    two_nodes: "TwoNodes",
) -> None:
    two_nodes.node.run(*commands)
    assert ends(rehearsed(two_nodes.node, fix)) == expected


SIX = Flow(
    protocol=Protocol.UDP,
    source=ip_address("2001:db8::1"),
    source_port=0,
    destination=ip_address("2001:db8::2"),
    destination_port=4500,
)
ARP_RULES = "table arp t {\n chain i {\n type filter hook input priority 0;\n %s\n }\n}\n"
FROM_GATEWAY = 'arp saddr ip 192.0.2.2 drop comment "the one"'
DISCOVERY_RULES = """
table ip6 t {
  chain o { type filter hook output priority 0;
    icmpv6 type nd-neighbor-solicit drop comment "the one"
  }
}
"""


@pytest.mark.parametrize(
    ("flow", "rules", "fix", "expected"),
    [
        pytest.param(
            TUNNEL,
            ARP_RULES % FROM_GATEWAY,
            "nft delete rule arp t i handle {}",
            ("dropped", "passes", Answer.YES),
            id="a rule that drops what the gateway says of its MAC",
        ),
        pytest.param(
            TUNNEL,
            ARP_RULES % f"{FROM_GATEWAY}\n arp operation reply drop",
            "nft delete rule arp t i handle {}",
            ("dropped", "dropped", Answer.NO),
            id="and another one behind it",
        ),
        pytest.param(
            SIX,
            DISCOVERY_RULES,
            "nft delete rule ip6 t o handle {}",
            ("dropped", "passes", Answer.YES),
            id="a rule that drops the neighbour solicitation",
        ),
        pytest.param(
            SIX,
            DISCOVERY_RULES,
            "nft 'chain ip6 t o {{ policy accept; }}'",
            ("dropped", "dropped", Answer.NO),
            id="and a command that leaves it there",
        ),
    ],
)
def test_what_keeps_the_next_hop_from_telling_its_mac(
    flow: Flow,
    rules: str,
    fix: str,
    expected: tuple[str, str, Answer],
    two_nodes: "TwoNodes",
) -> None:
    node = two_nodes.node
    node.run("ip address add 2001:db8::1/64 dev up0 nodad")
    load(node, rules)
    node.run("ip neighbour flush dev up0")
    answer = rehearsed(node, fix.format(handle(node, "the one")), flow=flow)
    assert ends(answer) == expected
    assert isinstance(answer, Rehearsed)
    assert answer.before.is_waiting
    # The packet itself waits behind all rules that it meets.
    assert answer.sent_before == Sent(is_passed=True, by="")


def test_a_fix_gives_the_packet_a_way_and_a_source(two_nodes: "TwoNodes") -> None:
    # Before the fix nothing says which source it would have, and a rule drops that one.
    two_nodes.node.run(
        "ip route add prohibit 198.51.100.0/24", "iptables-nft -A OUTPUT -s 192.0.2.1 -j DROP"
    )
    flow = replace(TUNNEL, source=ip_address("0.0.0.0"))
    answer = rehearsed(two_nodes.node, "ip route del prohibit 198.51.100.0/24", flow=flow)
    assert ends(answer) == ("dropped", "dropped", Answer.NO)
    assert isinstance(answer, Rehearsed)
    assert isinstance(answer.sent_after, Sent) and not answer.sent_after.is_passed
    assert "192.0.2.1" in answer.sent_after.by


def test_ipset_and_legacy_rules_hold_in_the_copy(two_nodes: "TwoNodes") -> None:
    # The walk may not decide them; the kernel that runs the copy does.
    node = two_nodes.node
    node.run(
        "ipset create gap hash:ip",
        "ipset create far hash:net comment",
        "ipset create list list:set",
        "ipset add far 198.51.100.0/24",
        "ipset add list far",
        "ipset destroy gap",
        "iptables-legacy -N SUB",
        "iptables-legacy -A OUTPUT -p udp -m set --match-set list dst -j SUB",
        "iptables-legacy -A SUB -p udp --dport 4500 -j DROP",
    )
    for fix in ("iptables-legacy -D SUB 1", "ipset del far 198.51.100.0/24"):
        answer = rehearsed(node, fix)
        assert isinstance(answer, Rehearsed), answer
        assert answer.sent_before == Sent(is_passed=False, by="")
        assert answer.sent_after == Sent(is_passed=True, by="")


def test_the_copy_reads_as_the_host_does(two_nodes: "TwoNodes") -> None:
    # What is said of the packet is here all that the tools print, and has to be the same.
    node = two_nodes.node
    load(node, WITHOUT_INNER)
    node.run(*EVERYTHING)

    def walk() -> Walked:
        said = (subprocess.run(c.split(), capture_output=True, text=True).stdout for c in COMPARED)
        text = MOVING.sub("", "\n".join(said))
        hangs_on = tuple(sorted(text.splitlines()))
        return Walked(disposition=Disposition.PASSES, deciders=(), hangs_on=hangs_on)

    with node.inside():
        answer = rehearse(Rehearsal(walk=walk, fixes=(), send=nothing))
    assert isinstance(answer, Rehearsed), answer
    assert len(answer.before.hangs_on) > 90
    assert [what for what in answer.not_copied if "(" in what or "sysctl" in what] == []


def test_three_hundred_devices(two_nodes: "TwoNodes") -> None:
    pairs = [f"link add pod{n} type veth peer name far{n}\n" for n in range(150)]
    with two_nodes.node.inside():
        subprocess.run(["ip", "-batch", "-"], input="".join(pairs), text=True, check=True)
    begun_s = time.monotonic()
    answer = rehearsed(two_nodes.node, "iptables-nft -A OUTPUT -j DROP")
    assert ends(answer) == ("passes", "dropped", Answer.YES)
    assert time.monotonic() - begun_s < 20.0


@pytest.mark.parametrize(
    ("commands", "fix", "expected"),
    [
        pytest.param(
            ("iptables-legacy -A INPUT -p udp --dport 4500 -j DROP",),
            "iptables-legacy -D INPUT 1",
            ("dropped", "passes", Answer.YES),
            id="a rule, and a socket behind it",
        ),
        pytest.param(
            ("ip route add blackhole 198.51.100.0/24", "sysctl -qw net.ipv4.conf.all.rp_filter=1"),
            "sysctl -w net.ipv4.conf.all.rp_filter=0",
            ("dropped", "passes", Answer.YES),
            id="a strict reverse-path filter",
        ),
        pytest.param(
            (
                "ip rule add to 198.51.100.0/24 lookup 77 priority 7",
                "ip route add default dev lo table 77",
                "sysctl -qw net.ipv4.conf.all.rp_filter=1",
                "sysctl -qw net.ipv4.conf.up0.rp_filter=1",
            ),
            "ip rule del priority 7",
            ("dropped", "passes", Answer.YES),
            id="a way back by another device",
        ),
    ],
)
def test_a_packet_that_comes_in(
    commands: tuple[str, ...],
    fix: str,
    expected: tuple[str, str, Answer],
    two_nodes: "TwoNodes",
) -> None:
    node = two_nodes.node
    node.run(*commands)
    parsed = parse_fix(fix)
    assert isinstance(parsed, Fix)
    flow = TUNNEL.reversed()
    flow = replace(flow, source_port=4500, destination_port=4500)
    with node.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taking:
        taking.bind(("192.0.2.1", 4500))
        parcel = parcel_in(flow, interface("up0"), CtState.NEW)
        answer = rehearse_parcel(parcel, [parsed], walk_inbound)
    assert ends(answer) == expected
    assert isinstance(answer, Rehearsed)
    before, after = (
        sent.is_passed if isinstance(sent, Sent) else sent
        for sent in (answer.sent_before, answer.sent_after)
    )
    assert (before, after) == (expected[0] == "passes", expected[1] == "passes")


@pytest.mark.parametrize(
    ("commands", "destination", "fix", "expected"),
    [
        pytest.param(
            ("iptables-nft -A INPUT -p tcp --dport 7 -j REJECT",),
            "192.0.2.1",
            "iptables-nft -D INPUT 1",
            (("rejected", False), ("passes", True)),
            id="to a socket of this host",
        ),
        pytest.param(
            ("iptables-nft -A INPUT -p tcp --dport 7 -j REJECT",),
            "203.0.113.1",
            "iptables-nft -D INPUT 1",
            (("rejected", False), ("rejected", False)),
            id="to an address at which nobody listens",
        ),
        pytest.param(
            ("iptables-nft -P FORWARD DROP", "sysctl -qw net.ipv4.ip_forward=1"),
            "203.0.113.9",
            "iptables-nft -P FORWARD ACCEPT",
            (("dropped", False), ("passes", True)),
            id="through this host",
        ),
        pytest.param(
            ("iptables-nft -P FORWARD DROP", "sysctl -qw net.ipv4.ip_forward=0"),
            "203.0.113.9",
            "iptables-nft -P FORWARD ACCEPT",
            (("dropped", False), ("dropped", False)),
            id="through a host that does not forward",
        ),
    ],
)
def test_a_connection_that_comes_in(
    commands: tuple[str, ...],
    destination: str,
    fix: str,
    expected: tuple[tuple[str, bool], tuple[str, bool]],
    two_nodes: "TwoNodes",
) -> None:
    node = two_nodes.node
    node.run(
        "ip link add pod0 type veth peer name pod1",
        "ip link set pod0 up",
        "ip link set pod1 up",
        "ip address add 203.0.113.1/24 dev pod0",
        *commands,
    )
    parsed = parse_fix(fix)
    assert isinstance(parsed, Fix)
    flow = Flow(
        protocol=Protocol.TCP,
        source=ip_address("192.0.2.2"),
        source_port=0,
        destination=ip_address(destination),
        destination_port=7,
    )
    with node.inside(), socket.create_server(("192.0.2.1", 7)):
        parcel = parcel_in(flow, interface("up0"), CtState.NEW)
        answer = rehearse_parcel(parcel, [parsed], walk_inbound)
    assert isinstance(answer, Rehearsed), answer
    walks, sent = (answer.before, answer.after), (answer.sent_before, answer.sent_after)
    assert all(isinstance(one, Sent) for one in sent), sent
    seen = zip(walks, sent, strict=True)
    assert tuple((walk.disposition.value, one.is_passed) for walk, one in seen) == expected


@pytest.mark.parametrize(
    ("fix", "said"),
    [
        pytest.param("nft delete rule inet t o handle 9999", "this host has no", id="no such rule"),
        pytest.param("nft delete table inet none", "No such file", id="no such table"),
        pytest.param("ip route del 203.0.113.7", "No such process", id="no such route"),
        pytest.param("sysctl -w net.none=1", "net/none", id="no such sysctl"),
    ],
)
def test_a_fix_that_fails_concludes_nothing(
    fix: str, said: str, two_nodes: "TwoNodes"
) -> None:
    answer = rehearsed(two_nodes.node, fix)
    assert isinstance(answer, FixFailed)
    assert said in answer.said


def test_the_host_is_the_same_before_and_after(two_nodes: "TwoNodes") -> None:
    node = two_nodes.node
    load(node, RULES)
    node.run("iptables-legacy -A OUTPUT -p udp -j ACCEPT", "ipset create far hash:net")
    before = state_of(node)
    rehearsed(node, "nft flush ruleset", "ip link del up0", "sysctl -w net.ipv4.ip_forward=1")
    assert state_of(node) == before


@pytest.mark.parametrize("after_s", [0.05, 0.15, 0.25, 0.4])
def test_nothing_outlives_a_kill(after_s: float, two_nodes: "TwoNodes") -> None:
    node = two_nodes.node
    load(node, RULES)
    before, marker = state_of(node), f"edgediag-kill-{os.getpid()}-{after_s}"
    script = (
        f"marker = '{marker}'\n"
        "import sys; from tests.net.test_net_rehearsal import *; from time import sleep\n"
        "end = Walked(disposition=Disposition.PASSES, deciders=(), hangs_on=())\n"
        "slow = lambda: (sleep(0.1), end)[1]\n"
        "fix = parse_fix('ip link del up0'); print(flush=True)\n"
        "rehearse(Rehearsal(walk=slow, fixes=(fix,), send=nothing))\n"
    )
    with node.inside():
        run = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert run.stdout is not None
    run.stdout.readline()
    time.sleep(after_s)
    run.send_signal(signal.SIGKILL)
    run.wait()
    run.stdout.close()
    deadline_s = time.monotonic() + 2.0
    while processes_with(marker) and time.monotonic() < deadline_s:
        time.sleep(0.01)
    # No process, and no name: then no namespace either.
    assert processes_with(marker) == set()
    assert state_of(node) == before


@dataclass(frozen=True)
class WaysOut:
    """What a fix could reach outside the copy.

    name   of a namespace that there is, whose loopback device is down
    other  a name that is free
    mark   a file that there is not, in a folder of root's
    """

    name: str
    other: str
    mark: Path

    def reached(self) -> tuple[bool, bool, bool]:
        with namespace.entered(self.name):
            is_up = "UP" in re.split("[<,>]", run_words("ip", "link", "show", "lo"))
        return is_up, namespace.exists(self.other), self.mark.exists()


def run_words(*words: str) -> str:
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def ways_out(prefixes: Iterator[str], tmp_path: Path) -> Iterator[WaysOut]:
    prefix = next(prefixes)
    ways = WaysOut(name=f"{prefix}-edge", other=f"{prefix}-pod", mark=tmp_path / "mark")
    namespace.create(ways.name)
    yield ways
    namespace.remove(ways.name)
    namespace.remove(ways.other)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("ip -n {name} link set lo up", id="by a name"),
        pytest.param("ip netns add {other}", id="a name of its own"),
        pytest.param("sysctl -w kernel.pid_max={pid_max}", id="a sysctl of the kernel"),
        # As iptables would run what --modprobe names, if the kernel lacked its tables.
        pytest.param("touch {mark}", id="another program"),
        pytest.param("ip netns exec {name} touch {mark}", id="a program elsewhere"),
    ],
)
def test_words_that_got_past_the_parser_get_nowhere(
    text: str, ways_out: WaysOut, two_nodes: "TwoNodes"
) -> None:
    # The value that it has: should it get there after all, it changes nothing.
    pid_max = Path("/proc/sys/kernel/pid_max").read_text().strip()
    text = text.format(**vars(ways_out), pid_max=pid_max)
    program, *words = text.split()
    fix = Fix(text=text, program=program, words=tuple(words))
    with two_nodes.node.inside():
        answer = rehearse_parcel(parcel_of(TUNNEL, SENDER), [fix])
    assert isinstance(answer, FixFailed), answer
    assert ways_out.reached() == (False, False, False)


def test_the_first_process_in_there_is_not_that_of_the_host(two_nodes: "TwoNodes") -> None:
    words = ("link", "set", "up0", "netns", "1", "name", "reh-escaped")
    fix = Fix(text="ip link set up0 netns 1", program="ip", words=words)
    with two_nodes.node.inside():
        assert isinstance(rehearse_parcel(parcel_of(TUNNEL, SENDER), [fix]), Rehearsed)
    assert "reh-escaped" not in Path("/proc/1/net/dev").read_text()


def test_a_copy_that_walks_otherwise_is_not_trusted(two_nodes: "TwoNodes") -> None:
    seen: list[int] = []

    def walk() -> Walked:
        seen.append(os.getpid())
        end = Disposition.PASSES if len(seen) == 1 else Disposition.DROPPED
        return Walked(disposition=end, deciders=(), hangs_on=())

    with two_nodes.node.inside():
        answer = rehearse(Rehearsal(walk=walk, fixes=(), send=nothing))
    assert answer == NotChecked(reason="the packet is dropped in the copy, here it passes")


def test_nothing_outlives_a_kill_after_a_packet_of_another_user(two_nodes: "TwoNodes") -> None:
    # To send it as that user is a change of credentials, which takes back what ends a process.
    marker = f"edgediag-user-{os.getpid()}"
    script = (
        f"marker = '{marker}'\n"
        "from time import sleep\n"
        "from tests.net.test_net_rehearsal import *\n"
        "from edgediag.net.trial import Trial, send_traced\n"
        "end, walks = Walked(disposition=Disposition.PASSES, deciders=(), hangs_on=()), []\n"
        "def walk():\n"
        "    walks.append(end)\n"
        "    if len(walks) == 3: print('sent', flush=True); sleep(20)\n"
        "    return end\n"
        "trial = Trial(flow=TUNNEL, mark=0, uid=1000, gid=1000)\n"
        "send = lambda copy: send_traced(trial)\n"
        "rehearse(Rehearsal(walk=walk, fixes=(), send=send))\n"
    )
    with two_nodes.node.inside():
        run = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    said, within = run.stdout.readline(), processes_with(marker)
    run.send_signal(signal.SIGKILL)
    run.wait()
    run.stdout.close()
    deadline_s = time.monotonic() + 2.0
    while processes_with(marker) and time.monotonic() < deadline_s:
        time.sleep(0.01)
    assert (said, len(within), processes_with(marker)) == ("sent\n", 3, set())
