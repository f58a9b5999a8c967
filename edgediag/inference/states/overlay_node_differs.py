"""Tables of flannel's overlay that differ from what the nodes say of themselves."""

from edgediag.inference.claim import on_this_host
from edgediag.inference.fault import Fault
from edgediag.inference.flannel_devices import as_culprit, flannel_devices
from edgediag.inference.overlay_trials import outcome_of, trials_of
from edgediag.meaning import is_returned
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import Culprit, NeighbourObject
from edgediag.model.flow import Address
from edgediag.model.host import HostState
from edgediag.model.overlay import NodeEnd, VxlanDevice
from edgediag.model.overlay_trial import OverlayForm
from edgediag.model.verdict import Mechanism

ID = "overlay-node-differs"


def judge(destination: Address | None, host: HostState) -> Fault | None:
    """A node has another address or MAC in the kernel's tables than in its own object.

    Holds because   flannel writes what a node's annotations say into the forwarding and neighbour
                    tables, and peers send to the MAC in this node's own annotation: where they
                    differ, frames go to a host or a device that is not meant
    Does not hold   for a node that answered through the overlay as the tables have it, for then its
                    object is the older; for entries that are missing; for what the caches of other
                    agents than flannel say; where several devices of flannel's are up
    Asks for        node objects, VXLAN devices, their forwarding entries, neighbours, links
    source          flannel pkg/backend/vxlan/vxlan_network.go, pkg/subnet/kube/annotations.go;
                    flannel-io/flannel issue 1155 (MACAddressPolicy=persistent)
    """
    devices = flannel_devices(host)
    if isinstance(host.node_ends, NotChecked) or len(devices) != 1:
        return None
    answered = {
        trial.peer
        for trial in trials_of(host)
        if trial.listed == trial.peer and is_returned(outcome_of(trial, OverlayForm.PLAIN))
    }
    for end in host.node_ends:
        if not end.node:
            fault = _own(end, devices[0], host)
        elif end.address in answered:
            fault = None
        else:
            fault = _forwarded(end, devices[0], host) or _resolved(end, devices[0], host)
        if fault is not None:
            return fault
    return None


def _own(end: NodeEnd, device: VxlanDevice, host: HostState) -> Fault | None:
    links = () if isinstance(host.links, NotChecked) else host.links
    mac = next((link.mac for link in links if link.name == device.interface), "")
    if not mac or mac == end.mac:
        return None
    return _fault(
        f"{device.interface} has the MAC {mac}, and this node's object tells the peers to send to "
        f"{end.mac} ({end.source})",
        "keep systemd from giving the device a MAC (MACAddressPolicy=none in a .link file), and "
        "restart flannel, which makes it anew",
        as_culprit(device),
    )


def _forwarded(end: NodeEnd, device: VxlanDevice, host: HostState) -> Fault | None:
    entries = () if isinstance(host.forwarding, NotChecked) else host.forwarding
    named = [item for item in entries if item.interface == device.interface]
    places = [item.destination for item in named if item.mac == end.mac]
    if not places or end.address in places:
        return None
    return _fault(
        f"{device.interface} sends frames for {end.mac} to {places[0]}, and {end.node}, whose MAC "
        f"this is, is at {end.address} ({end.source})",
        f"bridge fdb replace {end.mac} dev {device.interface} dst {end.address}, or restart "
        "flannel, which writes the entries",
        as_culprit(device),
    )


def _resolved(end: NodeEnd, device: VxlanDevice, host: HostState) -> Fault | None:
    known = () if isinstance(host.neighbours, NotChecked) else host.neighbours
    entry = next(
        (
            item
            for item in known
            if item.interface == device.interface and item.address == end.inner and item.mac
        ),
        None,
    )
    if entry is None or entry.mac == end.mac:
        return None
    culprit = NeighbourObject(
        interface=entry.interface, address=entry.address, state=entry.state.value
    )
    return _fault(
        f"{entry.interface} has {entry.mac} for {entry.address}, the end of {end.node}, and its "
        f"object says {end.mac} ({end.source})",
        f"ip neigh replace {entry.address} lladdr {end.mac} nud permanent dev {entry.interface}, "
        "or restart flannel, which writes the entries",
        culprit,
    )


def _fault(text: str, remedy: str, culprit: Culprit) -> Fault:
    return Fault(
        claim=on_this_host(Mechanism.VXLAN_MISMATCH, culprit), text=text, remedy=remedy
    )
