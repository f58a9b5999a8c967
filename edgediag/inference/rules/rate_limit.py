"""What is sent quickly is lost, and what is sent slowly is not."""

from edgediag.inference.claim import between, finding, lost_outside, one_of
from edgediag.inference.limits import limit_begins
from edgediag.inference.reading import is_intermittent, is_lost
from edgediag.inference.share import chance_of_so_few
from edgediag.meaning import decisive, is_answered_well
from edgediag.model.answer import NotChecked
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.train import Train
from edgediag.model.verdict import Finding, Mechanism

ID = "rate-limit"

# Of a hundred runs in which loss does not depend on the pace, one may be called a limit.
_CHANCE = 0.01


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
    for quick, slow in _pairs(evidence):
        if works and quick.check != evidence.target.check:
            continue
        if chance_of_so_few(_lost(slow), _lost(quick)) > _CHANCE:
            continue
        text = (
            f"of {quick.sent} {quick.protocol.value} questions to {quick.destination}, one each "
            f"{quick.spacing_s * 1000:.0f} ms, {_lost(quick)[0]} were lost, and of {slow.sent}, "
            f"one each {slow.spacing_s * 1000:.0f} ms, {_lost(slow)[0]}: the pace decides"
        )
        remedy = "raise the limit on new connections or packets; compare runs with a lower --rate"
        begins = limit_begins(evidence, quick.check)
        claim = one_of(lost_outside(host), None, Mechanism.RATE_LIMIT)
        if begins is not None:
            claim = between(*begins, Mechanism.RATE_LIMIT)
        packets = tuple(sorted({*quick.packets, *slow.packets}))
        return finding(ID, evidence, claim, (text, remedy, packets))
    return None


def _pairs(evidence: FlowEvidence) -> list[tuple[Train, Train]]:
    trains = () if isinstance(evidence.trains, NotChecked) else evidence.trains
    here = [
        train
        for train in trains
        if train.protocol is evidence.flow.protocol and isinstance(train.hop_limit, NotChecked)
    ]
    return [
        (quick, slow)
        for quick in here
        for slow in here
        if quick.check == slow.check and quick.spacing_s < slow.spacing_s
    ]


def _lost(train: Train) -> tuple[int, int]:
    return train.sent - train.answered, train.sent
