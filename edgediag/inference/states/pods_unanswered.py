"""Echoes of a pod that the overlay does not bring back, though it carries others."""

from edgediag.inference.claim import ANYWHERE, one_of
from edgediag.inference.fault import Fault
from edgediag.inference.overlay_trials import inner_end, listed_trials, outcome_of
from edgediag.inference.pod_echoes import lengths_of
from edgediag.meaning import is_returned
from edgediag.model.flow import Address
from edgediag.model.host import HostState
from edgediag.model.overlay_trial import OverlayForm
from edgediag.model.pod_echo import PodEcho
from edgediag.model.verdict import Mechanism

ID = "pods-unanswered"


def judge(destination: Address | None, host: HostState) -> Fault | None:
    """What a pod of this node sends through the overlay, or what is long of it, draws no answer.

    Holds because   another node answers this node's own echo through the overlay and none of a
                    pod's; or it answers every short echo of a pod's and no long one, which the
                    pod's device lets leave whole
    Does not hold   as a place: this node may not forward it, the way may lose it, and the other
                    node may not answer pods or long packets. Not where short ones are lost as
                    well, nor where nobody answers: a node may answer no echo at all
    Asks for        echoes from a pod's own network, the trial of the node
    source          openyurtio/raven issue 184 (only this node's own packets pass)
    """
    for short, long_ in lengths_of(host):
        if not short.answered and _is_end_answering(short.destination, host):
            return _unanswered(short)
        if short.answered == short.asked and not long_.answered:
            return _too_long(short, long_)
    return None


def _is_end_answering(end: Address, host: HostState) -> bool:
    return any(
        inner_end(trial) == end and is_returned(outcome_of(trial, OverlayForm.PLAIN))
        for trial in listed_trials(host)
    )


def _unanswered(echo: PodEcho) -> Fault:
    return Fault(
        claim=one_of(ANYWHERE, None, Mechanism.SILENT_DROP),
        text=f"{echo.destination} answers this node through the overlay, and {echo.answered} of "
        f"{echo.asked} echoes of the pod {echo.pod}",
        remedy=f"edgediag explain --in the pods' bridge --from {echo.pod} --to {echo.destination} "
        "--proto icmp here, and the FORWARD rules and routes of the other node",
    )


def _too_long(short: PodEcho, long_: PodEcho) -> Fault:
    return Fault(
        claim=one_of(ANYWHERE, None, Mechanism.PMTU_BLACKHOLE),
        text=f"the pod {short.pod} is answered by {short.destination} {short.answered} of "
        f"{short.asked} times at {short.octets} octets, and never at {long_.octets}, which its "
        "device lets leave whole",
        remedy="compare the MTU of the pods' devices, of flannel's and of the uplink on both nodes",
    )
