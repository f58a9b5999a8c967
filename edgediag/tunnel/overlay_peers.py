"""Which nodes of the site can be asked through an overlay, and with what in the frames.

Only nodes that were stated, or that a Gateway object lists, are asked: whoever else has such an
address shall not be judged. Where the table may have a node elsewhere, the address in the table is
asked as well, to compare.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from edgediag.discovery.overlay_url import may_be_node
from edgediag.endpoints import flannel_vxlan, raven_gateway
from edgediag.endpoints.naming import check_stem
from edgediag.host.vxlan import FLANNEL_PREFIX, RAVEN_DEVICE
from edgediag.instruments import Bench
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Address, Flow, Protocol
from edgediag.model.host import HostState, Link, Neighbour
from edgediag.model.overlay import (
    ADDED_OCTETS,
    Encapsulation,
    ForwardingEntry,
    VxlanDevice,
)
from edgediag.model.overlay_trial import OverlayForm
from edgediag.model.probe import Probe
from edgediag.model.route import Route

# How many nodes are asked through one overlay: a pool may have hundreds, and one that answers shows
# as much as all of them.
MAX_PEERS: Final = 3

# The longest packet of IPv4 (RFC 791 §3.1), which the device's own limit may be above.
_MAX_OCTETS: Final = 65535

NOT_SOLICITED: Final = NotChecked(reason="the node answered, or a router stands before it")

_NO_MAC: Final = "00:00:00:00:00:00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """An overlay by its device's name, the port that its peers listen on, and the row it is of."""

    prefix: str
    port: int
    endpoint: str
    check: str


