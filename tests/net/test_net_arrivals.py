"""What the kernel does with packets that come in by a device, and why, against the running one."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from edgediag.model.flow import Flow, Protocol
from edgediag.model.route import Route, RouteRefused
from edgediag.net.arrivals import refusal_words, untaken
from edgediag.net.fib import route_for

pytestmark = pytest.mark.netns

FORWARDING = "sysctl -q net.ipv4.conf.up0.forwarding=1"
FROM_WIRE = Flow(
    protocol=Protocol.UDP,
    source=ip_address("192.0.2.2"),
    source_port=40000,
    destination=ip_address("203.0.113.9"),
    destination_port=4500,
)


def coming(source: str = "192.0.2.2", destination: str = "203.0.113.9") -> Flow:
    return replace(
        FROM_WIRE, source=ip_address(source), destination=ip_address(destination)
    )


@pytest.mark.parametrize(
    ("commands", "flow", "words"),
    [
        pytest.param(
            (), coming(), "not for this host, and net.ipv4.conf.up0.forwarding is 0", id="no router"
        ),
        pytest.param(
            (
                FORWARDING,
                "sysctl -q net.ipv4.conf.up0.rp_filter=1",
                "ip link add d0 type veth peer name d1",
                "ip link set d0 up",
                "ip route add 198.51.100.0/24 dev d0",
            ),
            coming("198.51.100.7"),
            "rp_filter of up0 is 1: the way back to 198.51.100.7 leaves by d0",
            id="a strict reverse-path filter",
        ),
        pytest.param(
            (
                FORWARDING,
                "sysctl -q net.ipv4.conf.all.rp_filter=2",
                "ip route add unreachable 198.51.100.0/24",
            ),
            coming("198.51.100.7"),
            "rp_filter of up0 is 2: no way leads back to 198.51.100.7",
            id="a loose one, of all devices",
        ),
        pytest.param(
            (FORWARDING,),
            coming("192.0.2.1"),
            "martian source 192.0.2.1: an address of this host, and accept_local of up0 is 0",
            id="from this host's own address",
        ),
        pytest.param(
            (FORWARDING,),
            coming("127.0.0.5"),
            "martian source 127.0.0.5: route_localnet of up0 is 0",
            id="from 127/8",
        ),
        pytest.param(
            (FORWARDING,), coming("224.0.0.5"), "martian source 224.0.0.5", id="from a group"
        ),
        pytest.param(
            (FORWARDING, "ip route add blackhole 203.0.113.0/24"),
            coming(),
            "no way: EINVAL by blackhole 203.0.113.0/24 table 254",
            id="a blackhole",
        ),
        pytest.param(
            (FORWARDING, "ip route add prohibit 203.0.113.0/24"),
            coming(),
            "no way: EACCES by prohibit 203.0.113.0/24 table 254",
            id="a route that prohibits",
        ),
        pytest.param(
            (FORWARDING, "ip rule add iif up0 unreachable pref 50"),
            coming(),
            "no way: ENETUNREACH by rule 50: from all iif up0 unreachable",
            id="a policy rule for the device",
        ),
        pytest.param(
            (FORWARDING, "ip route del default"),
            coming(),
            "no way: ENETUNREACH, there is no route",
            id="no route",
        ),
    ],
)
def test_why_a_packet_is_not_taken(
    two_nodes, commands: tuple[str, ...], flow: Flow, words: str
) -> None:
    two_nodes.node.run(*commands)
    with two_nodes.node.inside():
        refused = route_for(flow, incoming="up0")
        assert isinstance(refused, RouteRefused)
        assert refusal_words(flow, "up0", 0, refused) == words


@pytest.mark.parametrize(
    ("commands", "source", "destination", "words"),
    [
        pytest.param((), "2001:db8::2", "2001:db8::1", "", id="for this host"),
        pytest.param(
            (),
            "2001:db8::2",
            "2001:db8:9::9",
            "not for this host, and net.ipv6.conf.all.forwarding is 0",
            id="no router",
        ),
        pytest.param(
            ("sysctl -q net.ipv6.conf.all.forwarding=1",), "2001:db8::2", "2001:db8:9::9", "",
            id="a router",
        ),
        pytest.param((), "::1", "2001:db8::1", "martian source ::1", id="from ::1"),
        pytest.param(
            ("sysctl -q net.ipv6.conf.all.forwarding=1",), "fe80::9", "2001:db8:9::9",
            "link-local source fe80::9, not forwarded", id="what is valid on the link alone",
        ),
    ],
)
def test_what_the_lookup_of_ipv6_does_not_say(
    two_nodes, commands: tuple[str, ...], source: str, destination: str, words: str
) -> None:
    two_nodes.node.run(
        "ip address add 2001:db8::1/64 dev up0 nodad",
        "ip -6 route add default via 2001:db8::2",
        *commands,
    )
    flow = coming(source, destination)
    with two_nodes.node.inside():
        way = route_for(flow, incoming="up0")
        assert isinstance(way, Route)
        assert untaken(flow, "up0", way) == words


def test_the_device_is_a_key_of_the_lookup(two_nodes) -> None:
    two_nodes.node.run(
        FORWARDING,
        "ip route add default via 192.0.2.9 table 90",
        "ip rule add iif up0 lookup 90 pref 50",
    )
    with two_nodes.node.inside():
        answer = route_for(coming(), incoming="up0")
    assert isinstance(answer, Route)
    assert (answer.table, str(answer.gateway)) == (90, "192.0.2.9")


def test_a_broadcast_is_for_this_host(two_nodes) -> None:
    with two_nodes.node.inside():
        answer = route_for(coming(destination="192.0.2.255"), incoming="up0")
    assert isinstance(answer, Route) and answer.is_local


def test_a_route_that_refuses_is_no_reverse_path_filter(two_nodes) -> None:
    two_nodes.node.run(
        FORWARDING,
        "sysctl -q net.ipv4.conf.up0.rp_filter=1",
        "ip route add blackhole 203.0.113.0/24",
    )
    with two_nodes.node.inside():
        refused = route_for(coming("198.51.100.7"), incoming="up0")
        assert isinstance(refused, RouteRefused)
        assert "blackhole" in refusal_words(coming("198.51.100.7"), "up0", 0, refused)
