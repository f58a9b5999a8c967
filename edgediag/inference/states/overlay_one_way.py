"""A node that takes frames in, and whose answer does not come back through the overlay."""

from edgediag.inference.claim import lost_outside, one_of
from edgediag.inference.fault import Fault
from edgediag.inference.overlay_trials import is_lost, listed_trials, outcome_of
from edgediag.meaning import is_returned
from edgediag.model.flow import Address
from edgediag.model.host import HostState
from edgediag.model.overlay_trial import OverlayForm
from edgediag.model.verdict import Landmark, Mechanism

ID = "overlay-one-way"


def judge(destination: Address | None, host: HostState) -> Fault | None:
    """Frames reach the node's end of the overlay, and its own frames do not reach this node.

    Holds because   an echo inside a frame is answered where its source is this node's own address,
                    so that the answer needs no frame, and not where the answer needs one
    Does not hold   as a place: the node may not know this node's end, or its frames may be lost on
                    the way back. Whoever asks nothing of the overlay's own address says nothing
    Asks for        the trial, the tap
    source          flannel-io/flannel issues 1474 and 692 (tables missing after a reboot)
    """
    for trial in listed_trials(host):
        plain = outcome_of(trial, OverlayForm.PLAIN)
        if is_lost(plain) and is_returned(outcome_of(trial, OverlayForm.BARE_ANSWER)):
            peer, name = trial.peer, trial.interface
            return Fault(
                claim=one_of(lost_outside(host), Landmark.EDGE, Mechanism.RETURN_PATH),
                text=f"{peer} takes in frames of {name}, and its answers come back without the "
                "overlay only",
                remedy=f"on {peer}: bridge fdb show dev {name}, ip neigh show dev {name} and ip "
                f"route show dev {name}, for this node's entries; all there, its frames to udp "
                f"port {trial.port} are lost on the way back",
            )
    return None
