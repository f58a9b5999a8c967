"""What is sent quickly is lost, and what is sent slowly is not."""

from edgediag.inference.claim import between, finding, lost_outside, one_of
from edgediag.inference.counts import trains_of
from edgediag.inference.ladders import ladders_of
from edgediag.inference.limits import at_two_paces, limit_begins
from edgediag.inference.reading import is_intermittent, is_lost
from edgediag.meaning import decisive, is_answered_well
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.train import Train
from edgediag.model.verdict import Claim, Finding, Landmark, Mechanism

ID = "rate-limit"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """Somebody limits how many of these packets pass in a second.

    Holds because   the same question was sent at two paces: of the quick ones so many more were
                    lost than of the slow ones that chance does it in one run of a hundred. Of a
                    flow that was silent and then served, the trains of the same protocol to another
                    host say so as well. Quick ones that expire are all answered in front of the
                    limit, and behind it echoes are and they are not
    Does not hold   where both paces lose alike: that is loss; nor for a flow that stayed silent
                    when it was asked alone
    Asks for        two trains of one check at different paces
    """
    works = is_answered_well(decisive(evidence.attempts))
    if not works and not (is_lost(evidence) and is_intermittent(evidence)):
        return None
    trains = [train for train in trains_of(evidence) if _is_alike(train, evidence)]
    for quick, slow in at_two_paces(trains):
        if works and quick.check != evidence.target.check:
            continue
        text = (
            f"of {quick.sent} {quick.protocol.value} questions to {quick.destination}, one each "
            f"{quick.spacing_s * 1000:.0f} ms, {quick.sent - quick.answered} were lost, and of "
            f"{slow.sent}, one each {slow.spacing_s * 1000:.0f} ms, {slow.sent - slow.answered}: "
            "the pace decides"
        )
        remedy = "raise the limit on new connections or packets; compare runs with a lower --rate"
        packets = tuple(sorted({*quick.packets, *slow.packets}))
        claim = _claim(evidence, quick.check, host)
        return finding(ID, evidence, claim, (text, remedy, packets))
    return None


def _is_alike(train: Train, evidence: FlowEvidence) -> bool:
    here = evidence.flow
    is_version = train.destination.version == here.destination.version
    return train.protocol is here.protocol and is_version


def _claim(evidence: FlowEvidence, check: str, host: HostState) -> Claim:
    """Where a limit lies that was walked for a check; of another's only what is on this path."""
    begins = limit_begins(trains_of(evidence), check)
    hops = {Landmark.EDGE, *(hop.sender for item in ladders_of(evidence) for hop in item.hops)}
    if begins is None or (check != evidence.target.check and begins[0] not in hops):
        return one_of(lost_outside(host), None, Mechanism.RATE_LIMIT)
    return between(*begins, Mechanism.RATE_LIMIT)
