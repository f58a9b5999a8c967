"""The kernel's route for a flow, and who refuses it, against the running kernel."""

import os
from dataclasses import replace
from ipaddress import ip_address

import pytest

from edgediag.host.refusal import MAIN_RULE
from edgediag.host.rule_text import rule_text
from edgediag.model.culprit import PolicyRuleObject, RouteObject
from edgediag.model.flow import Flow, Protocol
from edgediag.model.route import Route, RouteAnswer, RouteRefused
from edgediag.net.fib import read_rules, route_for
from edgediag.net.netlink import NETLINK_ROUTE, NetlinkSocket, Refusal

pytestmark = pytest.mark.netns

NODE, NODE6 = "192.0.2.1", "2001:db8::1"
FAR, FAR6 = "198.51.100.21", "2001:db8:1::21"
DUAL_STACK = (
    "ip -6 address add 2001:db8::1/64 dev up0 nodad",
    "ip -6 route add default via 2001:db8::2",
)


def flow(
    destination: str = FAR, source: str = NODE, port: int = 4500, protocol: Protocol = Protocol.UDP
) -> Flow:
    return Flow(
        protocol=protocol,
        source=ip_address(source),
        source_port=40000,
        destination=ip_address(destination),
        destination_port=port,
    )


def route(
    prefix: str = "default",
    gateway: str | None = "192.0.2.2",
    source: str = NODE,
    table: int = 254,
    mtu: int | None = None,
) -> Route:
    return Route(
        interface="up0",
        gateway=None if gateway is None else ip_address(gateway),
        source=ip_address(source),
        table=table,
        prefix=prefix,
        mtu=mtu,
        is_local=False,
    )


@pytest.mark.parametrize(
    ("commands", "asked", "expected"),
    [
        pytest.param((), flow(), route(), id="the default route"),
        pytest.param((), flow(source="0.0.0.0"), route(), id="the kernel chooses the source"),
        pytest.param((), flow(protocol=Protocol.ICMP), route(), id="an echo"),
        pytest.param((), flow("192.0.2.77"), route("192.0.2.0/24", gateway=None), id="on the link"),
        pytest.param(
            ("ip route add 198.51.100.0/24 via 192.0.2.3 mtu 1400",),
            flow(),
            route("198.51.100.0/24", "192.0.2.3", mtu=1400),
            id="a network of its own with a smaller MTU",
        ),
        pytest.param(
            (
                "ip route add default via 192.0.2.9 table 9027",
                "ip rule add ipproto udp dport 4500 lookup 9027 pref 50",
            ),
            flow(),
            route(gateway="192.0.2.9", table=9027),
            id="a rule on the port leads to another table",
        ),
        pytest.param(
            (
                "ip route add default via 192.0.2.9 table 9027",
                "ip rule add ipproto udp dport 4500 lookup 9027 pref 50",
            ),
            flow(port=123),
            route(),
            id="and leaves other ports alone",
        ),
        pytest.param(
            ("ip route add 198.51.100.0/24 via inet6 2001:db8::9 dev up0",),
            flow(),
            route("198.51.100.0/24", "2001:db8::9"),
            id="through an IPv6 gateway",
        ),
        pytest.param((), flow(FAR6, NODE6), route(gateway="2001:db8::2", source=NODE6), id="IPv6"),
        pytest.param(
            (), flow(FAR6, "::"), route(gateway="2001:db8::2", source=NODE6), id="IPv6, any source"
        ),
    ],
)
def test_the_way_of_a_flow(two_nodes, commands, asked: Flow, expected: RouteAnswer) -> None:
    two_nodes.node.run(*DUAL_STACK, *commands)
    own = ip_address(NODE6 if asked.destination.version == 6 else NODE)
    with two_nodes.node.inside():
        assert route_for(asked) == replace(expected, source=own)


def test_one_of_two_equal_ways_is_named_with_the_route_both_belong_to(two_nodes) -> None:
    two_nodes.node.run("ip route add 198.51.100.0/24 nexthop via 192.0.2.3 nexthop via 192.0.2.4")
    with two_nodes.node.inside():
        answer = route_for(flow())
    assert isinstance(answer, Route)
    assert answer.prefix == "198.51.100.0/24"
    assert str(answer.gateway) in ("192.0.2.3", "192.0.2.4")


