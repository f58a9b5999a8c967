"""What the questions that were put through an overlay amount to, said once for all of its rules."""

from dataclasses import replace

from edgediag.host.vxlan import FLANNEL_PREFIX, RAVEN_DEVICE, RAVEN_VNI
from edgediag.meaning import has_come_back, has_left, is_answered_by, is_returned, is_rewritten
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Address
from edgediag.model.host import HostState
from edgediag.model.outcome import Answered, Outcome, Unanswered
from edgediag.model.overlay import VxlanDevice
from edgediag.model.overlay_trial import OverlayForm, OverlayTrial
from edgediag.model.packet import Sighting
from edgediag.model.probe import NO_OVERLAY
from edgediag.model.reply import TunnelledEcho


def trials_of(host: HostState) -> tuple[OverlayTrial, ...]:
    """The nodes that were asked; none where nobody was."""
    return () if isinstance(host.overlay_trials, NotChecked) else host.overlay_trials


def stated_trials(host: HostState) -> tuple[OverlayTrial, ...]:
    """The trials without those of addresses that only the forwarding table names."""
    trials = trials_of(host)
    doubted = {(trial.interface, trial.listed) for trial in trials if trial.listed != trial.peer}
    return tuple(
        trial
        for trial in trials
        if trial.listed != trial.peer or (trial.interface, trial.listed) not in doubted
    )


def listed_trials(host: HostState) -> tuple[OverlayTrial, ...]:
    """The nodes that were stated and that the forwarding table has at the same address."""
    return tuple(trial for trial in stated_trials(host) if trial.listed == trial.peer)


def control_of(trial: OverlayTrial, host: HostState) -> OverlayTrial | None:
    """The trial of the address that the table has in the place of a node's; None without one."""
    place = (trial.interface, trial.listed, trial.listed)
    found = (item for item in trials_of(host) if (item.interface, item.listed, item.peer) == place)
    return next(found, None)


def only(host: HostState, prefix: str) -> HostState:
    """The state with the trials of one overlay alone, by how its devices' names begin."""
    kept = tuple(trial for trial in trials_of(host) if trial.interface.startswith(prefix))
    return replace(host, overlay_trials=kept)


def outcome_of(trial: OverlayTrial, form: OverlayForm) -> Outcome | None:
    """What came of a form; of several the one that came back, None where it was not asked."""
    found = [item.outcome for item in trial.asked if item.form is form]
    return next(filter(is_returned, found), found[0] if found else None)


def inner_end(trial: OverlayTrial) -> Address:
    """The end of the overlay that a node was asked at, its own address where that is not known."""
    plain = outcome_of(trial, OverlayForm.PLAIN)
    inside = NO_OVERLAY if plain is None else plain.probe.encapsulation
    return trial.peer if isinstance(inside, NotChecked) else inside.destination


def lengths(trial: OverlayTrial) -> tuple[int, int] | None:
    """Octets of the longest frame that came back, and of the shortest lost one above it.

    As outer packets; None where no lengths between the short and the long one were asked.
    """
    known = {
        item.outcome.probe.padding.size_octets: item.outcome
        for item in trial.asked
        if item.form in (OverlayForm.LENGTH, OverlayForm.SIZE)
        and not isinstance(item.outcome.probe.padding, NotChecked)
    }
    passed = max((octets for octets, item in known.items() if is_returned(item)), default=0)
    above = (octets for octets, item in known.items() if octets > passed and is_lost(item))
    lost = min(above, default=0)
    return (passed, lost) if passed and lost else None


def ports(trial: OverlayTrial) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The source ports whose frames came back every time, and those whose never did, ascending.

    Each was tried twice, and what came back did so at once: what is lost by chance is in neither.
    """
    by_port: dict[int, list[Outcome]] = {}
    for item in trial.asked:
        if item.form in (OverlayForm.PLAIN, OverlayForm.LEG):
            by_port.setdefault(item.outcome.probe.flow.source_port, []).append(item.outcome)
    twice = sorted((port, items) for port, items in by_port.items() if len(items) > 1)
    served = tuple(port for port, items in twice if all(map(_is_returned_at_once, items)))
    lost = tuple(port for port, items in twice if all(map(is_lost, items)))
    return (served, lost) if len(served) + len(lost) == len(by_port) else ((), ())


def _is_returned_at_once(outcome: Outcome) -> bool:
    return isinstance(outcome, Answered) and is_returned(outcome) and outcome.tries == 1


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
    return tuple(trial.peer for trial in stated_trials(host) if _has_answered(trial))


def _has_answered(trial: OverlayTrial) -> bool:
    plain = outcome_of(trial, OverlayForm.PLAIN)
    if not isinstance(plain, Answered) or not isinstance(plain.reply, TunnelledEcho):
        return False
    # What came bare may have come by any way, unless it was seen coming out of the device.
    came_out = any(
        seen.sighting is Sighting.TAP_IN and seen.interface == trial.interface
        for seen in plain.seen
    )
    return came_out or not plain.reply.is_bare


def asked_nodes(host: HostState) -> tuple[Address, ...]:
    """The nodes that were asked through the overlay."""
    return tuple(trial.peer for trial in stated_trials(host))


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
