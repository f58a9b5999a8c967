"""A node's end of the overlay that the forwarding table looks for behind another node."""

from edgediag.inference.claim import on_this_host
from edgediag.inference.fault import Fault
from edgediag.inference.flannel_devices import as_culprit
from edgediag.inference.overlay_trials import (
    control_of,
    device_of,
    is_lost,
    outcome_of,
    trials_of,
)
from edgediag.meaning import is_returned
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Address
from edgediag.model.host import HostState
from edgediag.model.overlay_trial import OverlayForm, OverlayTrial
from edgediag.model.verdict import Mechanism

ID = "overlay-peer-elsewhere"


def judge(destination: Address | None, host: HostState) -> Fault | None:
    """The MAC that the table has behind one address answers behind another alone.

    Holds because   an echo inside a frame to that MAC, sent to a node that was stated, came back,
                    and the same frame to the address in the table was lost at the same time, or
                    nobody there answers an ARP request; or the object of the node that has the MAC
                    says the former address
    Does not hold   where nothing came back: then who has the MAC is not known; where frames to both
                    addresses are answered, for a node may have two; where the object of a node says
                    the address in the table
    Asks for        both trials, the VXLAN devices, node objects
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
        if not _is_mistaken(trial, mac, host):
            continue
        return Fault(
            claim=on_this_host(Mechanism.VXLAN_MISMATCH, as_culprit(device)),
            text=f"{name} sends frames for {mac} to {trial.listed}, and it is {trial.peer} that "
            "answers to this MAC",
            remedy=f"bridge fdb replace {mac} dev {name} dst {trial.peer}, or restart what writes "
            "the entries",
        )
    return None


def _is_mistaken(trial: OverlayTrial, mac: str, host: HostState) -> bool:
    """True if the address in the table is not the right one as well."""
    control = control_of(trial, host)
    plain = None if control is None else outcome_of(control, OverlayForm.PLAIN)
    ends = () if isinstance(host.node_ends, NotChecked) else host.node_ends
    stated = {end.address for end in ends if end.mac == mac}
    if is_returned(plain) or trial.listed in stated:
        return False
    # A frame to an address that nobody on the link has does not even leave this host.
    is_nobody = control is not None and control.link_answers == ()
    return trial.peer in stated or is_lost(plain) or is_nobody
