"""For each kind of culprit the command that takes it away, or none."""

from ipaddress import ip_address

import pytest

from edgediag.host.fix import fix_for
from edgediag.host.fix_words import Fix, parse_fix
from edgediag.model.culprit import (
    ArptablesRule,
    ChainPolicy,
    ClockObject,
    Culprit,
    IptablesRule,
    LinkObject,
    MtuObject,
    NeighbourObject,
    NftRule,
    PolicyRuleObject,
    RouteObject,
    SysctlObject,
    TcFilterObject,
    XfrmPolicyObject,
)


def nft(table: str) -> NftRule:
    return NftRule(family="inet", table=table, chain="output", handle=7, text="drop")


def iptables(backend: str, chain: str) -> IptablesRule:
    return IptablesRule(backend=backend, table="filter", chain=chain, number=3, text="-j DROP")


def policy(family: str) -> ChainPolicy:
    return ChainPolicy(family=family, table="filter", chain="OUTPUT", policy="drop")


REHEARSED = [
    pytest.param(nft("t"), 4, "nft delete rule inet t output handle 7", id="a rule of nft"),
    pytest.param(
        iptables("nft", "OUTPUT"), 4, "iptables-nft -t filter -D OUTPUT 3", id="of iptables-nft"
    ),
    pytest.param(
        iptables("legacy", "a b"),
        6,
        "ip6tables-legacy -t filter -D 'a b' 3",
        id="of ip6tables-legacy, in a chain with a blank",
    ),
    pytest.param(
        ArptablesRule(table="filter", chain="INPUT", number=2, text="-j DROP"),
        4,
        "arptables-legacy -t filter -D INPUT 2",
        id="of arptables-legacy",
    ),
    pytest.param(
        policy("inet"), 4, "nft 'chain inet filter OUTPUT { policy accept; }'", id="a policy"
    ),
    pytest.param(
        RouteObject(type_="blackhole", prefix="198.51.100.0/24", table=254),
        4,
        "ip route del blackhole 198.51.100.0/24 table 254",
        id="a route that refuses",
    ),
    pytest.param(
        RouteObject(type_="prohibit", prefix="2001:db8::/32", table=7),
        6,
        "ip -6 route del prohibit 2001:db8::/32 table 7",
        id="a route of IPv6",
    ),
    pytest.param(
        PolicyRuleObject(priority=100, text="from all fwmark 0x40 lookup 9027"),
        4,
        "ip rule del priority 100 from all fwmark 0x40 lookup 9027",
        id="a policy rule",
    ),
    pytest.param(
        PolicyRuleObject(priority=5, text="from all iif a;reboot lookup 5"),
        4,
        "ip rule del priority 5 from all iif 'a;reboot' lookup 5",
        id="a policy rule of a device whose name a shell would run",
    ),
    pytest.param(
        SysctlObject(key="net.ipv4.conf.eth0/5.rp_filter", value="1"),
        4,
        "sysctl -w net.ipv4.conf.eth0/5.rp_filter=2",
        id="a strict reverse-path filter",
    ),
    pytest.param(
        LinkObject(interface="eth0", state="down"), 4, "ip link set dev eth0 up", id="a device"
    ),
    pytest.param(
        NeighbourObject(
            interface="eth0", address=ip_address("192.0.2.9"), state="permanent"
        ),
        4,
        "ip neighbour del 192.0.2.9 dev eth0",
        id="a neighbour that somebody wrote down",
    ),
]


@pytest.mark.parametrize(("culprit", "version", "command"), REHEARSED)
def test_a_command_that_can_be_rehearsed(culprit: Culprit, version: int, command: str) -> None:
    assert fix_for(culprit, version=version) == command
    assert isinstance(parse_fix(command), Fix)


@pytest.mark.parametrize(
    "culprit",
    [
        pytest.param(nft("a b"), id="a name that nft cannot read"),
        pytest.param(policy("ip"), id="a policy that may be either backend's"),
        pytest.param(RouteObject(type_="missing", prefix="default", table=254), id="no route"),
        pytest.param(RouteObject(type_="unicast", prefix="default", table=254), id="a way"),
        pytest.param(
            PolicyRuleObject(priority=32766, text="missing: from all lookup main"), id="no rule"
        ),
        pytest.param(PolicyRuleObject(priority=1, text="from all ... lookup 7"), id="not known"),
        pytest.param(SysctlObject(key="net.ipv4.tcp_syncookies", value="1"), id="no better value"),
        pytest.param(LinkObject(interface="eth0", state="no carrier"), id="a cable"),
        pytest.param(
            NeighbourObject(interface="eth0", address=ip_address("192.0.2.9"), state="failed"),
            id="a neighbour that does not answer",
        ),
        pytest.param(
            TcFilterObject(
                interface="eth0",
                direction="egress",
                classifier="bpf",
                preference=1,
                handle=1,
                name="drop",
            ),
            id="a filter of traffic control, which no copy has",
        ),
        pytest.param(
            XfrmPolicyObject(
                direction="out", action="block", priority=0, selector="src 0.0.0.0/0 dst 0.0.0.0/0"
            ),
            id="a policy of IPsec, which no copy has",
        ),
        pytest.param(MtuObject(interface="eth0", octets=1500), id="an MTU"),
        pytest.param(ClockObject(offset_s=9.0), id="a clock"),
    ],
)
def test_no_single_command_is_right(culprit: Culprit) -> None:
    assert fix_for(culprit, version=4, legacy_tables=("ip filter",)) is None
