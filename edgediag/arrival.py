"""From whom this node must be reached: a neighbour of the network of its uplink."""

from collections import Counter
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Interface

from edgediag.model.answer import NotChecked
from edgediag.model.endpoint import Target
from edgediag.model.explained import Arrival
from edgediag.model.flow import Flow
from edgediag.model.host import HostState, InterfaceAddress, Listener, Route, RouteAnswer

NO_UPLINK = NotChecked(reason="no check has a route out, so where others come from is not known")
NO_NETWORK = NotChecked(reason="the uplink's address has no network in which a neighbour can be")


def arrival_at(
    target: Target, state: HostState, routes: Iterable[RouteAnswer]
) -> Arrival | NotChecked:
    """A packet that another node of the site sends to an inbound row's port.

    routes  of the outbound checks: the uplink is the device that most of them leave by
    source  the matrix: what arrives from the cloud comes from the gateway node in the host CIDR
    """
    ways = [route for route in routes if isinstance(route, Route) and not route.is_local]
    if not ways:
        return NO_UPLINK
    if isinstance(state.addresses, NotChecked):
        return state.addresses
    device, _ = Counter(route.interface for route in ways).most_common(1)[0]
    own = _address_on(device, ways, state.addresses)
    if own is None:
        return NO_NETWORK
    return Arrival(
        interface=device,
        prefix_length=own.network.prefixlen,
        flow=Flow(
            protocol=target.protocol,
            source=_neighbour(own, ways),
            source_port=0,
            destination=own.ip,
            destination_port=target.port,
        ),
    )


def is_open(listeners: Iterable[Listener]) -> bool:
    """True if somebody listens to more than this host itself."""
    return any(not listener.address.is_loopback for listener in listeners)


def _address_on(
    device: str, ways: Iterable[Route], addresses: Iterable[InterfaceAddress]
) -> IPv4Interface | None:
    """The address of a device that packets leave with, else its first, if it has neighbours."""
    found = [
        IPv4Interface((item.address, item.prefix_length))
        for item in addresses
        if item.interface == device
        and isinstance(item.address, IPv4Address)
        and item.prefix_length <= 30
    ]
    used = {route.source for route in ways}
    return min(found, key=lambda own: own.ip not in used, default=None)


def _neighbour(own: IPv4Interface, ways: Iterable[Route]) -> IPv4Address:
    for route in ways:
        if isinstance(route.gateway, IPv4Address) and route.gateway in own.network:
            return route.gateway
    return next(host for host in own.network.hosts() if host != own.ip)
