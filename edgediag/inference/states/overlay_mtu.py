"""The MTU of an overlay, held against that of the device that carries it; nothing is sent."""

from edgediag.inference.claim import on_this_host
from edgediag.inference.fault import Fault
from edgediag.inference.flannel_devices import flannel_devices
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import MtuObject
from edgediag.model.flow import Address
from edgediag.model.host import HostState, Link
from edgediag.model.overlay import ADDED_OCTETS
from edgediag.model.verdict import Mechanism

ID = "overlay-mtu"


def judge(destination: Address | None, host: HostState) -> Fault | None:
    """The overlay believes in longer packets than the device below it carries.

    Holds because   a device of flannel sends by the device that it was made on, and by no other;
                    its MTU with what VXLAN adds is above that one's: a packet of full size does not
                    fit
    Does not hold   where it was made on none, for the kernel then chooses; for the devices of
                    others; where a table was not read
    Asks for        VXLAN devices, links
    source          RFC 7348 §5 (what VXLAN adds); ip-link(8), vxlan dev
    """
    links = () if isinstance(host.links, NotChecked) else host.links
    by_name = {link.name: link for link in links}
    for device in flannel_devices(host):
        overlay, underlay = by_name.get(device.interface), by_name.get(device.underlay)
        if overlay is None or underlay is None:
            continue
        if overlay.mtu + ADDED_OCTETS > underlay.mtu:
            return _fault(overlay, underlay)
    return None


def _fault(overlay: Link, underlay: Link) -> Fault:
    culprit = MtuObject(interface=underlay.name, octets=underlay.mtu)
    return Fault(
        claim=on_this_host(Mechanism.MTU, culprit),
        text=f"{overlay.name} takes packets of {overlay.mtu} octets, which need "
        f"{overlay.mtu + ADDED_OCTETS} on the way, and {underlay.name}, by which it sends, "
        f"carries {underlay.mtu}",
        remedy=f"set the MTU of {underlay.name} to what its network carries, or that of "
        f"{overlay.name} to {underlay.mtu - ADDED_OCTETS}",
    )
