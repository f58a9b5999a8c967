"""The host's own tables, read from the running kernel."""

import ctypes
import os
import platform
import socket
import struct
from ipaddress import ip_address

import pytest
from pyroute2 import IPRoute

from edgediag.model.answer import NotChecked
from edgediag.model.exchange import NextHop
from edgediag.model.flow import Flow, Protocol
from edgediag.model.host import InterfaceAddress, Link, Neighbour, NeighbourState, Sysctl
from edgediag.model.listener import Listener
from edgediag.model.route import PolicyRule, Route
from edgediag.net.fib import route_for
from edgediag.net.host_tables import neighbour_for, next_hop_for, read_host

pytestmark = pytest.mark.netns

FAR = ip_address("198.51.100.21")


def far_flow() -> Flow:
    return Flow(
        protocol=Protocol.UDP,
        source=ip_address("192.0.2.1"),
        source_port=40000,
        destination=FAR,
        destination_port=4500,
    )


def link_of(links, name: str) -> Link:
    assert not isinstance(links, NotChecked)
    return next(link for link in links if link.name == name)


def test_links(two_nodes) -> None:
    two_nodes.node.run("ip link set lo down")
    with two_nodes.node.inside():
        links = read_host().links
    uplink, loopback = link_of(links, "up0"), link_of(links, "lo")
    assert uplink == Link(
        name="up0",
        index=uplink.index,
        is_up=True,
        has_carrier=True,
        mtu=1500,
        kind="veth",
        mac="02:00:00:00:00:01",
        xdp_program=None,
    )
    assert (loopback.is_up, loopback.kind) == (False, "")


def test_a_link_whose_other_end_is_down_has_no_carrier(two_nodes) -> None:
    two_nodes.peer.run("ip link set down0 down")
    with two_nodes.node.inside():
        uplink = link_of(read_host().links, "up0")
    assert (uplink.is_up, uplink.has_carrier) == (True, False)


def test_an_xdp_program_shows_by_its_id(two_nodes) -> None:
    with two_nodes.node.inside(), IPRoute() as netlink:
        program = _xdp_pass()
        try:
            netlink.link("set", index=socket.if_nametoindex("up0"), xdp_fd=program)
            uplink = link_of(read_host().links, "up0")
        finally:
            os.close(program)
    assert uplink.xdp_program is not None and uplink.xdp_program > 0


def _xdp_pass() -> int:
    """A descriptor of the program "r0 = XDP_PASS; exit" (bpf(2), BPF_PROG_LOAD)."""
    number = {"x86_64": 321, "aarch64": 280}.get(platform.machine())
    if number is None:
        pytest.skip("the number of bpf(2) on this machine is not known here")
    code = struct.pack("=BBhiBBhi", 0xB7, 0, 0, 2, 0x95, 0, 0, 0)
    octets, licence = ctypes.create_string_buffer(code), ctypes.create_string_buffer(b"GPL")
    request = struct.pack(
        "=IIQQIIQII", 6, 2, ctypes.addressof(octets), ctypes.addressof(licence), 0, 0, 0, 0, 0
    )
    libc = ctypes.CDLL(None, use_errno=True)
    program = libc.syscall(number, 5, ctypes.create_string_buffer(request), len(request))
    if program < 0:
        pytest.skip(f"bpf(2) refuses an XDP program: {os.strerror(ctypes.get_errno())}")
    return int(program)


def test_addresses(two_nodes) -> None:
    two_nodes.node.run("ip address add 203.0.113.1 peer 203.0.113.2/32 dev up0")
    with two_nodes.node.inside():
        addresses = read_host().addresses
    assert not isinstance(addresses, NotChecked)
    assert [
        entry for entry in addresses if entry.address.version == 4 and entry.interface == "up0"
    ] == [
        InterfaceAddress(interface="up0", address=ip_address("192.0.2.1"), prefix_length=24),
        InterfaceAddress(interface="up0", address=ip_address("203.0.113.1"), prefix_length=32),
    ]


def test_policy_rules_of_both_families(two_nodes) -> None:
    two_nodes.node.run(
        "ip rule add fwmark 0x40 lookup 9027 pref 100", "ip -6 rule add prohibit pref 101"
    )
    with two_nodes.node.inside():
        rules = read_host().rules
    assert not isinstance(rules, NotChecked)
    assert [rule for rule in rules if rule.priority in (100, 101)] == [
        PolicyRule(
            priority=100, action="lookup", table=9027, text="from all fwmark 0x40 lookup 9027"
        ),
        PolicyRule(priority=101, action="prohibit", table=0, text="from all prohibit"),
    ]


