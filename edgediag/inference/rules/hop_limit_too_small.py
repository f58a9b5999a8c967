"""Packets of this host that expire before they arrive, because they start with too little."""

from edgediag.inference.claim import finding, on_this_host
from edgediag.inference.ladders import ladder_packets, ladders_of
from edgediag.inference.reading import outcome_of
from edgediag.inference.sysctls import number_of
from edgediag.locate.near import is_same_network
from edgediag.meaning import has_left, is_answered_by
from edgediag.model.culprit import SysctlObject
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.path import Ladder
from edgediag.model.probe import Way
from edgediag.model.verdict import Finding, Mechanism
from edgediag.path import is_expiry

ID = "hop-limit-too-small"

DEFAULT_HOP_LIMIT = "net.ipv4.ip_default_ttl"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """The kernel's own packets start with a hop limit that the way is longer than.

    Holds because   the sysctl gives every socket its hop limit, and our own probes, which carry
                    another, met the destination farther away than that, or a router at that
                    distance or beyond: the kernel's packet expired there at the latest
    Does not hold   for what was sent with a hop limit of our own, for what the destination itself
                    answered, be it only to refuse, or where the same router was met twice: in a
                    circle no hop limit suffices; and in IPv6, where another sysctl is read
    Asks for        the sysctl, the ladder
    source          RFC 791 §3.2; ip(7), ip_default_ttl
    """
    outcome = outcome_of(evidence)
    limit = number_of(host, DEFAULT_HOP_LIMIT)
    if limit is None or outcome.probe.way is not Way.SOCKET:
        return None
    destination = evidence.flow.destination
    if destination.version != 4:
        return None
    if not has_left(outcome) or is_answered_by(outcome, destination):
        return None
    ladders = [
        ladder
        for ladder in ladders_of(evidence)
        if is_same_network(ladder.flow.destination, destination)
    ]
    farthest = max(map(_length, ladders), default=0)
    if farthest <= limit:
        return None
    text = (
        f"the kernel sends with a hop limit of {limit} ({DEFAULT_HOP_LIMIT}), and {destination} is "
        f"at least {farthest} hops away"
    )
    remedy = f"sysctl -w {DEFAULT_HOP_LIMIT}=64, and look in /etc/sysctl.d for who set it"
    sysctl = SysctlObject(key=DEFAULT_HOP_LIMIT, value=str(limit))
    claim = on_this_host(Mechanism.LOCAL_DROP, sysctl)
    return finding(ID, evidence, claim, (text, remedy, ladder_packets(ladders)))


def _length(ladder: Ladder) -> int:
    """How many hops the destination is away at least, 0 where that is not known."""
    routers = [hop.sender for hop in ladder.hops if is_expiry(hop)]
    if len(set(routers)) < len(routers):
        return 0
    beyond = [hop.distance + 1 for hop in ladder.hops if is_expiry(hop)]
    named = [hop.distance for hop in ladder.hops if hop.sender == ladder.flow.destination]
    return max([*beyond, *named], default=0)
