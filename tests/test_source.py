"""Which source addresses suit the way that they are sent by."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from edgediag.model.host import InterfaceAddress
from edgediag.source import fitting_source, is_foreign
from story import EDGE, HOST, route

LONE = "198.51.100.200"


def owned(*texts: str, interface: str = "eth0") -> tuple[InterfaceAddress, ...]:
    pairs = (text.split("/") for text in texts)
    return tuple(
        InterfaceAddress(
            interface=interface, address=ip_address(address), prefix_length=int(length)
        )
        for address, length in pairs
    )


@pytest.mark.parametrize(
    ("source", "addresses", "expected"),
    [
        pytest.param(EDGE, owned(f"{EDGE}/24"), False, id="the uplink's own"),
        pytest.param(LONE, owned(f"{EDGE}/24"), True, id="the device does not have it"),
        pytest.param(
            LONE, owned(f"{EDGE}/24", f"{LONE}/32"), True, id="beside one of the gateway's network"
        ),
        pytest.param(LONE, owned(f"{LONE}/32"), False, id="a single address is all it has"),
    ],
)
def test_a_source_is_foreign(
    source: str, addresses: tuple[InterfaceAddress, ...], expected: bool
) -> None:
    assert is_foreign(ip_address(source), route(), addresses) is expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param("2001:db8::10", False, id="routers of IPv6 have no network in common with it"),
        pytest.param("2001:db8:9::1", True, id="the device does not have it"),
    ],
)
def test_whether_a_source_is_foreign_beside_a_link_local_gateway(
    source: str, expected: bool
) -> None:
    own = owned("2001:db8::10/64", "fe80::10/64")
    assert is_foreign(ip_address(source), route("fe80::1"), own) is expected


def test_the_fitting_source_lies_in_the_network_of_the_next_hop() -> None:
    addresses = owned(f"{LONE}/32", f"{EDGE}/24")
    assert fitting_source(route(), ip_address(HOST), addresses) == ip_address(EDGE)
    assert fitting_source(route(None), ip_address(HOST), addresses) is None
    elsewhere = replace(route(), interface="eth1")
    assert fitting_source(elsewhere, ip_address(HOST), addresses) is None
