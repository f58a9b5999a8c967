"""The lab's plan."""

from ipaddress import ip_address, ip_network

import pytest

from edgediag.lab.topology import (
    CABLES,
    ENDS,
    HOSTS,
    NODES,
    PORTS,
    ROUTES,
    VTEPS,
    addresses_of,
    expand,
    landmarks,
)

DOCUMENTATION = [ip_network(net) for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")]
SITE = [ip_network(net) for net in ("192.168.50.0/24", "10.244.0.0/16", "240.0.0.0/8")]


def test_every_end_is_on_a_known_node() -> None:
    assert {end.node for end in ENDS} == set(NODES)


def test_no_interface_name_is_used_twice_on_a_node() -> None:
    names = [(port.node, port.interface) for port in (*PORTS, *VTEPS)]
    assert sorted(names) == sorted(set(names))


def test_interface_names_fit_the_kernel() -> None:
    assert max(len(port.interface) for port in (*PORTS, *VTEPS)) <= 15


def test_no_address_is_used_twice() -> None:
    addresses = [address for node in NODES for address in addresses_of(node)]
    assert sorted(addresses) == sorted(set(addresses))


def test_addresses_are_private_or_for_documentation() -> None:
    addresses = [ip_address(address) for node in NODES for address in addresses_of(node)]
    strange = [a for a in addresses if not any(a in net for net in (*DOCUMENTATION, *SITE))]
    assert strange == []


def test_the_two_ends_of_a_routed_cable_are_neighbours() -> None:
    routed = [cable for cable in CABLES if all(end.addresses for end in cable)]
    apart = [
        (near, far)
        for near, far in routed
        if ip_address(far.addresses[0].partition("/")[0])
        not in ip_network(near.addresses[0], strict=False)
    ]
    assert apart == []


def test_both_directions_have_two_equal_paths() -> None:
    counts = {node: max(len(route.gateways) for route in ROUTES[node]) for node in ROUTES}
    assert {node for node, count in counts.items() if count == 2} == {"isp1", "border"}


@pytest.mark.parametrize(
    ("address", "landmark"),
    [
        ("192.168.50.10", "edge"),
        ("192.168.50.1", "cpe"),
        ("203.0.113.2", "cpe"),
        ("203.0.113.1", "isp1"),
        ("203.0.113.6", "isp2"),
        ("203.0.113.10", "isp2"),
        ("203.0.113.18", "border"),
        (HOSTS["api-server"], "host"),
        (HOSTS["resolver"], "host"),
    ],
)
def test_an_address_belongs_to_a_landmark(address: str, landmark: str) -> None:
    assert landmarks()[address] == landmark


def test_isp2_stands_for_both_twins_and_a_node_for_itself() -> None:
    assert (expand("isp2"), expand("isp1")) == (("isp2a", "isp2b"), ("isp1",))
