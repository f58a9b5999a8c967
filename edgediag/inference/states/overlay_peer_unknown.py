"""A peer that flannel's routes lead to, and whose node its tables do not know."""

from collections.abc import Iterator
from typing import Final

from edgediag.inference.claim import on_this_host
from edgediag.inference.fault import Fault
from edgediag.inference.flannel_devices import as_culprit, flannel_devices
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import Culprit, NeighbourObject
from edgediag.model.flow import Address
from edgediag.model.host import HostState, Neighbour, NeighbourState
from edgediag.model.overlay import ForwardingEntry, VxlanDevice
from edgediag.model.verdict import Mechanism

ID = "overlay-peer-unknown"

_ALL_OTHERS: Final = "00:00:00:00:00:00"
_UNRESOLVED: Final = (NeighbourState.INCOMPLETE, NeighbourState.FAILED)


def judge(destination: Address | None, host: HostState) -> Fault | None:
    """A route of flannel's ends at a peer without neighbour or forwarding entry.

    Holds because   flannel writes both entries before the route; a device that neither learns nor
                    asks and floods to nobody can find out by no other way where the peer is
    Does not hold   for a device that learns, asks, has a remote or an entry for all others; for
                    routes without a gateway; where a table was not read
    Asks for        VXLAN devices, their routes and forwarding entries, neighbours, links
    source          flannel pkg/backend/vxlan/vxlan_network.go; drivers/net/vxlan (vxlan_xmit)
    """
    if isinstance(host.forwarding, NotChecked) or isinstance(host.neighbours, NotChecked):
        return None
    for device in flannel_devices(host):
        entries = [item for item in host.forwarding if item.interface == device.interface]
        if not _is_told_all(device, entries):
            continue
        known = {
            item.address: item for item in host.neighbours if item.interface == device.interface
        }
        for gateway in _gateways(device, host):
            fault = _unknown(device, gateway, known.get(gateway), entries)
            if fault is not None:
                return fault
    return None


def _is_told_all(device: VxlanDevice, entries: list[ForwardingEntry]) -> bool:
    """True if the device knows only what it was told."""
    can_find_out = device.is_learning or device.is_asking or device.remote is not None
    return not can_find_out and all(entry.mac != _ALL_OTHERS for entry in entries)


def _gateways(device: VxlanDevice, host: HostState) -> Iterator[Address]:
    for route in () if isinstance(host.overlay_routes, NotChecked) else host.overlay_routes:
        if route.interface == device.interface and route.gateway is not None:
            yield route.gateway


def _unknown(
    device: VxlanDevice,
    gateway: Address,
    neighbour: Neighbour | None,
    entries: list[ForwardingEntry],
) -> Fault | None:
    name = device.interface
    if neighbour is None or neighbour.state in _UNRESOLVED or not neighbour.mac:
        state = "missing" if neighbour is None else neighbour.state.value
        text = f"{name} has no MAC for the peer {gateway}, and nobody to ask for it"
        culprit = NeighbourObject(interface=name, address=gateway, state=state)
        return _fault(device, text, Mechanism.NEIGHBOUR_FAILED, culprit)
    if any(entry.mac == neighbour.mac for entry in entries):
        return None
    text = f"{name} does not know which node has {neighbour.mac}, the MAC of the peer {gateway}"
    return _fault(device, text, Mechanism.VXLAN_MISMATCH, as_culprit(device))


def _fault(device: VxlanDevice, text: str, mechanism: Mechanism, culprit: Culprit) -> Fault:
    name = device.interface
    remedy = (
        f"look at bridge fdb show dev {name} and ip neigh show dev {name}, and restart flannel, "
        "which writes both"
    )
    return Fault(claim=on_this_host(mechanism, culprit), text=text, remedy=remedy)
