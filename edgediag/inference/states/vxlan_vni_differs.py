"""A device of flannel's whose VNI is not the one in its name."""

from edgediag.inference.claim import one_of
from edgediag.inference.fault import Fault
from edgediag.inference.flannel_devices import PREFIX, flannel_devices
from edgediag.model.flow import Address
from edgediag.model.host import HostState
from edgediag.model.verdict import Mechanism, Place

ID = "vxlan-vni-differs"


def judge(destination: Address | None, host: HostState) -> Fault | None:
    """flannel's device has another VNI than its name says.

    Holds because   flannel names its device by the VNI that the cluster agreed on, and both sides
                    drop the frames of another VNI in silence; which side strayed cannot be told
    Does not hold   for names that flannel gives no device: they end in no number
    Asks for        VXLAN devices, links
    source          flannel pkg/backend/vxlan/vxlan.go; drivers/net/vxlan (vxlan_vs_find_vni)
    """
    for device in flannel_devices(host):
        name = device.interface
        agreed = name[len(PREFIX) :]
        if agreed.isdigit() and agreed != str(device.vni):
            where = (Place.LOCAL, Place.REMOTE)
            return Fault(
                claim=one_of(where, None, Mechanism.VXLAN_MISMATCH),
                text=f"{name} has VNI {device.vni}, and its name says that the peers have {agreed}",
                remedy=f"compare ip -d link show {name} here and on a peer, and restart flannel",
            )
    return None
