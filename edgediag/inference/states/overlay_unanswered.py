"""A node that answers echoes, and none that come to it through the overlay."""

from edgediag.inference.claim import lost_outside, one_of
from edgediag.inference.fault import Fault
from edgediag.inference.overlay_trials import (
    device_of,
    inner_end,
    is_as_agreed,
    is_lost,
    is_reachable,
    listed_trials,
    outcome_of,
)
from edgediag.inference.states import overlay_node_differs
from edgediag.meaning import is_answered_by, is_returned
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Address
from edgediag.model.host import HostState
from edgediag.model.overlay_trial import OverlayForm, OverlayTrial
from edgediag.model.verdict import Landmark, Mechanism

ID = "overlay-unanswered"


def judge(destination: Address | None, host: HostState) -> Fault | None:
    """Echoes inside the overlay's frames are lost, and those beside them are not.

    Holds because   the node answers an echo to its own address, so it is there and the way to it
                    and back is open; frames with the VNI, the MAC and the address that the tables
                    of this host have for it left and nothing came back, in no form
    Does not hold   as a place: a filter on the way and one at the node look the same, and so does a
                    node that takes the frames in and answers no echo inside. Where other packets
                    came out of the device meanwhile, that is no less likely, and no block is named.
                    Not where the device differs from what the cluster agreed on, nor where its
                    tables differ from the node objects: then frames go where nobody is meant
    Asks for        the trial, the tap, the VXLAN devices and their counters
    source          flannel-io/flannel issues 423, 871 and 2388 (UDP 8472 lost on the way)
    """
    if overlay_node_differs.judge(destination, host) is not None:
        return None
    for trial in listed_trials(host):
        forms = {item.form for item in trial.asked if is_returned(item.outcome)}
        is_silent = is_lost(outcome_of(trial, OverlayForm.PLAIN)) and not forms
        if is_silent and is_reachable(trial) and is_as_agreed(trial, host):
            return _fault(trial, host)
    return None


def _fault(trial: OverlayTrial, host: HostState) -> Fault:
    peer, port, name = trial.peer, trial.port, trial.interface
    rise = _rise(trial, host)
    mechanism = None if rise else Mechanism.SILENT_DROP
    beside = outcome_of(trial, OverlayForm.OTHER_PORT)
    is_passed = beside is not None and is_answered_by(beside, peer)
    others = f", while it answers the same octets on udp port {port + 1}" if is_passed else ""
    counted = f"; {rise} packets of others came out of {name} meanwhile" if rise else ""
    return Fault(
        claim=one_of(lost_outside(host), Landmark.EDGE, mechanism),
        text=f"{peer} answers an echo, and none that reaches it in a frame of {name} on udp port "
        f"{port}{others}: frames are lost on the way or there, or it answers no echo inside"
        f"{counted}",
        remedy=f"on {peer}: tcpdump -ni any udp port {port}, while ping -c 3 {inner_end(trial)} "
        "runs here; frames that do not show there are lost on the way",
    )


def _rise(trial: OverlayTrial, host: HostState) -> int:
    device = device_of(trial, host)
    if device is None or isinstance(device.received, NotChecked):
        return 0
    return 0 if isinstance(trial.received, NotChecked) else device.received - trial.received
