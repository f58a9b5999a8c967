"""The lab's second network, of IPv6."""

import subprocess
from collections.abc import Iterator
from ipaddress import IPv6Interface, ip_network

import pytest

from edgediag.lab import connectivity
from edgediag.lab.network import SECOND_NETWORK, Lab
from edgediag.lab.state import load
from edgediag.lab.topology import CABLES, HOSTS, landmarks
from edgediag.lab.topology6 import ADDRESSES_6, HOSTS_6, ROUTES_6, landmarks_6, six

DOCUMENTATION = ip_network("2001:db8::/32")


@pytest.mark.parametrize(
    ("address", "like"),
    [
        pytest.param("198.51.100.10", "2001:db8:198:51:100::10", id="alone"),
        pytest.param("192.168.50.10/24", "2001:db8:192:168:50::10/96", id="in a network"),
        pytest.param("198.51.100.10/32", "2001:db8:198:51:100::10/128", id="of a host"),
        pytest.param("203.0.113.6/30", "2001:db8:203:0:113:4:0:6/96", id="on a cable"),
        pytest.param("203.0.113.10/30", "2001:db8:203:0:113:8:0:10/96", id="on the next cable"),
    ],
)
def test_an_address_reads_as_the_one_it_is_like(address: str, like: str) -> None:
    assert six(address) == like


def test_no_address_is_used_twice_and_all_are_for_documentation() -> None:
    addresses = [IPv6Interface(item).ip for items in ADDRESSES_6.values() for item in items]
    assert len(set(addresses)) == len(addresses)
    assert all(address in DOCUMENTATION for address in addresses)


def test_both_ends_of_a_cable_are_in_one_network_of_its_own() -> None:
    networks = []
    for cable in CABLES:
        ends = [ADDRESSES_6.get((end.node, end.interface), ()) for end in cable]
        if all(ends):
            near, far = ({IPv6Interface(item).network for item in end} for end in ends)
            assert near & far
            networks += near & far
    assert len(set(networks)) == len(networks) == 7


def test_every_gateway_is_the_address_of_somebody() -> None:
    known = {str(IPv6Interface(item).ip) for items in ADDRESSES_6.values() for item in items}
    assert {gateway for _, route in ROUTES_6 for gateway in route.gateways} <= known


def test_every_hop_is_the_landmark_that_its_like_is() -> None:
    assert set(landmarks_6().values()) == set(landmarks().values())
    assert landmarks_6()[HOSTS_6["oss"]] == landmarks()[HOSTS["oss"]] == "host"


def said(lab: Lab, *command: str) -> str:
    done = subprocess.run(lab.edge_command(command), capture_output=True, text=True, check=False)
    return done.stdout


@pytest.fixture
def wide(prefixes: Iterator[str]) -> Iterator[Lab]:
    lab = Lab(prefix=next(prefixes))
    lab.up()
    yield lab
    lab.down()


@pytest.mark.netns
def test_it_stands_only_where_it_is_asked_for_and_a_new_lab_has_none(wide: Lab) -> None:
    assert said(wide, "ip", "-6", "address") == ""
    wide.widen()
    wide.widen()
    connectivity.require_connectivity(wide.prefix, version=6)
    assert "2001:db8:192:168:50::10/96" in said(wide, "ip", "-6", "address")
    assert wide.clear() == (SECOND_NETWORK,)
    assert said(wide, "ip", "-6", "address") == ""
    assert load(wide.prefix).lasting == ()
