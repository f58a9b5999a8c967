"""Places and culprits in plain words."""

from ipaddress import IPv4Address, ip_address
from typing import get_args

import pytest

from edgediag.model.culprit import (
    ArptablesRule,
    CertificateObject,
    CgroupProgramObject,
    ChainPolicy,
    ClockObject,
    ConntrackObject,
    Culprit,
    HostsFileObject,
    IptablesRule,
    LinkObject,
    ListenerObject,
    MtuObject,
    NameLookupObject,
    NeighbourObject,
    NftRule,
    PolicyRuleObject,
    QdiscObject,
    RavenStateObject,
    ResolverObject,
    RouteObject,
    SysctlObject,
    TcFilterObject,
    ToolObject,
    TrackedFlowObject,
    VxlanObject,
    XdpProgramObject,
    XfrmPolicyObject,
)
from edgediag.model.verdict import Certainty, Landmark, Locus, Place, Verdict
from edgediag.report.words import Exhibit, exhibit, where_in_words

A, B = IPv4Address("203.0.113.6"), IPv4Address("203.0.113.10")
LOCAL, ON_PATH, REMOTE = Place.LOCAL, Place.ON_PATH, Place.REMOTE
EDGE, HOST = Landmark.EDGE, Landmark.HOST


@pytest.mark.parametrize(
    ("where", "after", "upto", "words"),
    [
        ((LOCAL,), EDGE, EDGE, "LOCAL: this node"),
        ((REMOTE,), B, HOST, "REMOTE: the destination"),
        ((ON_PATH,), A, B, "ON-PATH between 203.0.113.6 and 203.0.113.10"),
        ((ON_PATH,), EDGE, A, "ON-PATH between this node and 203.0.113.6"),
        ((ON_PATH,), B, HOST, "ON-PATH between 203.0.113.10 and the destination"),
        ((ON_PATH,), B, B, "ON-PATH at 203.0.113.10"),
        ((ON_PATH,), B, None, "ON-PATH behind 203.0.113.10"),
        ((ON_PATH,), None, B, "ON-PATH before or at 203.0.113.10"),
        ((ON_PATH,), None, None, "ON-PATH somewhere before the destination"),
        (
            (REMOTE, ON_PATH),
            B,
            HOST,
            "ON-PATH or REMOTE between 203.0.113.10 and the destination"
            " (cannot be told apart from here)",
        ),
        (
            (LOCAL, ON_PATH, REMOTE),
            None,
            None,
            "LOCAL or ON-PATH or REMOTE (cannot be told apart from here)",
        ),
        ((), None, None, "NOT LOCATED"),
        ((), A, None, "NOT LOCATED behind 203.0.113.6"),
    ],
)
def test_where(where: tuple[Place, ...], after: Locus, upto: Locus, words: str) -> None:
    verdict = Verdict(
        where=where,
        certainty=Certainty.BOUNDED,
        after=after,
        upto=upto,
        mechanism=None,
        culprit=None,
        summary="",
        remedy="",
        because=(),
    )
    assert where_in_words(verdict) == words


