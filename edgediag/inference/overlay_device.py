"""The device behind a VXLAN port that nothing takes: down, or made with another port."""

from edgediag.inference.blocked_here import Said
from edgediag.inference.flannel_devices import PREFIX, as_culprit
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import LinkObject
from edgediag.model.host import HostState
from edgediag.model.verdict import Mechanism


def unheard_overlay(port: int, host: HostState) -> Said | None:
    """Why no VXLAN device takes what comes to the port: text, remedy, and what is at fault.

    None where there is no such device, and where the devices were not read: then nobody knows
    more than that nothing listens. A device of anything but flannel may have any port.
    """
    if isinstance(host.vxlans, NotChecked) or isinstance(host.links, NotChecked):
        return None
    down = {link.name for link in host.links if not link.is_up}
    for device in host.vxlans:
        if device.port == port and device.interface in down:
            name = device.interface
            text = f"{name}, the VXLAN device of udp port {port}, is down, so nothing takes it"
            remedy = f"ip link set {name} up, and restart flannel: its routes went with it"
            return text, remedy, (Mechanism.LINK_DOWN, LinkObject(interface=name, state="down"))
    for device in host.vxlans:
        if device.interface.startswith(PREFIX) and device.port != port:
            text = (
                f"{device.interface} was made with udp port {device.port}, and nothing takes "
                f"what the peers send to {port}"
            )
            remedy = f"restart flannel with port {port}, so that it makes {device.interface} anew"
            return text, remedy, (Mechanism.VXLAN_MISMATCH, as_culprit(device))
    return None
