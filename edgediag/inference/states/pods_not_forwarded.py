"""A host that carries pods and does not forward what they send."""

from typing import Final

from edgediag.inference.claim import on_this_host
from edgediag.inference.fault import Fault
from edgediag.inference.flannel_devices import flannel_devices
from edgediag.inference.sysctls import sysctls_of
from edgediag.model.culprit import SysctlObject
from edgediag.model.flow import Address
from edgediag.model.host import HostState
from edgediag.model.verdict import Mechanism

ID = "pods-not-forwarded"

_FORWARD: Final = "net.ipv4.ip_forward"
_DEVICE: Final = "net.ipv4.conf.{}.forwarding"
_OFF: Final = "0"


def judge(destination: Address | None, host: HostState) -> Fault | None:
    """What the overlay brings is not forwarded to the pods.

    Holds because   the kernel forwards a packet only where the device that it came in by allows it,
                    and the pods of this node lie behind its bridge: with forwarding off on the
                    device of flannel nothing that other nodes send reaches them
    Does not hold   without such a device that is up; for the devices of others; where the sysctl
                    was not read
    Asks for        VXLAN devices, links, sysctls
    source          Documentation/networking/ip-sysctl.rst (ip_forward, conf/*/forwarding);
                    net/ipv4/route.c, ip_route_input_slow
    """
    values = sysctls_of(host)
    for device in flannel_devices(host):
        key = _DEVICE.format(device.interface.replace(".", "/"))
        if values.get(key) != _OFF:
            continue
        # Setting it sets that of every device: where both are off, it is what was set.
        key = _FORWARD if values.get(_FORWARD) == _OFF else key
        return Fault(
            claim=on_this_host(Mechanism.LOCAL_DROP, SysctlObject(key=key, value=_OFF)),
            text=f"{key} is {_OFF}: what comes in by {device.interface} is not forwarded, and no "
            "pod of this node is reached",
            remedy=f"set {key} to 1",
        )
    return None
