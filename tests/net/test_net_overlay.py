"""The overlay of a namespace, read from the running kernel."""

from ipaddress import ip_address

import pytest

from edgediag.model.overlay import ForwardingEntry, OverlayRoute, VxlanDevice
from edgediag.net.overlay import read_forwarding, read_overlay_routes, read_vxlans

pytestmark = pytest.mark.netns

PEER = ip_address("198.51.100.11")
PEER_MAC = "02:00:00:00:02:00"


@pytest.fixture
def overlay(two_nodes):
    """A node with the device of flannel, one peer, and a route in Raven's table."""
    for command in (
        "ip link add flannel.1 type vxlan id 1 dstport 8472 local 192.0.2.1 dev up0 nolearning",
        "ip link set flannel.1 up",
        f"bridge fdb add {PEER_MAC} dev flannel.1 dst {PEER}",
        "ip route add 203.0.113.0/25 via 203.0.113.1 dev flannel.1 onlink mtu 1400",
        "ip route add 203.0.113.128/25 dev up0 table 9027",
        "ip route add 203.0.113.128/26 dev up0 table 9029",
    ):
        two_nodes.node.run(command)
    return two_nodes.node


def test_a_device_with_all_that_flannel_sets(overlay) -> None:
    with overlay.inside():
        [device] = read_vxlans()
    assert device == VxlanDevice(
        interface="flannel.1",
        vni=1,
        port=8472,
        local=ip_address("192.0.2.1"),
        remote=None,
        underlay="up0",
        is_learning=False,
        is_asking=False,
        is_external=False,
        has_checksum=device.has_checksum,
        received=0,
        offloads_checksum=device.offloads_checksum,
    )
    assert isinstance(device.offloads_checksum, bool)


def test_what_a_device_knows_of_its_peer(overlay) -> None:
    overlay.run("bridge fdb add 02:00:00:00:09:00 dev up0 self")
    with overlay.inside():
        found = read_forwarding()
    assert found == (
        ForwardingEntry(interface="flannel.1", mac=PEER_MAC, destination=PEER),
    )


def test_routes_through_the_device_and_in_ravens_table_and_no_others(overlay) -> None:
    with overlay.inside():
        found = [route for route in read_overlay_routes() if route.table != 255]
    through = OverlayRoute(
        interface="flannel.1",
        type_="unicast",
        prefix="203.0.113.0/25",
        gateway=ip_address("203.0.113.1"),
        table=254,
        mtu=1400,
    )
    of_raven = OverlayRoute(
        interface="up0",
        type_="unicast",
        prefix="203.0.113.128/25",
        gateway=None,
        table=9027,
        mtu=None,
    )
    assert found == [through, of_raven]


def test_a_host_without_an_overlay_has_none_of_it(two_nodes) -> None:
    with two_nodes.node.inside():
        assert (read_vxlans(), read_forwarding(), read_overlay_routes()) == ((), (), ())
