"""Packets of the check's own question are lost at times, counted."""

from edgediag.inference.claim import finding
from edgediag.inference.counts import lost_of, own_trains, trains_of
from edgediag.inference.losses import claim_of, is_lossy, loss_begins
from edgediag.inference.share import CONFIDENCE_PERCENT, interval
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.verdict import Finding

ID = "counted-loss"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """So many packets are lost that a tunnel suffers, though the check passes.

    Holds because   the question of this very check was sent many times, each once, and even the
                    least share that the count leaves likely is more than protocols bear. Where the
                    question expired at every router as well, the loss begins behind the last one
                    that answered all
    Does not hold   for a few lost ones, which chance explains; for a check of which nobody counted
    Asks for        the trains of this check, those that expire on the way among them
    """
    own = own_trains(evidence)
    lost, sent = count = lost_of(own)
    if not is_lossy(count):
        return None
    least, most = interval(lost, sent)
    text = (
        f"of {sent} questions, each sent once, {lost} were not answered: between {least:.0%} and "
        f"{most:.0%} of all are lost, there or back, with {CONFIDENCE_PERCENT} % confidence"
    )
    reordered = sum(train.reordered for train in own)
    if reordered:
        text += f"; {reordered} answers came in behind that of a later question"
    remedy = "look for an overloaded or broken link; edgediag trace shows the loss hop by hop"
    claim = claim_of(loss_begins(trains_of(evidence), evidence.target.check), host)
    packets = tuple(sorted({number for train in own for number in train.packets}))
    return finding(ID, evidence, claim, (text, remedy, packets))
