"""What pods send each other through an overlay."""

from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest

from edgediag.model.answer import NotChecked
from edgediag.model.explained import Arrival
from edgediag.model.flow import Flow, Protocol
from edgediag.model.host import InterfaceAddress, Link
from edgediag.model.overlay import OverlayRoute
from edgediag.model.pod_echo import PodQuestion
from edgediag.model.xfrm import XfrmPolicy, XfrmSelector, XfrmTemplate
from edgediag.tunnel.pod_traffic import (
    MAX_ASKED,
    NO_FLANNEL,
    NO_MEMBER,
    NO_PODS,
    NO_RAVEN,
    answered_by_pods,
    asked_by_pods,
    brought_to_pods,
    sent_to_other_site,
)
from story import host_state, link

BRIDGE = InterfaceAddress(interface="cni0", address=ip_address("10.244.1.1"), prefix_length=24)
SERVED = InterfaceAddress(
    interface="flannel.1", address=ip_address("10.244.1.0"), prefix_length=32
)
HERE = (SERVED, BRIDGE)
DOCKER = InterfaceAddress(
    interface="docker0", address=ip_address("172.17.0.1"), prefix_length=16
)
SITE = OverlayRoute(
    interface="raven0",
    type_="unicast",
    prefix="10.245.0.0/16",
    gateway=ip_address("240.168.50.11"),
    table=254,
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
        pytest.param(HERE, (SITE,), PACKET, id="from the bridge to the other site"),
        pytest.param(
            (SERVED, DOCKER, BRIDGE), (SITE,), PACKET, id="Docker's bridge is no bridge of pods"
        ),
        pytest.param((DOCKER,), (SITE,), NO_PODS, id="Docker's bridge alone"),
        pytest.param((BRIDGE,), (SITE,), NO_PODS, id="pods that flannel does not serve"),
        pytest.param(
            HERE, (replace(SITE, table=9027),), NO_RAVEN, id="a node of the own pool"
        ),
        pytest.param(HERE, (), NO_RAVEN, id="no other site"),
        pytest.param(
            HERE, (replace(SITE, interface="flannel.1"),), NO_RAVEN, id="another overlay"
        ),
        pytest.param(HERE, (replace(SITE, gateway=None),), NO_RAVEN, id="Raven's own network"),
        pytest.param(HERE, (replace(SITE, prefix="default"),), NO_RAVEN, id="no subnet"),
        pytest.param((), (SITE,), NO_PODS, id="no bridge"),
        pytest.param(
            (replace(BRIDGE, interface="eth0"),), (SITE,), NO_PODS, id="no bridge of pods"
        ),
        pytest.param(UNREAD, (SITE,), UNREAD, id="addresses unread"),
        pytest.param((SERVED, BRIDGE), UNREAD, UNREAD, id="routes unread"),
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
        pytest.param(HERE, (SITE, NODE), BROUGHT, id="from the pods of another node"),
        pytest.param(
            (SERVED, DOCKER, BRIDGE), (NODE,), BROUGHT, id="Docker's bridge is no bridge of pods"
        ),
        pytest.param(HERE, (SITE,), NO_FLANNEL, id="no other node"),
        pytest.param(HERE, (replace(NODE, gateway=None),), NO_FLANNEL, id="no gateway"),
        pytest.param(
            HERE, (replace(NODE, prefix="10.244.2.1/32"),), NO_FLANNEL, id="one pod"
        ),
        pytest.param((), (NODE,), NO_PODS, id="no pods here"),
        pytest.param(UNREAD, (NODE,), UNREAD, id="addresses unread"),
        pytest.param((SERVED, BRIDGE), UNREAD, UNREAD, id="routes unread"),
    ],
)
def test_a_packet_for_the_pods_of_this_node(
    addresses: tuple[InterfaceAddress, ...] | NotChecked,
    routes: tuple[OverlayRoute, ...] | NotChecked,
    expected: Arrival | NotChecked,
) -> None:
    state = replace(host_state(), addresses=addresses, overlay_routes=routes)
    assert brought_to_pods(state) == expected


MEMBER = replace(SITE, prefix="default", table=9027)
ANSWER = replace(PACKET, flow=replace(PACKET.flow, destination=ip_address("10.244.1.1")))


