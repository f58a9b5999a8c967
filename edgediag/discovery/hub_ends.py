"""Where this node's kubelet asks its hub, for the table of sockets to match."""

from collections.abc import Iterable

from edgediag.discovery.host import parse_address, parse_host_port
from edgediag.model.hub import HubEnd
from edgediag.model.statement import Statement


def hub_ends(statements: Iterable[Statement]) -> tuple[HubEnd, ...]:
    """The ends that kubeconfigs of the kubelet lead to, in the order found, each once.

    A kubeconfig may outlive its cluster: without any other sign of a hub there is none.
    """
    kept = tuple(item for item in statements if item.name in ("hub", "hub-address"))
    hub = next((item.value for item in kept if item.name == "hub"), None)
    found: dict[str, HubEnd] = {}
    for item in kept if hub is not None else ():
        place = parse_host_port(item.value, 0)
        address = None if place is None else parse_address(place.host)
        if hub is None or place is None or address is None or item.name != "hub-address":
            continue
        end = HubEnd(hub=hub, address=address, port=place.port, source=item.path)
        found.setdefault(item.value, end)
    return tuple(found.values())
