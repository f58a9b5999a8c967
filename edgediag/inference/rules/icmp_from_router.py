"""An ICMP error in which a router names itself."""

from edgediag.inference.claim import LOST_OUTSIDE, at_destination, at_hop, finding, one_of
from edgediag.inference.drawn import Drawn, icmp_of, is_from_outside
from edgediag.inference.ladders import after_of, host_hop, ladders_of
from edgediag.model.answer import NotChecked
from edgediag.model.evidence import FlowEvidence
from edgediag.model.flow import Address
from edgediag.model.host import HostState
from edgediag.model.path import Ladder
from edgediag.model.reply import IcmpKind
from edgediag.model.verdict import Certainty, Claim, Finding, Mechanism, Place
from edgediag.path import is_expiry

ID = "icmp-from-router"

# Linux asks for a neighbour three times, a second apart, before it says "host unreachable"
# (net.ipv4.neigh.*.mcast_solicit, retrans_time_ms); a route failure is said at once.
_RESOLUTION_S = 0.9

_SAID_BY_HOSTS = (IcmpKind.PORT_UNREACHABLE, IcmpKind.PROTOCOL_UNREACHABLE)


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """A router refuses the flow, or cannot find the host behind it.

    Holds because   the error quotes the very probe and bears the router's address; if it says "host
                    unreachable" only after the time that address resolution takes, the router is
                    the last one and the host does not answer it
    Does not hold   for packets that never left; an expired hop limit is distance, not blame; an
                    error from the destination or this host is another matter. "Port unreachable" is
                    what hosts say, and so do filters: from an address that is no router on the way
                    it may come from behind the destination's address as well
    Asks for        the attempts, the ladder; where routers were asked too much, those of its kin
    source          RFC 792; RFC 1812 §5.2.7.1
    """
    drawn = icmp_of(evidence)
    if drawn is None or drawn.reply.kind is IcmpKind.TIME_EXCEEDED:
        return None
    if not is_from_outside(drawn, evidence):
        return None
    reply = drawn.reply
    if _is_an_end(reply.sender, evidence, host):
        return None
    claim = _claim(evidence, drawn)
    whose = f"a probe of {drawn.kin}, lost on the same path" if drawn.kin else "the probe"
    protocol = "ICMPv6" if reply.sender.version == 6 else "ICMP"
    text = (
        f"router {reply.sender} says {reply.kind.value} ({protocol} type {reply.type_} code "
        f"{reply.code}) after {drawn.rtt_s:.3f} s, quoting {whose}"
    )
    remedy = f"ask whoever runs {reply.sender}"
    if claim.where == (Place.REMOTE,):
        remedy = f"is {evidence.flow.destination} up? its last router cannot resolve it"
    return finding(ID, evidence, claim, (text, remedy, drawn.packets))


def _is_an_end(sender: Address, evidence: FlowEvidence, host: HostState) -> bool:
    own = () if isinstance(host.addresses, NotChecked) else host.addresses
    return sender == evidence.flow.destination or sender in {item.address for item in own}


def _claim(evidence: FlowEvidence, drawn: Drawn) -> Claim:
    reply = drawn.reply
    if reply.kind is IcmpKind.ADMIN_PROHIBITED:
        return at_hop(reply.sender, Mechanism.ADMIN_PROHIBITED)
    is_late = reply.kind is IcmpKind.HOST_UNREACHABLE and drawn.rtt_s >= _RESOLUTION_S
    if is_late and not drawn.kin and _may_be_last(evidence, reply.sender):
        return at_destination(reply.sender, Mechanism.ICMP_UNREACHABLE, Certainty.PROVEN)
    if reply.kind in _SAID_BY_HOSTS and not _is_router(evidence, reply.sender):
        return one_of(LOST_OUTSIDE, after_of(evidence), Mechanism.ICMP_UNREACHABLE)
    return at_hop(reply.sender, Mechanism.ICMP_UNREACHABLE)


def _is_router(evidence: FlowEvidence, sender: Address) -> bool:
    walked = [*ladders_of(evidence), *(control.ladder for control in evidence.controls)]
    return any(hop.sender == sender and is_expiry(hop) for ladder in walked for hop in ladder.hops)


def _may_be_last(evidence: FlowEvidence, router: Address) -> bool:
    known = host_hop(evidence)
    if known is None or not isinstance(evidence.ladder, Ladder):
        return True
    at = [hop.distance for hop in evidence.ladder.hops if hop.sender == router]
    return not at or min(at) + 1 >= known.distance
