"""The VXLAN devices that flannel made, by the names it gives them."""

from edgediag.host.vxlan import FLANNEL_PREFIX
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import VxlanObject
from edgediag.model.host import HostState
from edgediag.model.overlay import VxlanDevice

PREFIX = FLANNEL_PREFIX


def flannel_devices(host: HostState) -> tuple[VxlanDevice, ...]:
    """flannel's devices that are up and know their VNI; none where they were not read."""
    if isinstance(host.vxlans, NotChecked) or isinstance(host.links, NotChecked):
        return ()
    up = {link.name for link in host.links if link.is_up}
    return tuple(
        device
        for device in host.vxlans
        if device.interface.startswith(PREFIX)
        and device.interface in up
        and not device.is_external
    )


def as_culprit(device: VxlanDevice) -> VxlanObject:
    """The device as a verdict names it."""
    return VxlanObject(
        interface=device.interface, vni=device.vni, port=device.port, local=device.local
    )
