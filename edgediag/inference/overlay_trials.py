"""What the questions that were put through an overlay amount to, said once for all of its rules."""

from dataclasses import replace

from edgediag.host.vxlan import FLANNEL_PREFIX, RAVEN_DEVICE, RAVEN_VNI
from edgediag.meaning import has_come_back, has_left, is_answered_by, is_returned, is_rewritten
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Address
from edgediag.model.host import HostState
from edgediag.model.outcome import Outcome, Unanswered
from edgediag.model.overlay import VxlanDevice
from edgediag.model.overlay_trial import OverlayForm, OverlayTrial


def trials_of(host: HostState) -> tuple[OverlayTrial, ...]:
    """The nodes that were asked; none where nobody was."""
    return () if isinstance(host.overlay_trials, NotChecked) else host.overlay_trials


def only(host: HostState, prefix: str) -> HostState:
    """The state with the trials of one overlay alone, by how its devices' names begin."""
    kept = tuple(trial for trial in trials_of(host) if trial.interface.startswith(prefix))
    return replace(host, overlay_trials=kept)


def outcome_of(trial: OverlayTrial, form: OverlayForm) -> Outcome | None:
    """What came of a form; of several the one that came back, None where it was not asked."""
    found = [item.outcome for item in trial.asked if item.form is form]
    return next(filter(is_returned, found), found[0] if found else None)


def is_lost(outcome: Outcome | None) -> bool:
    """True if it was seen leaving as it was asked, and nothing came back."""
    return (
        isinstance(outcome, Unanswered)
        and has_left(outcome)
        and not has_come_back(outcome)
        and not is_rewritten(outcome)
    )


def is_reachable(trial: OverlayTrial) -> bool:
    """True if the node itself answers an echo beside the overlay."""
    echo = outcome_of(trial, OverlayForm.ECHO)
    return echo is not None and is_answered_by(echo, trial.peer)


def answering(host: HostState) -> tuple[Address, ...]:
    """The nodes whose answers came back through the overlay, to its port on this node."""
    return tuple(
        trial.peer
        for trial in trials_of(host)
        if is_returned(outcome_of(trial, OverlayForm.PLAIN))
    )


def asked_nodes(host: HostState) -> tuple[Address, ...]:
    """The nodes that were asked through the overlay."""
    return tuple(trial.peer for trial in trials_of(host))


def device_of(trial: OverlayTrial, host: HostState) -> VxlanDevice | None:
    """The device whose frames were imitated, as it is now; None where it is gone."""
    devices = () if isinstance(host.vxlans, NotChecked) else host.vxlans
    return next((item for item in devices if item.interface == trial.interface), None)


def is_as_agreed(trial: OverlayTrial, host: HostState) -> bool:
    """True if the device has the VNI and the port by which the cluster's nodes know each other."""
    device = device_of(trial, host)
    if device is None or device.port != trial.port:
        return False
    name = trial.interface
    agreed = str(RAVEN_VNI) if name == RAVEN_DEVICE else name.removeprefix(FLANNEL_PREFIX)
    # A name that ends in no number agrees on nothing.
    return agreed == str(device.vni) or not agreed.isdigit()
