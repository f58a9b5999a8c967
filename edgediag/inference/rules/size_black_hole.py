"""A long packet is lost without a word where a short one is not."""

from edgediag.inference.claim import ANYWHERE, finding, on_this_host, one_of
from edgediag.inference.forms import (
    is_form_lost,
    is_served,
    packets_of_form,
    reached,
    router_beyond,
    varied,
    where_lost,
)
from edgediag.inference.reading import met_loss
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import MtuObject
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.path import Ladder
from edgediag.model.reply import IcmpReply
from edgediag.model.variation import Change, Variation
from edgediag.model.verdict import Claim, Finding, Landmark, Mechanism, Place
from edgediag.path import hop_at, is_expiry

ID = "size-black-hole"

# What an Ethernet carries that nobody has set up otherwise.
_USUAL_MTU = 1500


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """The path carries less than this node's device believes, and does not say so.

    Holds because   the question padded to the device's MTU left and was lost, however often it was
                    asked, while the same in a smaller size is answered on the same flow, and nobody
                    says "fragmentation needed". Where the first hop answers the smaller size and
                    not one beyond an Ethernet's 1500 octets, that is this device's setting: its own
                    network does not carry it. Where no hop answers either, nothing says where
    Does not hold   where a router reports the smaller size, be it on the walk, or refuses the
                    packet in any other way: then senders adapt. Nor in a run that lost packets of
                    others
    Asks for        the sizes tried, the walk in the greatest, the MTU of the device
    source          RFC 2923 §2.1
    """
    sizes = varied(evidence, Change.SIZE)
    passing = max((item.octets for item in sizes if is_served(item)), default=0)
    lost = [item for item in sizes if is_form_lost(item) and not _is_refused(item)]
    too_long = [item for item in lost if item.octets > passing]
    if met_loss(evidence) or not passing or not too_long:
        return None
    variation = too_long[0]
    text = (
        f"packets of {variation.octets} octets on this flow are lost without a word and those of "
        f"{passing} are answered; the long ones are carried to hop {reached(variation)}"
    )
    remedy = f"set the MTU to {passing}, or ask whoever runs the path to report the smaller size"
    claim = _claim(evidence, host, variation, passing)
    return finding(ID, evidence, claim, (text, remedy, packets_of_form(variation)))


def _is_refused(variation: Variation) -> bool:
    """True if a router said on the walk that it does not carry the size, or the packet."""
    hops = variation.ladder.hops if isinstance(variation.ladder, Ladder) else ()
    return any(isinstance(hop.reply, IcmpReply) and not is_expiry(hop) for hop in hops)


def _claim(
    evidence: FlowEvidence, host: HostState, variation: Variation, passing: int
) -> Claim:
    if reached(variation):
        return where_lost(variation, Mechanism.PMTU_BLACKHOLE, host)
    if router_beyond(variation) is None:
        return one_of(ANYWHERE, None, Mechanism.PMTU_BLACKHOLE)
    link = evidence.link
    is_beyond_usual = passing >= _USUAL_MTU and _is_first_known(variation)
    if not is_beyond_usual or isinstance(link, NotChecked):
        return one_of((Place.LOCAL, Place.ON_PATH), Landmark.EDGE, Mechanism.PMTU_BLACKHOLE)
    return on_this_host(Mechanism.MTU, MtuObject(interface=link.name, octets=link.mtu))


def _is_first_known(variation: Variation) -> bool:
    """True if the first hop answers the question as it is: one that never does tells nothing."""
    control = variation.control
    first = hop_at(control, 1) if isinstance(control, Ladder) else None
    return first is not None and is_expiry(first)
