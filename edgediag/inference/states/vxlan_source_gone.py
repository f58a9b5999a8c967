"""An overlay that still sends from an address that this host had once."""

from edgediag.inference.claim import on_this_host
from edgediag.inference.fault import Fault
from edgediag.inference.flannel_devices import as_culprit, flannel_devices
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Address
from edgediag.model.host import HostState
from edgediag.model.verdict import Mechanism

ID = "vxlan-source-gone"


def judge(destination: Address | None, host: HostState) -> Fault | None:
    """flannel's device sends from an address that this node does not have.

    Holds because   the kernel finds no route from a source that is not its own, so no frame
                    leaves; and peers would answer an address that is elsewhere or nowhere
    Does not hold   where the device leaves the choice to the kernel; where a table was not read;
                    where the device that carries it has lost its address and got no other: then the
                    address is missing, and the overlay is not stale
    Asks for        VXLAN devices, links, this host's addresses
    source          net/ipv4/route.c ip_route_output_key_hash_rcu (__ip_dev_find)
    """
    if isinstance(host.addresses, NotChecked):
        return None
    own = {entry.address for entry in host.addresses}
    addressed = {entry.interface for entry in host.addresses}
    for device in flannel_devices(host):
        if device.underlay in addressed and device.local is not None and device.local not in own:
            name = device.interface
            return Fault(
                claim=on_this_host(Mechanism.VXLAN_MISMATCH, as_culprit(device)),
                text=f"{name} sends from {device.local}, an address that this node does not have",
                remedy=f"restart flannel, so that it makes {name} anew with the node's address",
            )
    return None
