"""A probe with a full hop limit that expired."""

from edgediag.inference.claim import between, finding
from edgediag.inference.drawn import icmp_of
from edgediag.inference.ladders import ladders_of
from edgediag.inference.rules.hop_limit_too_small import DEFAULT_HOP_LIMIT
from edgediag.inference.sysctls import number_of
from edgediag.model.evidence import FlowEvidence
from edgediag.model.flow import Address
from edgediag.model.host import HostState
from edgediag.model.path import Ladder
from edgediag.model.reply import IcmpKind
from edgediag.model.verdict import Finding, Mechanism
from edgediag.plan import HOP_LIMIT

ID = "routing-loop"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """Routers pass the packet round in a circle.

    Holds because   a hop limit of 64 is used up on no real path; where the ladder meets the same
                    address twice, the circle begins there
    Does not hold   for the rungs of a ladder, which are meant to expire, nor where this host's own
                    packets start with less
    Asks for        the attempts, the ladder, the sysctl
    source          RFC 1812 §5.3.1
    """
    drawn = icmp_of(evidence)
    if drawn is None or drawn.reply.kind is not IcmpKind.TIME_EXCEEDED:
        return None
    if (number_of(host, DEFAULT_HOP_LIMIT) or HOP_LIMIT) < HOP_LIMIT:
        return None
    sender = drawn.reply.sender
    first, second = _circle(ladders_of(evidence)) or (sender, sender)
    text = f"a probe with hop limit {HOP_LIMIT} expired at {sender}: {first} and {second} loop"
    remedy = f"ask whoever runs {first} and {second}: their routes point at each other"
    claim = between(first, second, Mechanism.ROUTING_LOOP)
    return finding(ID, evidence, claim, (text, remedy, drawn.packets))


def _circle(ladders: tuple[Ladder, ...]) -> tuple[Address, Address] | None:
    for ladder in ladders:
        senders = [hop.sender for hop in ladder.hops if hop.sender is not None]
        for index, sender in enumerate(senders):
            if sender in senders[index + 1 :] and index + 1 < len(senders):
                return sender, senders[index + 1]
    return None
