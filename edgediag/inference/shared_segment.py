"""A segment that one check's walk showed to lose packets, and who else suffers in it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from edgediag.inference.counts import Count, lost_of, own_trains
from edgediag.inference.ladders import ladders_of
from edgediag.locate.near import is_same_network
from edgediag.model.evidence import FlowEvidence
from edgediag.model.flow import Address, Protocol
from edgediag.model.path import Ladder
from edgediag.model.verdict import Claim

Service: TypeAlias = tuple[Address, Protocol]
"""All ports of a host over one protocol: what one train stands for."""

# So many that were counted, all alike, speak for a host that was not.
MANY = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What was measured of a segment.

    rule      that found it
    home      the destination of that check
    routers   behind the segment
    protocol  that alone suffers, None for all
    counted   behind the segment
    suffering  those of them that lose as much as the walked check does
    text      what was measured
    """

    rule: str
    claim: Claim
    home: Address
    routers: frozenset[Address]
    protocol: Protocol | None
    counted: Mapping[Service, Count]
    suffering: frozenset[Service]
    text: str
    remedy: str


def service_of(evidence: FlowEvidence) -> Service:
    """What a train of the check stands for."""
    return evidence.flow.destination, evidence.flow.protocol


def passes(evidence: FlowEvidence, home: Address, routers: frozenset[Address]) -> bool:
    """True if a check's packets go by these routers: its own walk, or a neighbour's, met one."""
    if is_same_network(evidence.flow.destination, home):
        return True
    return any(hop.sender in routers for item in _met(evidence) for hop in item.hops)


def _met(evidence: FlowEvidence) -> tuple[Ladder, ...]:
    """The ladders that tell which routers a check's packets meet.

    A walk that was lost on its way tells nothing of those beyond: then others into its network do.
    """
    walked = evidence.ladder
    if not isinstance(walked, Ladder):
        return ladders_of(evidence)
    is_lost = any(hop.sender is None for hop in walked.hops[-1:])
    return (walked, *(kin.ladder for kin in evidence.kin)) if is_lost else (walked,)


def counts_behind(
    flows: Iterable[FlowEvidence], home: Address, routers: frozenset[Address]
) -> dict[Service, Count]:
    """What was counted of each service behind these routers."""
    return {
        service_of(item): lost_of(own_trains(item))
        for item in flows
        if lost_of(own_trains(item))[1] and passes(item, home, routers)
    }


def suffers(evidence: FlowEvidence, shared: Shared) -> bool:
    """True if it was counted and suffers, or if nobody behind the segment is spared."""
    service = service_of(evidence)
    if shared.protocol not in (None, service[1]):
        return False
    if service in shared.counted:
        return service in shared.suffering
    protocols = {protocol for _, protocol in shared.suffering}
    is_general = len(shared.counted) >= MANY and shared.suffering == shared.counted.keys()
    is_alike = is_general and service[1] in protocols
    return is_alike and passes(evidence, shared.home, shared.routers)


def text_of(evidence: FlowEvidence, shared: Shared) -> str:
    """What was measured, as far as it concerns the check."""
    own = shared.counted.get(service_of(evidence))
    if own is None:
        return f"it shares a segment that spares no host of those counted: {shared.text}"
    return f"of {own[1]} questions to this host {own[0]} were lost, and {shared.text}"
