"""Checks that were served share a segment of the path that limits new connections."""

from collections.abc import Sequence

from edgediag.inference.claim import between
from edgediag.inference.counts import lost_of, own_trains, trains_of
from edgediag.inference.limits import at_two_paces, is_spared, limit_begins, routers_behind
from edgediag.inference.shared_segment import Shared, counts_behind
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.verdict import Mechanism

ID = "shared-limit"


def judge_run(flows: Sequence[FlowEvidence], host: HostState) -> tuple[Shared, ...]:
    """Which question of a burst a limit lets through is chance: one that was served meets it too.

    Holds because   at one check the pace decides what is lost, and a walk showed behind which hop;
                    the check is of the same protocol and goes by there, and of quick questions to
                    its host so many more are lost than of the slow ones to the other that chance
                    does it in one run of a hundred. A host of which nobody counted shares it where
                    three others were counted and none was spared
    Does not hold   for a host whose quick questions are answered; for another protocol; where
                    nobody knows behind which hop the limit begins
    Asks for        the trains of all checks, the walk of one
    """
    return tuple(shared for item in flows if (shared := _shared(item, flows)) is not None)


def _shared(walked: FlowEvidence, flows: Sequence[FlowEvidence]) -> Shared | None:
    trains, name = trains_of(walked), walked.target.check
    begins = limit_begins(trains, name)
    paces = next(iter(at_two_paces(own_trains(walked))), None)
    if begins is None or paces is None:
        return None
    quick, slow = paces
    routers = routers_behind(trains, name, begins[1])
    counted = counts_behind(flows, walked.flow.destination, routers)
    suffering = [
        service
        for service, count in counted.items()
        if service[1] is quick.protocol
        and is_spared(lost_of([slow]), count)
    ]
    return Shared(
        rule=ID,
        claim=between(*begins, Mechanism.RATE_LIMIT),
        home=walked.flow.destination,
        routers=routers,
        protocol=quick.protocol,
        counted={item: count for item, count in counted.items() if item[1] is quick.protocol},
        suffering=frozenset(suffering),
        text=(
            f"of {slow.sent} slow ones to {quick.destination} {slow.sent - slow.answered}: "
            "the pace decides"
        ),
        remedy="raise the limit on new connections or packets; compare runs with a lower --rate",
    )
