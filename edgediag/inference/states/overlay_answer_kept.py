"""A frame that came in and did not come out of the overlay's device."""

from edgediag.inference.claim import at_destination, lost_outside, on_this_host, one_of
from edgediag.inference.fault import Fault
from edgediag.inference.flannel_devices import as_culprit
from edgediag.inference.overlay_trials import device_of, is_as_agreed, listed_trials, outcome_of
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Address
from edgediag.model.host import HostState
from edgediag.model.outcome import Answered
from edgediag.model.overlay import VxlanDevice
from edgediag.model.overlay_trial import OverlayForm, OverlayTrial
from edgediag.model.packet import Sighting, UdpChecksum
from edgediag.model.probe import NO_OVERLAY
from edgediag.model.reply import TunnelledEcho
from edgediag.model.verdict import Certainty, Claim, Landmark, Mechanism, Place

ID = "overlay-answer-kept"


def judge(destination: Address | None, host: HostState) -> Fault | None:
    """The answer of a node came to this host, and its overlay did not get it.

    Holds because   the tap saw the frame come in, and the echo inside did not show on the device
                    that takes frames of this VNI and port; a checksum that is wrong on the wire is
                    why the kernel drops it, and so is a MAC inside that the device does not have:
                    this node's own object, from which the peers know it, says whose MAC is the old
                    one, and without it either may be
    Does not hold   where the device has another VNI or port: then that is what keeps it out; nor as
                    a place where the checksum is wrong: the node or whatever rewrites its frames on
                    the way may have made it so
    Asks for        the trial, the tap on both devices, the checksum of the frame, this node's own
                    object
    source          flannel-io/flannel issues 1279, 1863 and 1266 (UDP: bad checksum);
                    Documentation/troubleshooting.md (tx-checksum-ip-generic)
    """
    for trial in listed_trials(host):
        outcome = outcome_of(trial, OverlayForm.PLAIN)
        if not isinstance(outcome, Answered) or not isinstance(outcome.reply, TunnelledEcho):
            continue
        reply, arrived = outcome.reply, _arrived(outcome)
        if reply.is_bare or not arrived or trial.interface in arrived:
            continue
        if device_of(trial, host) is not None and is_as_agreed(trial, host):
            return _fault(trial, arrived[0], reply, host)
    return None


def _arrived(outcome: Answered) -> tuple[str, ...]:
    return tuple(seen.interface for seen in outcome.seen if seen.sighting is Sighting.TAP_IN)


def _mac_asked_from(trial: OverlayTrial) -> str:
    plain = outcome_of(trial, OverlayForm.PLAIN)
    inside = NO_OVERLAY if plain is None else plain.probe.encapsulation
    return "" if isinstance(inside, NotChecked) else inside.source_mac


def _fault(
    trial: OverlayTrial, interface: str, reply: TunnelledEcho, host: HostState
) -> Fault:
    peer, name = trial.peer, trial.interface
    came = f"a frame of {peer} came in by {interface}"
    if reply.checksum is UdpChecksum.WRONG:
        return Fault(
            claim=one_of(lost_outside(host), Landmark.EDGE, Mechanism.CHECKSUM_OFFLOAD),
            text=f"{came} with a UDP checksum that is wrong, so the kernel dropped it",
            remedy=f"on {peer}: ethtool -K {name} tx-checksum-ip-generic off",
        )
    own = _mac_asked_from(trial)
    device = device_of(trial, host)
    if own and reply.mac != own and device is not None:
        claim, remedy = _stray(trial, device, (own, reply.mac), host)
        return Fault(
            claim=claim,
            text=f"{came} for {reply.mac}, and {name} has {own}, so it takes the frame for another "
            "host's",
            remedy=remedy,
        )
    return Fault(
        claim=on_this_host(Mechanism.LOCAL_DROP, None),
        text=f"{came} and did not come out of {name}: something of this host drops it in between",
        remedy="look at what may drop it: XDP and tc on the device, nft list ruleset, nstat -az "
        "UdpInCsumErrors",
    )


def _stray(
    trial: OverlayTrial, device: VxlanDevice, macs: tuple[str, str], host: HostState
) -> tuple[Claim, str]:
    """Which side has the old MAC, and what to do there; `macs` are the device's, the frame's."""
    ends = () if isinstance(host.node_ends, NotChecked) else host.node_ends
    stated = {end.mac for end in ends if not end.node}
    own, meant = (mac in stated for mac in macs)
    here = (
        "keep systemd from giving the device a MAC (MACAddressPolicy=none in a .link file), and "
        "restart what makes it"
    )
    there = (
        f"on {trial.peer}: ip neigh show dev {trial.interface} has {macs[1]} for this node; "
        "restart what writes it"
    )
    mechanism = Mechanism.VXLAN_MISMATCH
    if own and not meant:
        return at_destination(Landmark.EDGE, mechanism, Certainty.BOUNDED), there
    if meant and not own:
        return on_this_host(mechanism, as_culprit(device)), here
    return one_of((Place.LOCAL, Place.REMOTE), Landmark.EDGE, mechanism), f"{here}; or {there}"
