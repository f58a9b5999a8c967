"""Packets of the check's own question are lost at times, counted."""

from edgediag.inference.claim import finding, lost_outside, one_of
from edgediag.inference.share import CONFIDENCE_PERCENT, interval
from edgediag.model.answer import NotChecked
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.verdict import Finding, Mechanism

ID = "counted-loss"

# The least share that must be lost for certain: TCP and IKE bear less than this.
_LEAST_SHARE = 0.03


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """So many packets are lost that a tunnel suffers, though the check passes.

    Holds because   the question of this very check was sent many times, each once, and even the
                    least share that the count leaves likely is more than protocols bear
    Does not hold   for a few lost ones, which chance explains; for a check of which nobody counted
    Asks for        the trains of this check
    """
    trains = () if isinstance(evidence.trains, NotChecked) else evidence.trains
    own = [
        train
        for train in trains
        if train.check == evidence.target.check and isinstance(train.hop_limit, NotChecked)
    ]
    sent = sum(train.sent for train in own)
    if not sent:
        return None
    lost = sent - sum(train.answered for train in own)
    least, most = interval(lost, sent)
    if least < _LEAST_SHARE or lost == sent:
        return None
    text = (
        f"of {sent} questions, each sent once, {lost} were not answered: between {least:.0%} and "
        f"{most:.0%} of all are lost, there or back, with {CONFIDENCE_PERCENT} % confidence"
    )
    remedy = "look for an overloaded or broken link; edgediag trace shows the loss hop by hop"
    claim = one_of(lost_outside(host), None, Mechanism.LOSS)
    packets = tuple(sorted({number for train in own for number in train.packets}))
    return finding(ID, evidence, claim, (text, remedy, packets))
