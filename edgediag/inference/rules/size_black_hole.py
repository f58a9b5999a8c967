"""A long packet is lost without a word where a short one is not."""

from edgediag.inference.claim import finding, on_this_host, one_of
from edgediag.inference.forms import (
    is_form_lost,
    is_served,
    packets_of_form,
    reached,
    varied,
    where_lost,
)
from edgediag.model.culprit import MtuObject
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState, Link
from edgediag.model.variation import Change, Variation
from edgediag.model.verdict import Claim, Finding, Landmark, Mechanism, Place

ID = "size-black-hole"

# What an Ethernet carries that nobody has set up otherwise.
_USUAL_MTU = 1500


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """The path carries less than this node's device believes, and does not say so.

    Holds because   the question padded to the device's MTU left and was lost, however often it was
                    asked, while the same in a smaller size is answered on the same flow, and nobody
                    says "fragmentation needed". Where not even the first hop answers a size beyond
                    an Ethernet's 1500 octets, that is this device's setting: its own network does
                    not carry it
    Does not hold   where a router reports the smaller size, or refuses the packet in any other way:
                    then senders adapt. Nor in a run that lost packets of others
    Asks for        the sizes tried, the walk in the greatest, the MTU of the device
    source          RFC 2923 §2.1
    """
    sizes = varied(evidence, Change.SIZE)
    passing = max((item.octets for item in sizes if is_served(item)), default=0)
    too_long = [item for item in sizes if is_form_lost(item) and item.octets > passing]
    if evidence.surroundings.is_lossy or not passing or not too_long:
        return None
    variation = too_long[0]
    text = (
        f"packets of {variation.octets} octets on this flow are lost without a word and those of "
        f"{passing} are answered; the long ones are carried to hop {reached(variation)}"
    )
    remedy = f"set the MTU to {passing}, or ask whoever runs the path to report the smaller size"
    claim = _claim(evidence, variation, passing)
    return finding(ID, evidence, claim, (text, remedy, packets_of_form(variation)))


def _claim(evidence: FlowEvidence, variation: Variation, passing: int) -> Claim:
    if reached(variation) or not isinstance(evidence.link, Link):
        return where_lost(variation, Mechanism.PMTU_BLACKHOLE)
    if passing < _USUAL_MTU:
        return one_of((Place.LOCAL, Place.ON_PATH), Landmark.EDGE, Mechanism.PMTU_BLACKHOLE)
    culprit = MtuObject(interface=evidence.link.name, octets=evidence.link.mtu)
    return on_this_host(Mechanism.MTU, culprit)