@pytest.mark.parametrize(
    "address",
    [
        pytest.param(NODE, id="its own"),
        pytest.param("203.0.113.9", id="of a service, on kube-ipvs0"),
    ],
)
def test_an_address_of_this_host_is_local(two_nodes, address: str) -> None:
    two_nodes.node.run("ip address add 203.0.113.9/32 dev lo")
    with two_nodes.node.inside():
        answer = route_for(flow(address))
    assert isinstance(answer, Route) and answer.is_local


@pytest.mark.parametrize("table", [pytest.param(255, id="local"), pytest.param(77, id="another")])
def test_a_local_route_is_told_with_the_table_that_holds_it(two_nodes, table: int) -> None:
    two_nodes.node.run(f"ip route add local {FAR} dev lo table {table}")
    if table != 255:
        two_nodes.node.run(f"ip rule add lookup {table} pref 50")
    with two_nodes.node.inside():
        answer = route_for(flow())
    assert isinstance(answer, Route)
    assert (answer.table, answer.prefix) == (table, f"{FAR}/32")


@pytest.mark.parametrize(
    ("arguments", "gateway"),
    [
        pytest.param({}, "192.0.2.2", id="neither"),
        pytest.param({"mark": 0x40}, "192.0.2.9", id="the mark"),
        pytest.param({"uid": 1000}, "192.0.2.8", id="the user"),
    ],
)
def test_mark_and_user_are_keys(two_nodes, arguments, gateway: str) -> None:
    two_nodes.node.run(
        "ip route add default via 192.0.2.9 table 90",
        "ip route add default via 192.0.2.8 table 80",
        "ip rule add fwmark 0x40 lookup 90 pref 50",
        "ip rule add uidrange 1000-1000 lookup 80 pref 51",
    )
    with two_nodes.node.inside():
        answer = route_for(flow(), **arguments)
    assert isinstance(answer, Route) and str(answer.gateway) == gateway


MISSING = RouteObject(type_="missing", prefix="default", table=254)


def refused(errno_name: str, culprit: RouteObject | PolicyRuleObject | None) -> RouteRefused:
    return RouteRefused(errno_name=errno_name, culprit=culprit, source=ip_address(NODE))


@pytest.mark.parametrize(
    ("command", "asked", "expected"),
    [
        *(
            pytest.param(
                f"ip {option} route add {type_} {prefix}",
                asked,
                refused(errno_name, RouteObject(type_=type_, prefix=prefix, table=254)),
                id=f"{type_} {prefix}",
            )
            for type_, errno_name in (
                ("blackhole", "EINVAL"),
                ("unreachable", "EHOSTUNREACH"),
                ("prohibit", "EACCES"),
            )
            for option, prefix, asked in (
                ("-4", "198.51.100.0/24", flow()),
                ("-6", "2001:db8:1::/48", flow(FAR6, NODE6)),
            )
        ),
        *(
            pytest.param(
                f"ip {option} rule add ipproto udp dport 4500 {action} pref 50",
                asked,
                refused(
                    errno_name,
                    PolicyRuleObject(priority=50, text=f"from all ipproto udp dport 4500 {action}"),
                ),
                id=f"rule {action} {option}",
            )
            for action, errno_name in (
                ("blackhole", "EINVAL"),
                ("unreachable", "ENETUNREACH"),
                ("prohibit", "EACCES"),
            )
            for option, asked in (("-4", flow()), ("-6", flow(FAR6, NODE6)))
        ),
        pytest.param(
            "ip route del default", flow(), refused("ENETUNREACH", MISSING), id="no default"
        ),
        pytest.param(
            "ip -6 route del default",
            flow(FAR6, NODE6),
            refused("ENETUNREACH", MISSING),
            id="no IPv6 default",
        ),
        pytest.param(
            "ip route replace throw default",
            flow(),
            refused("ENETUNREACH", MISSING),
            id="a default that throws",
        ),
        pytest.param(
            "ip route add throw 198.51.100.20/30",
            flow(),
            refused(
                "ENETUNREACH", RouteObject(type_="throw", prefix="198.51.100.20/30", table=254)
            ),
            id="a throw route before a default that would serve",
        ),
        pytest.param(
            "ip rule del pref 32766",
            flow(),
            refused("ENETUNREACH", MAIN_RULE),
            id="table main has a default, and no rule asks it",
        ),
        pytest.param(
            "ip rule add from 192.0.2.1 to 198.51.100.21 prohibit pref 50",
            flow(source="0.0.0.0"),
            refused(
                "EACCES",
                PolicyRuleObject(priority=50, text="from 192.0.2.1 to 198.51.100.21 prohibit"),
            ),
            id="a rule on the source that the kernel itself chose",
        ),
    ],
)
def test_who_refuses(two_nodes, command: str, asked: Flow, expected: RouteRefused) -> None:
    two_nodes.node.run(*DUAL_STACK, command)
    own = ip_address(NODE6 if asked.destination.version == 6 else NODE)
    with two_nodes.node.inside():
        assert route_for(asked) == replace(expected, source=own)


