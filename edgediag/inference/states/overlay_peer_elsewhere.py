"""A node's end of the overlay that the forwarding table looks for behind another node."""

from edgediag.inference.claim import on_this_host
from edgediag.inference.fault import Fault
from edgediag.inference.flannel_devices import as_culprit
from edgediag.inference.overlay_trials import device_of, trials_of
from edgediag.meaning import is_returned
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Address
from edgediag.model.host import HostState
from edgediag.model.verdict import Mechanism

ID = "overlay-peer-elsewhere"


def judge(destination: Address | None, host: HostState) -> Fault | None:
    """The MAC that the table has behind one address answers behind another.

    Holds because   an echo inside a frame to that MAC, sent to a node that was stated, came back:
                    that node has the MAC, and frames to the address in the table do not reach it
    Does not hold   where nothing came back: then who has the MAC is not known
    Asks for        the trial, the VXLAN devices
    source          flannel pkg/backend/vxlan/vxlan_network.go (a FDB entry for each node's VTEP)
    """
    for trial in trials_of(host):
        device = device_of(trial, host)
        found = [item.outcome for item in trial.asked if is_returned(item.outcome)]
        if trial.listed == trial.peer or device is None or not found:
            continue
        inside = found[0].probe.encapsulation
        if isinstance(inside, NotChecked):
            continue
        name, mac = trial.interface, inside.destination_mac
        return Fault(
            claim=on_this_host(Mechanism.VXLAN_MISMATCH, as_culprit(device)),
            text=f"{name} sends frames for {mac} to {trial.listed}, and it is {trial.peer} that "
            "answers to this MAC",
            remedy=f"bridge fdb replace {mac} dev {name} dst {trial.peer}, or restart what writes "
            "the entries",
        )
    return None