EXHIBITS: list[tuple[Culprit, str, str]] = [
    (
        NftRule(family="inet", table="filter", chain="output", handle=7, text="drop"),
        "nft rule in inet filter output, handle 7: drop",
        "nft -a list chain inet filter output",
    ),
    (
        IptablesRule(
            backend="legacy", table="filter", chain="OUTPUT", number=3, text="-p udp -j DROP"
        ),
        "iptables-legacy rule 3 of filter OUTPUT: -p udp -j DROP",
        "iptables-legacy -t filter -nvL OUTPUT --line-numbers",
    ),
    (
        ArptablesRule(table="filter", chain="INPUT", number=2, text="-j DROP -s 192.0.2.1"),
        "arptables-legacy rule 2 of filter INPUT: -j DROP -s 192.0.2.1",
        "arptables-legacy -t filter -nvL INPUT --line-numbers",
    ),
    (
        ChainPolicy(family="inet", table="filter", chain="input", policy="drop"),
        "policy drop of the chain inet filter input",
        "nft list chain inet filter input",
    ),
    (
        RouteObject(type_="blackhole", prefix="198.51.100.0/24", table=254),
        "blackhole route 198.51.100.0/24 in table 254",
        "ip route show table 254",
    ),
    (
        RouteObject(type_="prohibit", prefix="2001:db8::/32", table=9),
        "prohibit route 2001:db8::/32 in table 9",
        "ip -6 route show table 9",
    ),
    (
        PolicyRuleObject(priority=100, text="from all prohibit"),
        "ip rule 100: from all prohibit",
        "ip rule show",
    ),
    (
        MtuObject(interface="eth0", octets=9000),
        "MTU 9000 of eth0",
        "ip link show dev eth0",
    ),
    (
        SysctlObject(key="net.ipv4.conf.all.rp_filter", value="1"),
        "sysctl net.ipv4.conf.all.rp_filter = 1",
        "sysctl net.ipv4.conf.all.rp_filter",
    ),
    (
        NeighbourObject(interface="eth0", address=IPv4Address("192.0.2.1"), state="failed"),
        "neighbour 192.0.2.1 on eth0: failed",
        "ip neigh show 192.0.2.1 dev eth0",
    ),
    (LinkObject(interface="eth0", state="down"), "link eth0: down", "ip link show dev eth0"),
    (
        XdpProgramObject(interface="eth0", program=12, name="guard", mode="native"),
        "native XDP program 12 guard on eth0",
        "ip -d link show dev eth0",
    ),
    (
        CgroupProgramObject(program=13, name="guard", group="/system.slice", attach="egress"),
        "cgroup program 13 guard at egress of group /system.slice",
        "bpftool prog show id 13",
    ),
    (
        CgroupProgramObject(program=13, name="", group="", attach="connect4"),
        "cgroup program 13 at connect4 of group above those in sight",
        "bpftool prog show id 13",
    ),
    (
        TcFilterObject(
            interface="eth0",
            direction="ingress",
            classifier="tcx",
            preference=0,
            handle=14,
            name="guard",
        ),
        "TCX program 14 guard at ingress of eth0",
        "bpftool net show dev eth0",
    ),
    (
        ListenerObject(protocol="tcp", port=10250, address=""),
        "nothing listens on tcp port 10250",
        "ss -lnp -t 'sport = :10250'",
    ),
    (
        ListenerObject(protocol="udp", port=8472, address="127.0.0.1"),
        "udp port 8472 is bound to 127.0.0.1 only",
        "ss -lnp -u 'sport = :8472'",
    ),
    (
        ResolverObject(
            address=IPv4Address("192.0.2.53"),
            path="/etc/resolv.conf",
            line=2,
            text="nameserver 192.0.2.53",
        ),
        "/etc/resolv.conf, line 2: nameserver 192.0.2.53",
        "sed -n 2p /etc/resolv.conf",
    ),
    (
        ResolverObject(
            address=IPv4Address("127.0.0.1"), path="/etc/resolv.conf", line=0, text=""
        ),
        "/etc/resolv.conf names no resolver, 127.0.0.1 is asked",
        "cat /etc/resolv.conf",
    ),
    (
        NameLookupObject(path="/etc/nsswitch.conf", line=3, text="hosts: files"),
        "/etc/nsswitch.conf, line 3: hosts: files",
        "sed -n 3p /etc/nsswitch.conf",
    ),
    (
        HostsFileObject(path="/etc/hosts", line=4, name="a.example", address=A),
        "/etc/hosts, line 4: 203.0.113.6 a.example",
        "sed -n 4p /etc/hosts",
    ),
    (ClockObject(offset_s=-3.25), "clock of this node, -3.250 s off", "date -u"),
    (
        TcFilterObject(
            interface="eth0",
            direction="egress",
            classifier="bpf",
            preference=49152,
            handle=1,
            name="guard",
        ),
        "bpf filter guard at egress of eth0, preference 49152, handle 0x1",
        "tc filter show dev eth0 egress",
    ),
    (
        QdiscObject(interface="eth0", discipline="tbf", handle="8001:"),
        "queueing discipline tbf 8001: of eth0",
        "tc -s qdisc show dev eth0",
    ),
    (
        VxlanObject(interface="flannel.1", vni=1, port=4789, local=A),
        "VXLAN device flannel.1: VNI 1, port 4789, from 203.0.113.6",
        "ip -d link show dev flannel.1",
    ),
    (
        XfrmPolicyObject(direction="out", action="block", priority=0, selector="dst 192.0.2.1/32"),
        "xfrm policy block out: dst 192.0.2.1/32",
        "ip xfrm policy list dir out",
    ),
    (
        RavenStateObject(part="device", state="down"),
        "Raven's raven0: down",
        "ip -d link show raven0",
    ),
    (
        RavenStateObject(part="table", state="empty"),
        "Raven's table 9027: empty",
        "ip route show table 9027",
    ),
    (
        RavenStateObject(part="rule", state="missing"),
        "Raven's policy rule: missing",
        "ip rule show",
    ),
    (
        RavenStateObject(part="raven-nat-set", state="without 192.0.2.0/26"),
        "Raven's set raven-nat-set: without 192.0.2.0/26",
        "ipset list raven-nat-set",
    ),
    (
        CertificateObject(path="/var/lib/k.pem", agent="kubelet", not_after="2025-01-01"),
        "certificate of kubelet in /var/lib/k.pem, valid until 2025-01-01",
        "openssl x509 -noout -dates -issuer -in /var/lib/k.pem",
    ),
    (
        RavenStateObject(part="wireguard-rule", state="missing"),
        "Raven's policy rule: missing",
        "ip rule show",
    ),
    (
        RavenStateObject(part="ipsec-policies", state="without 192.0.2.0/26"),
        "Raven's policies of IPsec: without 192.0.2.0/26",
        "ip xfrm policy list dir out",
    ),
    (
        RavenStateObject(part="wireguard-device", state="down"),
        "Raven's raven-wg0: down",
        "ip -d link show raven-wg0",
    ),
    (
        RavenStateObject(part="wireguard-table", state="empty"),
        "Raven's table 9028: empty",
        "ip route show table 9028",
    ),
    (
        RavenStateObject(part="wireguard-peer", state="missing"),
        "a peer of Raven's raven-wg0: missing",
        "wg show raven-wg0",
    ),
    (
        ConntrackObject(entries=9, limit=10),
        "connection tracking: 9 of 10 entries",
        "conntrack -S",
    ),
    (
        TrackedFlowObject(
            source=ip_address("192.0.2.10"),
            source_port=4500,
            destination=ip_address("198.51.100.21"),
            destination_port=4500,
            given=ip_address("192.0.2.77"),
        ),
        "tracked connection 192.0.2.10:4500 to 198.51.100.21:4500, sent from 192.0.2.77",
        "conntrack -L -p udp --orig-src 192.0.2.10 --orig-port-src 4500",
    ),
    (ToolObject(names=("socat", "conntrack")), "not installed: socat, conntrack", ""),
]


@pytest.mark.parametrize(("culprit", "name", "command"), EXHIBITS)
def test_exhibit(culprit: Culprit, name: str, command: str) -> None:
    assert exhibit(culprit) == Exhibit(name=name, command=command)


def test_every_kind_of_culprit_has_its_words() -> None:
    assert {type(culprit) for culprit, _, _ in EXHIBITS} == set(get_args(Culprit))


def test_a_hostile_name_cannot_leave_its_word_of_the_command() -> None:
    culprit = LinkObject(interface="eth0; reboot", state="down")
    assert exhibit(culprit).command == "ip link show dev 'eth0; reboot'"
