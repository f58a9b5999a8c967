"""Frames that are lost or not by their source port, their checksum or their length."""

from collections.abc import Iterable

from edgediag.inference.claim import lost_outside, one_of
from edgediag.inference.fault import Fault
from edgediag.inference.overlay_trials import (
    is_lost,
    lengths,
    listed_trials,
    outcome_of,
    ports,
)
from edgediag.meaning import is_answered_by, is_returned
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Address
from edgediag.model.host import HostState
from edgediag.model.overlay import ADDED_OCTETS
from edgediag.model.overlay_trial import OverlayForm, OverlayTrial
from edgediag.model.probe import NO_OVERLAY
from edgediag.model.verdict import Landmark, Mechanism

ID = "overlay-form-lost"


def judge(destination: Address | None, host: HostState) -> Fault | None:
    """A node answers frames of one form and not of another, in which the kernel sends them.

    Holds because   both frames carry the same echo to the same node and differ in one thing: the
                    source port, whether there is a checksum, or the length.
                    For source ports: each was tried twice, and those that came back did so at once
                    both times, while the others never did
    Does not hold   for a form that the kernel does not send: it never sends from the overlay's own
                    port, and with a checksum or without as the device says. Of long frames, where a
                    router may stand before the node and long echoes are lost as well: the kernel's
                    frames may be fragmented there, ours may not; and where no short frame that was
                    sent beside the long ones was answered
    Asks for        the trial, the tap
    source          RFC 7348 §4.3 (no fragmentation by VTEPs), §5 (source port, checksum of zero)
    """
    for trial in listed_trials(host):
        fault = _by_port(trial, host) or _by_silence(trial, host) or _by_length(trial, host)
        if fault is not None:
            return fault
    return None


def _by_silence(trial: OverlayTrial, host: HostState) -> Fault | None:
    is_served = is_returned(outcome_of(trial, OverlayForm.LEG))
    if not is_lost(outcome_of(trial, OverlayForm.PLAIN)) or is_served:
        return None
    peer, port = trial.peer, trial.port
    if is_returned(outcome_of(trial, OverlayForm.SOURCE_PORT)):
        return Fault(
            claim=one_of(lost_outside(host), Landmark.EDGE, Mechanism.SOURCE_PORT_FILTER),
            text=f"{peer} answers frames from udp port {port}, and none from another port: the "
            "kernel sends them from ports of the flows inside",
            remedy=f"accept udp to port {port} whatever its source port",
        )
    if is_returned(outcome_of(trial, OverlayForm.CHECKSUM)):
        switch = "noudpcsum" if _has_checksum(trial) else "udpcsum"
        return Fault(
            claim=one_of(lost_outside(host), Landmark.EDGE, Mechanism.CHECKSUM_OFFLOAD),
            text=f"{peer} answers frames {_other(trial)} a UDP checksum, and none as "
            f"{trial.interface} sends them",
            remedy=f"find out who drops them, or make {trial.interface} anew with {switch}",
        )
    return None


def _by_port(trial: OverlayTrial, host: HostState) -> Fault | None:
    served, lost = ports(trial)
    if not served or not lost:
        return None
    return Fault(
        claim=one_of(lost_outside(host), Landmark.EDGE, Mechanism.ECMP_PARTIAL),
        text=f"{trial.peer} answers frames from udp ports {_listed(served)} every time and from "
        f"{_listed(lost)} never: of several paths one is dead, or something filters by the port",
        remedy="look at the links that share the load on the way (bond, ECMP): each flow inside "
        f"the overlay takes one; tcpdump -ni any udp port {trial.port} on {trial.peer} shows "
        "which come",
    )


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))


def _by_length(trial: OverlayTrial, host: HostState) -> Fault | None:
    # Short frames of the same moment: a node that was too busy then answered none of any length.
    beside = (OverlayForm.SOURCE_PORT, OverlayForm.CHECKSUM)
    is_short_returned = is_returned(outcome_of(trial, OverlayForm.PLAIN)) and any(
        is_returned(outcome_of(trial, form)) for form in beside
    )
    if not is_short_returned or not is_lost(outcome_of(trial, OverlayForm.SIZE)):
        return None
    echo = outcome_of(trial, OverlayForm.LONG_ECHO)
    is_passed = echo is not None and is_answered_by(echo, trial.peer)
    if not is_passed and not (is_lost(echo) and trial.is_on_link):
        return None
    echoes = "an echo as long passes" if is_passed else "so are echoes as long"
    return Fault(
        claim=one_of(lost_outside(host), Landmark.EDGE, Mechanism.PMTU_BLACKHOLE),
        text=f"{trial.peer} answers short frames of {trial.interface}; those of full length are "
        f"lost, and {echoes}{_longest(trial, host)}",
        remedy=f"lower the MTU of {trial.interface} on all nodes{_to(trial)}, or raise that of the "
        "network between them",
    )


def _longest(trial: OverlayTrial, host: HostState) -> str:
    found = lengths(trial)
    if found is None:
        return ""
    passed, lost = found
    links = () if isinstance(host.links, NotChecked) else host.links
    mtu = next((link.mtu for link in links if link.name == trial.interface), None)
    own = "" if mtu is None else f", where its MTU is {mtu}"
    return (
        f"; the longest packet inside that comes back has {passed - ADDED_OCTETS} octets ({passed} "
        f"outside), one of {lost - ADDED_OCTETS} is lost{own}"
    )


def _to(trial: OverlayTrial) -> str:
    found = lengths(trial)
    return "" if found is None else f" to {found[0] - ADDED_OCTETS}"


def _has_checksum(trial: OverlayTrial) -> bool:
    plain = outcome_of(trial, OverlayForm.PLAIN)
    inside = NO_OVERLAY if plain is None else plain.probe.encapsulation
    return not isinstance(inside, NotChecked) and inside.has_checksum


def _other(trial: OverlayTrial) -> str:
    return "without" if _has_checksum(trial) else "with"