@pytest.mark.parametrize(
    "commands",
    [
        pytest.param(
            ("ip route del default", "ip rule del pref 32766"), id="neither a rule nor a default"
        ),
        pytest.param(
            ("ip route del default", "ip route add throw 198.51.100.20/30"),
            id="the throw route hides nothing",
        ),
    ],
)
def test_what_would_not_serve_either_is_a_missing_route(two_nodes, commands) -> None:
    two_nodes.node.run(*commands)
    with two_nodes.node.inside():
        assert route_for(flow()) == refused("ENETUNREACH", MISSING)


def test_a_source_that_is_not_ours_accuses_no_route(two_nodes) -> None:
    two_nodes.node.run("ip route add blackhole 203.0.113.0/24")
    with two_nodes.node.inside():
        answer = route_for(flow(source="203.0.113.77"))
    assert isinstance(answer, RouteRefused) and answer.culprit is None


def test_the_refusing_route_is_found_among_many(two_nodes, tmp_path) -> None:
    batch = tmp_path / "routes"
    lines = (f"route add 203.0.{n // 250}.{n % 250}/32 dev up0\n" for n in range(5000))
    batch.write_text("".join(lines))
    two_nodes.node.run(f"ip -batch {batch}", "ip route add blackhole 198.51.100.21")
    with two_nodes.node.inside():
        answer = route_for(flow())
    culprit = RouteObject(type_="blackhole", prefix="198.51.100.21/32", table=254)
    assert answer == refused("EINVAL", culprit)


def test_the_tables_before_are_asked_first(two_nodes) -> None:
    two_nodes.node.run(
        "ip route add throw 198.51.100.0/24 table 9027",
        "ip route add blackhole 198.0.0.0/8 table 9027",
        "ip route add prohibit 198.51.0.0/16",
        "ip rule add fwmark 0/0x40 lookup 9027 pref 50",
    )
    with two_nodes.node.inside():
        answer = route_for(flow())
    culprit = RouteObject(type_="prohibit", prefix="198.51.0.0/16", table=254)
    assert answer == refused("EACCES", culprit)


def test_an_unprivileged_user_may_ask_as_well(two_nodes) -> None:
    with two_nodes.node.inside():
        os.seteuid(65534)
        try:
            answer = route_for(flow())
        finally:
            os.seteuid(0)
    assert answer == route()


@pytest.mark.parametrize(
    "selector",
    [
        "from 203.0.113.0/24 to 198.51.100.21 lookup 9027",
        "not from all fwmark 0x40/0xff lookup main suppress_prefixlength 0",
        "from all iif lo oif up0 goto 32766",
        "from all tos 0x10 lookup default",
        "from all uidrange 0-0 ipproto udp sport 40000-41000 dport 4500 prohibit",
        "from all lookup 77 suppress_ifgroup 3",
        "from all nop",
    ],
)
def test_a_rule_reads_as_ip_rule_lists_it(two_nodes, selector: str) -> None:
    two_nodes.node.run(f"ip rule add {selector} pref 100")
    with two_nodes.node.inside(), NetlinkSocket(NETLINK_ROUTE) as netlink:
        rules = read_rules(netlink, 4)
    assert not isinstance(rules, Refusal)
    assert [rule_text(rule) for rule in rules if rule.priority == 100] == [selector]