def test_listeners(two_nodes) -> None:
    with two_nodes.node.inside():
        both, one, udp = socket.socket(socket.AF_INET6), socket.socket(), _udp()
        with both, one, udp:
            both.bind(("::", 10250))
            one.bind(("127.0.0.1", 10248))
            udp.bind(("192.0.2.1", 4500))
            both.listen()
            one.listen()
            listeners = read_host().listeners
    assert not isinstance(listeners, NotChecked)
    assert set(listeners) == {
        _listener(Protocol.TCP, "::", 10250),
        _listener(Protocol.TCP, "0.0.0.0", 10250),
        _listener(Protocol.TCP, "127.0.0.1", 10248),
        _listener(Protocol.UDP, "192.0.2.1", 4500),
    }


def _udp() -> socket.socket:
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def _listener(protocol: Protocol, address: str, port: int) -> Listener:
    return Listener(protocol=protocol, address=ip_address(address), port=port, uid=0)


def test_connected_sockets_are_no_listeners(two_nodes) -> None:
    with two_nodes.node.inside(), _udp() as connected:
        connected.connect(("192.0.2.2", 9))
        assert read_host().listeners == ()


def test_sysctls(two_nodes) -> None:
    two_nodes.node.run("sysctl -q net.ipv4.conf.up0.rp_filter=1", "sysctl -q net.ipv4.ip_forward=1")
    with two_nodes.node.inside():
        sysctls = read_host().sysctls
    assert not isinstance(sysctls, NotChecked)
    assert {
        Sysctl(key="net.ipv4.ip_forward", value="1"),
        Sysctl(key="net.ipv4.conf.up0.rp_filter", value="1"),
    } <= set(sysctls)


def test_reading_makes_no_legacy_tables(two_nodes) -> None:
    with two_nodes.node.inside():
        read_host()
        assert read_host().legacy_tables == ()


def test_legacy_tables_are_seen(two_nodes) -> None:
    two_nodes.node.run("iptables-legacy -A OUTPUT -j ACCEPT", "ip6tables-legacy -t raw -L")
    with two_nodes.node.inside():
        assert read_host().legacy_tables == ("ip filter", "ip6 raw")


def test_one_table_that_cannot_be_read_leaves_the_others(two_nodes) -> None:
    two_nodes.node.run("iptables-legacy -A OUTPUT -j ACCEPT")
    with two_nodes.node.inside():
        groups = os.getgroups()
        os.setgroups([])
        os.setegid(65534)
        os.seteuid(65534)
        try:
            state = read_host()
        finally:
            os.seteuid(0)
            os.setegid(0)
            os.setgroups(groups)
    assert state.legacy_tables == NotChecked(reason="cannot read legacy tables: EACCES")
    assert link_of(state.links, "up0").is_up


PEER_MAC = "02:00:00:00:00:02"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        pytest.param(
            f"ip neigh replace 192.0.2.2 lladdr {PEER_MAC} dev up0 nud permanent",
            NextHop(interface="up0", source_mac="02:00:00:00:00:01", destination_mac=PEER_MAC),
            id="set by hand",
        ),
        pytest.param(
            "ip neigh replace 192.0.2.2 dev up0 nud failed",
            NotChecked(reason="neighbour 192.0.2.2 on up0 is failed"),
            id="failed",
        ),
        pytest.param(
            "ip neigh flush dev up0",
            NotChecked(reason="no neighbour entry for 192.0.2.2 on up0"),
            id="never asked for",
        ),
    ],
)
def test_where_a_frame_through_the_gateway_goes(two_nodes, command: str, expected) -> None:
    two_nodes.node.run(command)
    with two_nodes.node.inside():
        route = route_for(far_flow())
        assert isinstance(route, Route)
        assert next_hop_for(route, FAR) == expected


def test_on_the_link_the_destination_itself_is_the_neighbour(two_nodes) -> None:
    two_nodes.node.run("ip neigh replace 192.0.2.77 lladdr 02:00:00:00:00:77 dev up0 nud permanent")
    destination = ip_address("192.0.2.77")
    route = Route(
        interface="up0",
        gateway=None,
        source=None,
        table=254,
        prefix="192.0.2.0/24",
        mtu=None,
        is_local=False,
    )
    with two_nodes.node.inside():
        neighbour = neighbour_for(route, destination)
    assert neighbour == Neighbour(
        interface="up0",
        address=destination,
        mac="02:00:00:00:00:77",
        state=NeighbourState.PERMANENT,
    )


def test_a_device_that_is_gone_has_no_next_hop(two_nodes) -> None:
    with two_nodes.node.inside():
        route = route_for(far_flow())
        assert isinstance(route, Route)
    with two_nodes.peer.inside():
        assert isinstance(next_hop_for(route, FAR), NotChecked)