OVERLAYS: Final = (
    Overlay(
        prefix=FLANNEL_PREFIX,
        port=flannel_vxlan.ENDPOINTS[0].ports[0],
        endpoint=flannel_vxlan.ENDPOINTS[0].id,
        check=check_stem(flannel_vxlan.ENDPOINTS[0].id, flannel_vxlan.ENDPOINTS[0].ports[0]),
    ),
    Overlay(
        prefix=RAVEN_DEVICE,
        port=raven_gateway.OVERLAY.ports[0],
        endpoint=raven_gateway.OVERLAY.id,
        check=check_stem(raven_gateway.OVERLAY.id, raven_gateway.OVERLAY.ports[0]),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A node under trial: what an outcome belongs to, and what was asked so far.

    flow   of the frames; its source port is the identifier of the echo inside as well
    octets of the longest outer packet that the device makes
    is_control  it only tells whether the address in the table, which nobody stated, is right
    """

    overlay: Overlay
    device: VxlanDevice
    listed: Address
    route: Route
    flow: Flow
    inside: Encapsulation
    octets: int
    is_control: bool = False
    neighbour: Neighbour | NotChecked = NOT_SOLICITED
    link_answers: tuple[str, ...] | NotChecked = NOT_SOLICITED
    asked: tuple[tuple[OverlayForm, Probe], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfDevice:
    """What the trials of one entry of a device share; `inside` still without its identifier."""

    overlay: Overlay
    device: VxlanDevice
    inside: Encapsulation
    octets: int


def trials_of(
    bench: Bench, overlay: Overlay, state: HostState, peers: Sequence[Address]
) -> Iterator[Trial]:
    """The trials of one overlay, with nothing asked yet, in the order of devices and peers.

    A node is left out where this host's tables do not tell what to put in a frame for it, and
    where no route leads to it: then the tables are at fault, and nothing need be sent.
    """
    others = [peer for peer in peers if may_be_node(peer) and not _is_own(peer, state)]
    for device, link in _devices(overlay, state):
        source = _own_end(device, state)
        if source is None:
            continue
        for peer, entry in _entries(device, state, others):
            inner = _inner_address(device, entry, state)
            if inner is None:
                continue
            inside = Encapsulation(
                vni=device.vni,
                has_checksum=device.has_checksum,
                source_mac=link.mac,
                destination_mac=entry.mac,
                source=source,
                destination=inner,
                identifier=0,
            )
            octets = min(link.mtu + ADDED_OCTETS, _MAX_OCTETS)
            of_device = _OfDevice(overlay=overlay, device=device, inside=inside, octets=octets)
            yield from _with_control(bench, of_device, peer, entry.destination)


def _with_control(
    bench: Bench, of_device: _OfDevice, peer: Address, listed: Address
) -> Iterator[Trial]:
    """The trial of a node, and beside it that of the address that the table has in its place."""
    trial = _trial(bench, of_device, peer, listed)
    if trial is None:
        return
    yield trial
    control = None if peer == listed else _trial(bench, of_device, listed, listed)
    if control is not None:
        yield replace(control, is_control=True)


def _trial(
    bench: Bench, of_device: _OfDevice, peer: Address, listed: Address
) -> Trial | None:
    way = _way(peer, of_device.overlay)
    route = bench.host.route(way) if may_be_node(peer) else None
    if not isinstance(route, Route) or route.source is None or route.is_local:
        return None
    port = bench.supply.port()
    return Trial(
        overlay=of_device.overlay,
        device=of_device.device,
        listed=listed,
        route=route,
        flow=replace(way, source=route.source, source_port=port),
        inside=replace(of_device.inside, identifier=port),
        octets=of_device.octets,
    )


def _devices(overlay: Overlay, state: HostState) -> Iterator[tuple[VxlanDevice, Link]]:
    if isinstance(state.vxlans, NotChecked) or isinstance(state.links, NotChecked):
        return
    links = {link.name: link for link in state.links if link.is_up and link.mac}
    for device in state.vxlans:
        is_of = device.interface.startswith(overlay.prefix) and not device.is_external
        if is_of and device.interface in links:
            yield device, links[device.interface]


def _entries(
    device: VxlanDevice, state: HostState, peers: Sequence[Address]
) -> tuple[tuple[Address, ForwardingEntry], ...]:
    """The nodes to be asked, each with the entry that tells which MAC to ask for.

    Nodes of several pools may have the same address: of its entries exactly one must lead to an end
    that is known. Where all nodes but one have an entry and all entries but one have a node, the
    two that are left may belong together. Only an answer proves it.
    """
    if isinstance(state.forwarding, NotChecked):
        return ()
    known = [
        entry
        for entry in state.forwarding
        if entry.interface == device.interface and entry.mac != _NO_MAC
    ]
    named = {
        peer: [entry for entry in known if entry.destination == peer] for peer in peers
    }
    usable = {
        peer: [entry for entry in entries if _inner_address(device, entry, state) is not None]
        for peer, entries in named.items()
    }
    found = [(peer, entries[0]) for peer, entries in usable.items() if len(entries) == 1]
    strangers = [entry for entry in known if entry.destination not in named]
    without = [peer for peer, entries in named.items() if not entries]
    if len(strangers) == 1 and len(without) == 1:
        found.append((without[0], strangers[0]))
    return tuple(found[:MAX_PEERS])


def _own_end(device: VxlanDevice, state: HostState) -> Address | None:
    own = () if isinstance(state.addresses, NotChecked) else state.addresses
    ends = (entry.address for entry in own if entry.interface == device.interface)
    return next((address for address in ends if address.version == 4), None)


def _inner_address(
    device: VxlanDevice, entry: ForwardingEntry, state: HostState
) -> Address | None:
    known = () if isinstance(state.neighbours, NotChecked) else state.neighbours
    ends = (
        item.address
        for item in known
        if item.interface == device.interface and item.mac == entry.mac
    )
    return next((address for address in ends if address.version == 4), None)


def _is_own(peer: Address, state: HostState) -> bool:
    own = () if isinstance(state.addresses, NotChecked) else state.addresses
    return any(entry.address == peer for entry in own)


def _way(peer: Address, overlay: Overlay) -> Flow:
    return Flow(
        protocol=Protocol.UDP,
        source=type(peer)(0),
        source_port=0,
        destination=peer,
        destination_port=overlay.port,
    )
