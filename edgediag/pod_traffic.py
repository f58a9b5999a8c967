"""What a pod of this node sends to another site, through Raven's overlay."""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Interface, IPv4Network

from edgediag.alternative import POD_BRIDGES
from edgediag.host.vxlan import RAVEN_DEVICE
from edgediag.model.answer import NotChecked
from edgediag.model.explained import Arrival
from edgediag.model.flow import Flow, Protocol
from edgediag.model.host import HostState, InterfaceAddress

NO_RAVEN = NotChecked(reason=f"no route leads through {RAVEN_DEVICE} to another site")
# The chain that keeps the source of what goes to another site
# (openyurtio/raven pkg/networkengine/vpndriver/libreswan/libreswan.go).
EXEMPTION = "RAVEN-POSTROUTING"

_POINT_TO_POINT = 31
NO_PODS = NotChecked(reason="no bridge of pods has an address")


def sent_to_other_site(state: HostState) -> Arrival | NotChecked:
    """A packet that comes from one of this node's pods, for the first site that routes know.

    source  openyurtio/raven pkg/networkengine/routedriver/vxlan/vxlan.go: a route by raven0 for
            each subnet of another node's gateway
    """
    if isinstance(state.overlay_routes, NotChecked):
        return state.overlay_routes
    if isinstance(state.addresses, NotChecked):
        return state.addresses
    sites = (
        IPv4Network(route.prefix)
        for route in state.overlay_routes
        if route.interface == RAVEN_DEVICE and route.gateway is not None and "/" in route.prefix
    )
    site = next((network for network in sites if network.num_addresses > 2), None)
    if site is None:
        return NO_RAVEN
    found = next(_on_bridges(state.addresses), None)
    if found is None:
        return NO_PODS
    bridge, own = found
    return Arrival(
        interface=bridge,
        prefix_length=own.network.prefixlen,
        flow=Flow(
            protocol=Protocol.TCP,
            source=next(host for host in own.network.hosts() if host != own.ip),
            source_port=0,
            destination=site[1],
            destination_port=0,
        ),
    )


def _on_bridges(
    addresses: Iterable[InterfaceAddress]
) -> Iterator[tuple[str, IPv4Interface]]:
    for item in addresses:
        is_shared = item.address.version == 4 and item.prefix_length < _POINT_TO_POINT
        if is_shared and item.interface in POD_BRIDGES:
            yield item.interface, IPv4Interface(f"{item.address}/{item.prefix_length}")
