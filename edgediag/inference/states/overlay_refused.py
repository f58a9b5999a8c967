"""A node that refuses what comes to the overlay's port, or a router that does so before it."""

from edgediag.inference.claim import at_destination, at_hop, lost_outside, one_of
from edgediag.inference.fault import Fault
from edgediag.inference.overlay_trials import listed_trials, outcome_of
from edgediag.meaning import has_left, is_rewritten
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Address
from edgediag.model.host import HostState
from edgediag.model.outcome import Answered
from edgediag.model.overlay_trial import OverlayForm, OverlayTrial
from edgediag.model.reply import IcmpKind, IcmpReply
from edgediag.model.verdict import Certainty, Claim, Landmark, Mechanism

ID = "overlay-refused"

# What tells of the frame's length or of its hops, and nothing of the port.
_NO_REFUSAL = (IcmpKind.TIME_EXCEEDED, IcmpKind.FRAGMENTATION_NEEDED, IcmpKind.OTHER)


def judge(destination: Address | None, host: HostState) -> Fault | None:
    """A frame to a node was answered with an ICMP error.

    Holds because   the error quotes the very frame; from the node's own address it says that
                    nothing takes frames on that port there, or that its own filter rejects them
    Does not hold   for frames that this host did not send as asked, and for errors of its own: a
                    node that cannot be resolved is another matter
    Asks for        the trial, the tap, this host's addresses
    source          RFC 1122 §3.2.2.1, §4.1.3.1 (port unreachable); RFC 1812 §5.2.7.1
    """
    own = set() if isinstance(host.addresses, NotChecked) else {
        entry.address for entry in host.addresses
    }
    for trial in listed_trials(host):
        outcome = outcome_of(trial, OverlayForm.PLAIN)
        if not isinstance(outcome, Answered) or not isinstance(outcome.reply, IcmpReply):
            continue
        reply = outcome.reply
        is_ours = reply.sender in own or not has_left(outcome) or is_rewritten(outcome)
        if is_ours or reply.kind in _NO_REFUSAL:
            continue
        return _fault(trial, reply, host)
    return None


def _fault(trial: OverlayTrial, reply: IcmpReply, host: HostState) -> Fault:
    port, peer = trial.port, trial.peer
    said = f"says {reply.kind.value} to what {trial.interface} would send to udp port {port}"
    if reply.sender != peer:
        text = f"{reply.sender} {said} of {peer}"
        remedy = f"ask whoever runs {reply.sender}"
        return Fault(claim=_claim(reply, host), text=text, remedy=remedy)
    mechanism = Mechanism.ICMP_UNREACHABLE
    if reply.kind is IcmpKind.ADMIN_PROHIBITED:
        mechanism = Mechanism.ADMIN_PROHIBITED
    return Fault(
        claim=at_destination(Landmark.EDGE, mechanism, Certainty.PROVEN),
        text=f"{peer} itself {said}",
        remedy=f"on {peer}: ip -d link show {trial.interface}; without a device that is up with "
        f"udp port {port} restart what makes it, else look at the firewall there",
    )


def _claim(reply: IcmpReply, host: HostState) -> Claim:
    if reply.kind is IcmpKind.ADMIN_PROHIBITED:
        return at_hop(reply.sender, Mechanism.ADMIN_PROHIBITED)
    # A router that cannot find the node and one that rejects its port use the same words.
    return one_of(lost_outside(host), Landmark.EDGE, Mechanism.ICMP_UNREACHABLE)
