"""An uplink that is down or without carrier."""

from edgediag.inference.claim import finding, on_this_host
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import LinkObject
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState, Link
from edgediag.model.route import Route, RouteRefused
from edgediag.model.verdict import Certainty, Claim, Finding, Mechanism, Place

ID = "link-down"

# Kinds (IFLA_INFO_KIND) that carry a node's own address to the outside; "" is a physical device.
_UPLINK_KINDS = ("", "veth", "vlan", "bond", "team", "macvlan", "ipvlan")


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """The device that should carry the flow is down.

    Holds because   an address stays on a device that is set down while its routes go; if every
                    uplink with an address is down, the missing route is the consequence. A device
                    without carrier that is preferred to an uplink with one is this host's choice
    Does not hold   as a proof of this host where the only uplink has no carrier: a pulled cable
                    and a switch port that was shut are one picture. A spare device that is down
                    says nothing while another uplink with an address is up: then the missing route
                    is the cause
    Asks for        links, addresses, the route answer
    """
    link = _without_carrier(evidence) or _set_down(evidence, host)
    if link is None:
        return None
    state = "no carrier" if link.is_up else "down"
    culprit = LinkObject(interface=link.name, state=state)
    claim = on_this_host(Mechanism.LINK_DOWN, culprit)
    if link.is_up and not any(other.has_carrier for other in _others(link, host)):
        claim = _cut_off(evidence, culprit)
    text = f"the uplink {link.name} is {'up without carrier' if link.is_up else 'set down'}"
    remedy = (
        f"look at the cable, switch port or virtual port of {link.name}"
        if link.is_up
        else f"ip link set {link.name} up, then restore the routes that went with it"
    )
    return finding(ID, evidence, claim, (text, remedy, ()))


def _cut_off(evidence: FlowEvidence, culprit: LinkObject) -> Claim:
    gateway = evidence.route.gateway if isinstance(evidence.route, Route) else None
    return Claim(
        where=(Place.LOCAL, Place.ON_PATH),
        certainty=Certainty.AMBIGUOUS,
        after=None,
        upto=gateway,
        mechanism=Mechanism.LINK_DOWN,
        culprit=culprit,
    )


def _without_carrier(evidence: FlowEvidence) -> Link | None:
    if not isinstance(evidence.route, Route) or not isinstance(evidence.link, Link):
        return None
    return None if evidence.link.has_carrier else evidence.link


def _set_down(evidence: FlowEvidence, host: HostState) -> Link | None:
    if not isinstance(evidence.route, RouteRefused) or evidence.route.errno_name != "ENETUNREACH":
        return None
    uplinks = _uplinks(host)
    if any(link.is_up for link in uplinks):
        return None
    return uplinks[0] if uplinks else None


def _others(link: Link, host: HostState) -> list[Link]:
    return [other for other in _uplinks(host) if other.name != link.name]


def _uplinks(host: HostState) -> list[Link]:
    """The devices that can carry this host's own addresses outside, in the kernel's order."""
    if isinstance(host.links, NotChecked) or isinstance(host.addresses, NotChecked):
        return []
    addressed = {item.interface for item in host.addresses if not item.address.is_loopback}
    return [link for link in host.links if link.name in addressed and link.kind in _UPLINK_KINDS]
