"""What node objects say of each end of flannel's overlay, for the kernel's tables to match."""

import re
from collections.abc import Iterable, Iterator
from ipaddress import ip_network
from typing import Final

from edgediag.discovery.host import parse_address
from edgediag.model.overlay import NodeEnd
from edgediag.model.statement import Statement

# A node in the hub's cache, by whose copy it is. flannel writes the kernel's tables from its own,
# which the hub writes before it hands an object on; what others were told last may be older.
_CACHED: Final = re.compile(r".*/([^/]+)/nodes(?:\.[a-z0-9.]+)?/[^/]+", re.S)
_FLANNEL: Final = "flanneld"


def node_ends(statements: Iterable[Statement]) -> tuple[NodeEnd, ...]:
    """The end of each node that says one, in the order found; "" is the name of this very node.

    source  flannel pkg/subnet/kube/annotations.go (backend-data, public-ip)
    """
    kept = [item for item in statements if item.name in ("vtep", "pod-cidr")]
    networks = {item.node: item.value for item in kept if item.name == "pod-cidr"}
    ends = (_end(item, networks.get(item.node, "")) for item in kept if item.name == "vtep")
    return tuple(end for found in ends for end in found)


def _end(item: Statement, network: str) -> Iterator[NodeEnd]:
    cached = _CACHED.fullmatch(item.path)
    is_others = cached is not None and not item.path.startswith("https://")
    if is_others and cached is not None and cached[1] != _FLANNEL:
        return
    text, _, mac = item.value.partition(" ")
    address = parse_address(text)
    if address is None:
        return
    try:
        inner = ip_network(network).network_address
    except ValueError:
        inner = None
    yield NodeEnd(node=item.node, address=address, mac=mac, inner=inner, source=item.path)
