"""What pods send each other through an overlay: to another site by Raven's, or in by flannel's."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, ip_network

from edgediag.host.overlay_routes import RAVEN_TABLE
from edgediag.host.vxlan import FLANNEL_PREFIX, RAVEN_DEVICE
from edgediag.model.answer import NotChecked
from edgediag.model.explained import Arrival
from edgediag.model.flow import Flow, Protocol
from edgediag.model.host import HostState, InterfaceAddress
from edgediag.model.overlay import OverlayRoute
from edgediag.model.pod_echo import PodQuestion
from edgediag.model.xfrm import XfrmPolicy
from edgediag.stages.alternative import POD_BRIDGES

NO_RAVEN = NotChecked(reason="neither a policy of IPsec nor a route leads pods to another site")
NO_MEMBER = NotChecked(reason="no route of Raven's own table leads out by its overlay")
NO_FLANNEL = NotChecked(reason="no route leads through flannel's device to another node")
NO_PODS = NotChecked(reason="flannel's device serves no bridge of pods")
# The chain that keeps the source of what goes to another site
# (openyurtio/raven pkg/networkengine/vpndriver/libreswan/libreswan.go).
EXEMPTION = "RAVEN-POSTROUTING"

# The chain that marks what Raven's own table is for
# (openyurtio/raven pkg/networkengine/routedriver/vxlan/vxlan.go).
MARKING = "RAVEN-MARK-CHAIN"

# Of a large site a pod asks so many nodes.
MAX_ASKED = 4

_MAIN = 254
_POINT_TO_POINT = 31
_LEAST_ADDRESSES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pods:
    """Where the pods of this node are, and the routes of its overlays."""

    bridge: str
    own: IPv4Interface
    routes: tuple[OverlayRoute, ...]


def sent_to_other_site(state: HostState) -> Arrival | NotChecked:
    """A packet that comes from one of this node's pods, for the first site that is known.

    source  openyurtio/raven pkg/networkengine/vpndriver/libreswan: policies from this pool's
            subnets to those of each other one. Raven's own table 9027 leads into the pool alone
    """
    pods = _pods(state)
    if isinstance(pods, NotChecked):
        return pods
    own = pods.own
    policies = () if isinstance(state.xfrm_policies, NotChecked) else state.xfrm_policies
    routes = [route for route in pods.routes if route.table == _MAIN]
    sites = (*_wrapped_for(policies, own.network), *_reached_by(routes, RAVEN_DEVICE))
    if not sites:
        return NO_RAVEN
    site = sites[0]
    pod = next(host for host in own.network.hosts() if host != own.ip)
    return _from_pod(pods.bridge, (pod, own.network.prefixlen), site[1])


def answered_by_pods(state: HostState) -> Arrival | NotChecked:
    """An answer of one of this node's pods, where a member's route leads all marked ones to raven0.

    Of its destination nothing is known: the sets of Raven name the other sites.

    source  openyurtio/raven pkg/networkengine/routedriver/vxlan/vxlan.go: table 9027 of a member is
            one default route; a gateway's leads to its members
    """
    pods = _pods(state)
    if isinstance(pods, NotChecked):
        return pods
    is_member = any(
        (route.interface, route.table, route.prefix) == (RAVEN_DEVICE, RAVEN_TABLE, "default")
        for route in pods.routes
    )
    if not is_member:
        return NO_MEMBER
    pod = next(host for host in pods.own.network.hosts() if host != pods.own.ip)
    return _from_pod(pods.bridge, (pod, pods.own.network.prefixlen), pods.own.ip)


def brought_to_pods(state: HostState) -> Arrival | NotChecked:
    """A packet that a pod of another node sends to this node's pods, as flannel's device brings it.

    To an address that is given out last, so that a rule for one pod is hardly met.
    """
    pods = _pods(state)
    if isinstance(pods, NotChecked):
        return pods
    devices = dict.fromkeys(route.interface for route in pods.routes)
    for device in devices:
        node = next(_reached_by(pods.routes, device), None)
        if device.startswith(FLANNEL_PREFIX) and node is not None:
            return _from_pod(device, (node[1], node.prefixlen), pods.own.network[-2])
    return NO_FLANNEL


def asked_by_pods(state: HostState) -> PodQuestion | NotChecked:
    """What a pod of this node can ask through flannel's overlay: the ends of other nodes."""
    pods = _pods(state)
    if isinstance(pods, NotChecked):
        return pods
    if isinstance(state.links, NotChecked):
        return state.links
    mtus = {link.name: link.mtu for link in state.links if link.name.startswith(FLANNEL_PREFIX)}
    routes = [route for route in pods.routes if route.interface in mtus]
    ends = dict.fromkeys(route.gateway for route in routes if route.gateway is not None)
    if not ends:
        return NO_FLANNEL
    return PodQuestion(
        bridge=pods.bridge,
        destinations=tuple(ends)[:MAX_ASKED],
        most_octets=min(mtus[route.interface] for route in routes),
    )


def _pods(state: HostState) -> _Pods | NotChecked:
    if isinstance(state.overlay_routes, NotChecked):
        return state.overlay_routes
    if isinstance(state.addresses, NotChecked):
        return state.addresses
    found = next(_on_bridges(state.addresses), None)
    if found is None:
        return NO_PODS
    return _Pods(bridge=found[0], own=found[1], routes=state.overlay_routes)


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


def _wrapped_for(policies: Iterable[XfrmPolicy], own: IPv4Network) -> Iterator[IPv4Network]:
    """The networks to which policies of IPsec send what comes from this node's pods."""
    for policy in policies:
        selector = policy.selector
        if policy.direction != "out" or not policy.templates:
            continue
        source, destination = (
            ip_network((end[0], end[1]), strict=False)
            for end in (selector.source, selector.destination)
        )
        if not isinstance(source, IPv4Network) or not isinstance(destination, IPv4Network):
            continue
        if source.prefixlen and own.subnet_of(source) and destination.prefixlen:
            if destination.num_addresses > _LEAST_ADDRESSES:
                yield destination


def _on_bridges(
    addresses: Sequence[InterfaceAddress]
) -> Iterator[tuple[str, IPv4Interface]]:
    """The bridges of the pods that flannel serves: its device has their network's own address.

    Docker's bridge may be there as well, with containers of its own and rules for them.
    """
    served = {item.address for item in addresses if item.interface.startswith(FLANNEL_PREFIX)}
    for item in addresses:
        is_shared = item.address.version == 4 and item.prefix_length < _POINT_TO_POINT
        if not is_shared or item.interface not in POD_BRIDGES:
            continue
        own = IPv4Interface(f"{item.address}/{item.prefix_length}")
        if own.network.network_address in served:
            yield item.interface, own
