"""Checks that were served share a segment of the path that loses packets."""

from collections.abc import Sequence

from edgediag.inference.counts import Count, lost_of, own_trains, trains_of
from edgediag.inference.losses import claim_of, is_lossy, loses_as_much, loss_begins
from edgediag.inference.share import CONFIDENCE_PERCENT, interval
from edgediag.inference.shared_segment import Shared, counts_behind, service_of
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.verdict import Certainty

ID = "shared-loss"


def judge_run(flows: Sequence[FlowEvidence], host: HostState) -> tuple[Shared, ...]:
    """Three tries hide the loss from a check that passes, and its traffic suffers all the same.

    Holds because   a walk of one check showed between which hops packets are lost, and the check
                    goes by there: its host is a neighbour, or a walk into its network met a router
                    behind it. What was counted of its host is likelier where so much is lost than
                    where nothing is wrong; a host of which nobody counted shares it where three
                    others were counted, one over its protocol, and none was spared. Where no walk
                    tells, what one port of a host loses the others lose too
    Does not hold   for a host that was counted and lost nothing, as where one port alone is lossy;
                    for other hosts where the loss may lie behind the last router
    Asks for        the trains of all checks, the walk of one, a walk into each network
    """
    lossy = [item for item in flows if is_lossy(lost_of(own_trains(item)))]
    found = [_shared(item, flows, host) for item in lossy]
    located = [item for item in found if item.claim.certainty is Certainty.BOUNDED]
    return (*located, *(item for item in found if item not in located))


def _shared(walked: FlowEvidence, flows: Sequence[FlowEvidence], host: HostState) -> Shared:
    home, own = service_of(walked), lost_of(own_trains(walked))
    segment = loss_begins(trains_of(walked), walked.target.check)
    claim = claim_of(segment, host)
    routers = segment.routers if segment is not None else frozenset()
    counted = {home: own}
    if claim.certainty is Certainty.BOUNDED:
        counted = counts_behind(flows, home[0], routers)
    shares = interval(*own)
    suffering = [service for service, count in counted.items() if loses_as_much(count, shares)]
    return Shared(
        rule=ID,
        claim=claim,
        home=home[0],
        routers=routers,
        protocol=None,
        counted=counted,
        suffering=frozenset(suffering),
        text=_text([counted[service] for service in suffering]),
        remedy="look for an overloaded or broken link; edgediag trace shows the loss hop by hop",
    )


def _text(counts: Sequence[Count]) -> str:
    lost, sent = (sum(part) for part in zip(*counts, strict=True))
    least, most = interval(lost, sent)
    return (
        f"of {sent} to {len(counts)} hosts that lose as much {lost}: between {least:.0%} and "
        f"{most:.0%} of all are lost, there or back, with {CONFIDENCE_PERCENT} % confidence"
    )