@pytest.mark.parametrize(
    ("routes", "expected"),
    [
        pytest.param((MEMBER,), ANSWER, id="a member"),
        pytest.param((replace(MEMBER, prefix="10.244.2.0/24"),), NO_MEMBER, id="a gateway"),
        pytest.param((replace(MEMBER, table=254),), NO_MEMBER, id="the main table"),
        pytest.param((replace(MEMBER, interface="eth0"),), NO_MEMBER, id="another device"),
        pytest.param((), NO_MEMBER, id="proxy mode"),
        pytest.param(UNREAD, UNREAD, id="routes unread"),
    ],
)
def test_an_answer_that_raven_must_mark(
    routes: tuple[OverlayRoute, ...] | NotChecked, expected: Arrival | NotChecked
) -> None:
    state = replace(host_state(), addresses=HERE, overlay_routes=routes)
    assert answered_by_pods(state) == expected


ASKED = PodQuestion(
    bridge="cni0", destinations=(ip_address("10.244.2.0"),), most_octets=1450
)
FLANNEL = replace(link(), name="flannel.1", kind="vxlan", mtu=1450)
SITES = tuple(
    replace(NODE, prefix=f"10.244.{n}.0/24", gateway=ip_address(f"10.244.{n}.0"))
    for n in range(2, 9)
)


@pytest.mark.parametrize(
    ("routes", "links", "expected"),
    [
        pytest.param((NODE, NODE), (FLANNEL,), ASKED, id="the end of another node"),
        pytest.param((SITE,), (FLANNEL,), NO_FLANNEL, id="another overlay"),
        pytest.param((NODE,), (), NO_FLANNEL, id="no device"),
        pytest.param((replace(NODE, gateway=None),), (FLANNEL,), NO_FLANNEL, id="no end"),
        pytest.param((NODE,), UNREAD, UNREAD, id="devices unread"),
        pytest.param(UNREAD, (FLANNEL,), UNREAD, id="routes unread"),
    ],
)
def test_what_a_pod_asks(
    routes: tuple[OverlayRoute, ...] | NotChecked,
    links: tuple[Link, ...] | NotChecked,
    expected: PodQuestion | NotChecked,
) -> None:
    state = replace(host_state(), addresses=HERE, overlay_routes=routes, links=links)
    assert asked_by_pods(state) == expected


def test_of_a_large_site_some_nodes_are_asked() -> None:
    state = replace(host_state(), addresses=HERE, overlay_routes=SITES, links=(FLANNEL,))
    asked = asked_by_pods(state)
    assert isinstance(asked, PodQuestion)
    assert len(asked.destinations) == MAX_ASKED


def wrapping(source: str, destination: str, *, direction: str = "out") -> XfrmPolicy:
    ends = (ip_network(source), ip_network(destination))
    own, other = ((end.network_address, end.prefixlen) for end in ends)
    gateway = XfrmTemplate(
        source=ip_address("192.0.2.10"),
        destination=ip_address("198.51.100.21"),
        protocol="esp",
        mode="tunnel",
        request=1,
    )
    return XfrmPolicy(
        direction=direction,
        action="allow",
        priority=7,
        index=8,
        selector=XfrmSelector(
            source=own,
            destination=other,
            source_port=(0, 0),
            destination_port=(0, 0),
            ip_protocol=0,
            is_narrower=False,
        ),
        templates=(gateway,),
    )


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        pytest.param(wrapping("10.244.0.0/16", "10.245.0.0/16"), PACKET, id="for its pods"),
        pytest.param(wrapping("10.244.2.0/24", "10.245.0.0/16"), NO_RAVEN, id="for other pods"),
        pytest.param(wrapping("10.244.1.0/24", "0.0.0.0/0"), NO_RAVEN, id="for everything"),
        pytest.param(wrapping("2001:db8::/64", "2001:db8:1::/64"), NO_RAVEN, id="of IPv6"),
        pytest.param(
            wrapping("10.245.0.0/16", "10.244.1.0/24", direction="in"), NO_RAVEN, id="coming in"
        ),
    ],
)
def test_a_policy_of_the_tunnel_tells_of_another_site(
    policy: XfrmPolicy, expected: Arrival | NotChecked
) -> None:
    state = replace(
        host_state(), addresses=HERE, overlay_routes=(), xfrm_policies=(policy,)
    )
    assert sent_to_other_site(state) == expected
