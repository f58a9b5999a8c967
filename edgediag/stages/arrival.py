"""From whom this node must be reached: a neighbour in each network that it has an address of."""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Interface

from edgediag.model.answer import NotChecked
from edgediag.model.endpoint import Target
from edgediag.model.explained import Arrival, Disposition, Explained
from edgediag.model.flow import Address, Flow
from edgediag.model.host import HostState, InterfaceAddress, Link
from edgediag.model.listener import Listener
from edgediag.model.packet import LOOPBACK
from edgediag.stages.alternative import POD_BRIDGES

NO_NETWORK = NotChecked(
    reason="it listens to no address of a network in which a neighbour can be"
)
# What it hangs on where arrivals fare differently.
WHICH_NETWORK = "the network that a packet comes from"

_ENDED = (Disposition.DROPPED, Disposition.REJECTED)
_ALL = IPv4Address(0)
_POINT_TO_POINT = 31
_OVERLAY = "vxlan"


def arrivals_at(
    target: Target, state: HostState, listeners: Iterable[Listener]
) -> tuple[Arrival, ...] | NotChecked:
    """The packets that other nodes of the site may send to an inbound row's port, in this order.

    One for each address that a listener takes: of several networks nobody knows which is meant.
    Not that of the pods: theirs is the node's other side.

    source  the matrix: what arrives from the cloud comes from the gateway node in the host CIDR
    """
    if isinstance(state.addresses, NotChecked):
        return state.addresses
    links = () if isinstance(state.links, NotChecked) else state.links
    taken: set[Address] = {listener.address for listener in listeners}
    found = tuple(
        _arrival(target, item.interface, own)
        for item, own in _with_neighbours(state.addresses, links)
        if taken & {own.ip, _ALL}
    )
    return found or NO_NETWORK


def agreed(found: Iterable[Explained | NotChecked]) -> Explained | NotChecked:
    """What becomes of all arrivals, at least one; undetermined where they fare differently."""
    known: list[Explained] = []
    for each in found:
        if isinstance(each, NotChecked):
            return each
        known.append(each)
    if len({(each.disposition, each.deciders) for each in known}) == 1:
        return known[0]
    are_ended = all(each.disposition in _ENDED and each.deciders for each in known)
    deciders = dict.fromkeys(rule for each in known for rule in each.deciders)
    doubts = dict.fromkeys(doubt for each in known for doubt in each.hangs_on)
    return Explained(
        disposition=Disposition.DROPPED if are_ended else Disposition.UNDETERMINED,
        deciders=tuple(deciders) if are_ended else (),
        translations=(),
        marks=(),
        hangs_on=() if are_ended else (*doubts, WHICH_NETWORK),
    )


def is_open(listeners: Iterable[Listener]) -> bool:
    """True if somebody listens to more than this host itself."""
    return any(not listener.address.is_loopback for listener in listeners)


def _with_neighbours(
    addresses: Iterable[InterfaceAddress], links: Iterable[Link]
) -> Iterator[tuple[InterfaceAddress, IPv4Interface]]:
    dark = {link.name for link in links if not (link.is_up and link.has_carrier)}
    overlays = {link.name for link in links if link.kind == _OVERLAY}
    left_out = {LOOPBACK, *POD_BRIDGES, *dark, *overlays}
    for item in addresses:
        is_shared = item.address.version == 4 and item.prefix_length < _POINT_TO_POINT
        if is_shared and item.interface not in left_out:
            yield item, IPv4Interface(f"{item.address}/{item.prefix_length}")


def _arrival(target: Target, device: str, own: IPv4Interface) -> Arrival:
    somebody = next(host for host in own.network.hosts() if host != own.ip)
    return Arrival(
        interface=device,
        prefix_length=own.network.prefixlen,
        flow=Flow(
            protocol=target.protocol,
            source=somebody,
            source_port=0,
            destination=own.ip,
            destination_port=target.port,
        ),
    )
