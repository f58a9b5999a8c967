"""Whether a source address suits the way that it is sent by, and which of this host's would."""

from collections.abc import Iterable
from ipaddress import ip_interface

from edgediag.model.flow import Address
from edgediag.model.host import InterfaceAddress
from edgediag.model.route import Route


def is_foreign(source: Address, route: Route, addresses: Iterable[InterfaceAddress]) -> bool:
    """True if the device does not have the source, or has it beside one of the gateway's network.

    Such a source may be rightful: providers route single addresses to their customers.
    """
    mine = _of_device(route, addresses)
    if source not in {item.address for item in mine}:
        return True
    near = _near(route.gateway, mine)
    return bool(near) and source not in near


def fitting_source(
    route: Route, destination: Address, addresses: Iterable[InterfaceAddress]
) -> Address | None:
    """The device's first address in the network of the next hop, None where it has none."""
    near = _near(route.gateway or destination, _of_device(route, addresses))
    return next(iter(near), None)


def _of_device(
    route: Route, addresses: Iterable[InterfaceAddress]
) -> tuple[InterfaceAddress, ...]:
    return tuple(item for item in addresses if item.interface == route.interface)


def _near(
    next_hop: Address | None, addresses: Iterable[InterfaceAddress]
) -> tuple[Address, ...]:
    if next_hop is None:
        return ()
    if next_hop.version == 6 and next_hop.is_link_local:
        # Routers of IPv6 are known by such an address (RFC 4861 §6.1.2), whatever their networks.
        return ()
    return tuple(
        item.address
        for item in addresses
        if next_hop in ip_interface(f"{item.address}/{item.prefix_length}").network
    )
