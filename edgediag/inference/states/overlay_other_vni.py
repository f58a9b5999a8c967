"""A node whose end of the overlay has another VNI than this node's."""

from edgediag.inference.claim import at_destination
from edgediag.inference.fault import Fault
from edgediag.inference.overlay_trials import (
    device_of,
    is_as_agreed,
    is_lost,
    listed_trials,
    outcome_of,
)
from edgediag.meaning import is_returned
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Address
from edgediag.model.host import HostState
from edgediag.model.overlay_trial import OverlayForm
from edgediag.model.verdict import Certainty, Landmark, Mechanism

ID = "overlay-other-vni"


def judge(destination: Address | None, host: HostState) -> Fault | None:
    """A node takes in frames of another VNI, and none of this one.

    Holds because   an echo inside a frame with the node's MAC came back when the frame had another
                    VNI, and neither way when it had the VNI of this node's device, which is the one
                    that the cluster agreed on
    Does not hold   where this node's device is the one that differs from its own name: which of the
                    two strayed cannot be told. Silence in every VNI says nothing, for a node may
                    drop what comes from an address of another device (rp_filter)
    Asks for        the trial, the VXLAN devices
    source          RFC 7348 §4.1; drivers/net/vxlan (vxlan_vs_find_vni)
    """
    for trial in listed_trials(host):
        other = outcome_of(trial, OverlayForm.VNI)
        device = device_of(trial, host)
        inside = None if other is None else other.probe.encapsulation
        if device is None or inside is None or isinstance(inside, NotChecked):
            continue
        own = [outcome_of(trial, form) for form in (OverlayForm.PLAIN, OverlayForm.BARE_ANSWER)]
        if is_returned(other) and all(map(is_lost, own)) and is_as_agreed(trial, host):
            name, peer = trial.interface, trial.peer
            return Fault(
                claim=at_destination(Landmark.EDGE, Mechanism.VXLAN_MISMATCH, Certainty.BOUNDED),
                text=f"{peer} takes in frames of VNI {inside.vni} and none of VNI {device.vni}, "
                f"which {name} has here",
                remedy=f"on {peer}: ip -d link show {name}, and restart what makes it; its VNI "
                f"must be {device.vni}",
            )
    return None
