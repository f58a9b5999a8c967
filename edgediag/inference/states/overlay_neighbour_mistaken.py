"""A neighbour entry that keeps what is meant for another node of the site from it."""

from edgediag.inference.claim import on_this_host
from edgediag.inference.fault import Fault
from edgediag.inference.overlay_trials import is_lost, trials_of
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Address
from edgediag.model.host import HostState
from edgediag.model.verdict import Mechanism

ID = "overlay-neighbour-mistaken"


def judge(destination: Address | None, host: HostState) -> Fault | None:
    """A node of this link lives at another link-layer address than this host sends to.

    Holds because   an ARP request of our own is answered, by another address than the neighbour
                    entry has, and of all that was sent to that entry nothing was answered
    Does not hold   where the entry's address is among those that answer, where nobody answers, and
                    where a router stands before the node
    Asks for        the trial, the neighbour entry after it, the answers to an ARP request
    source          RFC 826; RFC 5227 §2.1.1
    """
    for trial in trials_of(host):
        neighbour, answers = trial.neighbour, trial.link_answers
        if isinstance(neighbour, NotChecked) or isinstance(answers, NotChecked) or not answers:
            continue
        if not trial.neighbour_mac or trial.neighbour_mac in answers:
            continue
        if not all(is_lost(item.outcome) for item in trial.asked):
            continue
        text = (
            f"frames for {neighbour.address} go to {trial.neighbour_mac} ({neighbour.state}), and "
            f"asked on {neighbour.interface} it answers from {' and '.join(answers)}"
        )
        remedy = (
            f"ip neigh del {neighbour.address} dev {neighbour.interface}, and look for who set it"
        )
        claim = on_this_host(Mechanism.NEIGHBOUR_FAILED, neighbour)
        return Fault(claim=claim, text=text, remedy=remedy)
    return None
