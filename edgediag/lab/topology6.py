"""The lab's second network, of IPv6: each cable, host and router of the first has its like in it.

It stands only where a story asks for it. Nothing is translated in it, so that the cloud has a way
back to the site. All addresses are for documentation (RFC 3849).
"""

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Interface, IPv4Network, IPv6Address
from types import MappingProxyType

from edgediag.lab.topology import (
    EDGE_ADDRESS,
    HOSTS,
    LANDMARKS,
    PORTS,
    ROUTES,
    Route,
    addresses_of,
)

SITE = "2001:db8:192:168:50::/96"

# flannel carries IPv4 alone, so pods have no address of IPv6.
_PODS = IPv4Network("10.244.0.0/16")


def six(address: str) -> str:
    """The like of an address of the first network, with or without its length.

    198.51.100.10/24 is 2001:db8:198:51:100::10/96: read in decimal, it is the same. Of a network
    of four addresses its own first one stands before the last part, so that each cable has a
    prefix: 203.0.113.6/30 is 2001:db8:203:0:113:4:0:6/96.
    """
    interface = IPv4Interface(address)
    length = interface.network.prefixlen
    first, second, third, last = str(interface.ip).split(".")
    cable = str(interface.network.network_address).rpartition(".")[2] if length == 30 else "0"
    text = str(IPv6Address(f"2001:db8:{first}:{second}:{third}:{cable}:0:{last}"))
    if "/" not in address:
        return text
    return f"{text}/{128 if length == 32 else 96}"


HOSTS_6: Mapping[str, str] = MappingProxyType(
    {name: six(address) for name, address in HOSTS.items()}
)
EDGE_ADDRESS_6 = six(EDGE_ADDRESS)

# By node and device.
ADDRESSES_6: Mapping[tuple[str, str], tuple[str, ...]] = MappingProxyType(
    {
        (port.node, port.interface): tuple(map(six, addresses))
        for port in PORTS
        if (addresses := [item for item in port.addresses if IPv4Interface(item) not in _PODS])
    }
)

_BY_FIRST_ADDRESS: Mapping[str, str] = MappingProxyType(
    {
        address.partition("/")[0]: six(address).partition("/")[0]
        for port in PORTS
        for address in port.addresses
        if IPv4Interface(address) not in _PODS
    }
)


def _routes() -> Iterator[tuple[str, Route]]:
    for node, routes in ROUTES.items():
        for route in routes:
            if not route.device and node != "pod":
                gateways = tuple(_BY_FIRST_ADDRESS[gateway] for gateway in route.gateways)
                is_default = route.destination == "default"
                destination = "default" if is_default else six(route.destination)
                yield node, Route(destination=destination, gateways=gateways)
                if not is_default:
                    # Whoever has a way back to the uplink of the site has one to the site.
                    yield node, Route(destination=SITE, gateways=gateways)
    yield "isp1", Route(destination=SITE, gateways=(_BY_FIRST_ADDRESS["203.0.113.2"],))


ROUTES_6: tuple[tuple[str, Route], ...] = tuple(_routes())


def landmarks_6() -> dict[str, str]:
    """The landmark that each address of the second network belongs to."""
    nodes = {landmark: landmark for landmark in LANDMARKS} | {"host": "cloud"}
    return {
        _BY_FIRST_ADDRESS[address]: landmark
        for landmark, node in nodes.items()
        for address in addresses_of(node)
        if address in _BY_FIRST_ADDRESS
    }
