"""What pods send each other through an overlay: to another site by Raven's, or in by flannel's."""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from edgediag.alternative import POD_BRIDGES
from edgediag.host.vxlan import FLANNEL_PREFIX, RAVEN_DEVICE
from edgediag.model.answer import NotChecked
from edgediag.model.explained import Arrival
from edgediag.model.flow import Flow, Protocol
from edgediag.model.host import HostState, InterfaceAddress
from edgediag.model.overlay import OverlayRoute

NO_RAVEN = NotChecked(reason=f"no route leads through {RAVEN_DEVICE} to another site")
NO_FLANNEL = NotChecked(reason="no route leads through flannel's device to another node")
NO_PODS = NotChecked(reason="no bridge of pods has an address")
# The chain that keeps the source of what goes to another site
# (openyurtio/raven pkg/networkengine/vpndriver/libreswan/libreswan.go).
EXEMPTION = "RAVEN-POSTROUTING"

_POINT_TO_POINT = 31
_LEAST_ADDRESSES = 2


def sent_to_other_site(state: HostState) -> Arrival | NotChecked:
    """A packet that comes from one of this node's pods, for the first site that routes know.

    source  openyurtio/raven pkg/networkengine/routedriver/vxlan/vxlan.go: a route by raven0 for
            each subnet of another node's gateway
    """
    if isinstance(state.overlay_routes, NotChecked):
        return state.overlay_routes
    if isinstance(state.addresses, NotChecked):
        return state.addresses
    site = next(_reached_by(state.overlay_routes, RAVEN_DEVICE), None)
    if site is None:
        return NO_RAVEN
    found = next(_on_bridges(state.addresses), None)
    if found is None:
        return NO_PODS
    bridge, own = found
    pod = next(host for host in own.network.hosts() if host != own.ip)
    return _from_pod(bridge, (pod, own.network.prefixlen), site[1])


def brought_to_pods(state: HostState) -> Arrival | NotChecked:
    """A packet that a pod of another node sends to this node's pods, as flannel's device brings it.

    To an address that is given out last, so that a rule for one pod is hardly met.
    """
    if isinstance(state.overlay_routes, NotChecked):
        return state.overlay_routes
    if isinstance(state.addresses, NotChecked):
        return state.addresses
    found = next(_on_bridges(state.addresses), None)
    if found is None:
        return NO_PODS
    _, own = found
    devices = dict.fromkeys(route.interface for route in state.overlay_routes)
    for device in devices:
        node = next(_reached_by(state.overlay_routes, device), None)
        if device.startswith(FLANNEL_PREFIX) and node is not None:
            return _from_pod(device, (node[1], node.prefixlen), own.network[-2])
    return NO_FLANNEL


def _from_pod(device: str, source: tuple[IPv4Address, int], destination: IPv4Address) -> Arrival:
    """A first packet that comes in by a device from any pod of a network."""
    return Arrival(
        interface=device,
        prefix_length=source[1],
        flow=Flow(
            protocol=Protocol.TCP,
            source=source[0],
            source_port=0,
            destination=destination,
            destination_port=0,
        ),
    )


def _reached_by(routes: Iterable[OverlayRoute], device: str) -> Iterator[IPv4Network]:
    """The networks behind other nodes that a device leads to."""
    for route in routes:
        if route.interface == device and route.gateway is not None and "/" in route.prefix:
            network = IPv4Network(route.prefix)
            if network.num_addresses > _LEAST_ADDRESSES:
                yield network


def _on_bridges(
    addresses: Iterable[InterfaceAddress]
) -> Iterator[tuple[str, IPv4Interface]]:
    for item in addresses:
        is_shared = item.address.version == 4 and item.prefix_length < _POINT_TO_POINT
        if is_shared and item.interface in POD_BRIDGES:
            yield item.interface, IPv4Interface(f"{item.address}/{item.prefix_length}")
