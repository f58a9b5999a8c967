"""What pods send each other through an overlay."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from edgediag.model.answer import NotChecked
from edgediag.model.explained import Arrival
from edgediag.model.flow import Flow, Protocol
from edgediag.model.host import InterfaceAddress
from edgediag.model.overlay import OverlayRoute
from edgediag.pod_traffic import (
    NO_FLANNEL,
    NO_PODS,
    NO_RAVEN,
    brought_to_pods,
    sent_to_other_site,
)
from story import host_state

BRIDGE = InterfaceAddress(interface="cni0", address=ip_address("10.244.1.1"), prefix_length=24)
SITE = OverlayRoute(
    interface="raven0",
    type_="unicast",
    prefix="10.245.0.0/16",
    gateway=ip_address("240.168.50.11"),
    table=9027,
    mtu=None,
)
PACKET = Arrival(
    interface="cni0",
    prefix_length=24,
    flow=Flow(
        protocol=Protocol.TCP,
        source=ip_address("10.244.1.2"),
        source_port=0,
        destination=ip_address("10.245.0.1"),
        destination_port=0,
    ),
)
UNREAD = NotChecked(reason="EPERM")


NODE = replace(
    SITE, interface="flannel.1", prefix="10.244.2.0/24", gateway=ip_address("10.244.2.0"), table=254
)
BROUGHT = Arrival(
    interface="flannel.1",
    prefix_length=24,
    flow=Flow(
        protocol=Protocol.TCP,
        source=ip_address("10.244.2.1"),
        source_port=0,
        destination=ip_address("10.244.1.254"),
        destination_port=0,
    ),
)


@pytest.mark.parametrize(
    ("addresses", "routes", "expected"),
    [
        pytest.param((BRIDGE,), (SITE,), PACKET, id="from the bridge to the other site"),
        pytest.param((BRIDGE,), (), NO_RAVEN, id="no other site"),
        pytest.param(
            (BRIDGE,), (replace(SITE, interface="flannel.1"),), NO_RAVEN, id="another overlay"
        ),
        pytest.param((BRIDGE,), (replace(SITE, gateway=None),), NO_RAVEN, id="Raven's own network"),
        pytest.param((BRIDGE,), (replace(SITE, prefix="default"),), NO_RAVEN, id="no subnet"),
        pytest.param((), (SITE,), NO_PODS, id="no bridge"),
        pytest.param(
            (replace(BRIDGE, interface="eth0"),), (SITE,), NO_PODS, id="no bridge of pods"
        ),
        pytest.param(UNREAD, (SITE,), UNREAD, id="addresses unread"),
        pytest.param((BRIDGE,), UNREAD, UNREAD, id="routes unread"),
    ],
)
def test_a_packet_for_another_site(
    addresses: tuple[InterfaceAddress, ...] | NotChecked,
    routes: tuple[OverlayRoute, ...] | NotChecked,
    expected: Arrival | NotChecked,
) -> None:
    state = replace(host_state(), addresses=addresses, overlay_routes=routes)
    assert sent_to_other_site(state) == expected


@pytest.mark.parametrize(
    ("addresses", "routes", "expected"),
    [
        pytest.param((BRIDGE,), (SITE, NODE), BROUGHT, id="from the pods of another node"),
        pytest.param((BRIDGE,), (SITE,), NO_FLANNEL, id="no other node"),
        pytest.param((BRIDGE,), (replace(NODE, gateway=None),), NO_FLANNEL, id="no gateway"),
        pytest.param((BRIDGE,), (replace(NODE, prefix="10.244.2.1/32"),), NO_FLANNEL, id="one pod"),
        pytest.param((), (NODE,), NO_PODS, id="no pods here"),
        pytest.param(UNREAD, (NODE,), UNREAD, id="addresses unread"),
        pytest.param((BRIDGE,), UNREAD, UNREAD, id="routes unread"),
    ],
)
def test_a_packet_for_the_pods_of_this_node(
    addresses: tuple[InterfaceAddress, ...] | NotChecked,
    routes: tuple[OverlayRoute, ...] | NotChecked,
    expected: Arrival | NotChecked,
) -> None:
    state = replace(host_state(), addresses=addresses, overlay_routes=routes)
    assert brought_to_pods(state) == expected
