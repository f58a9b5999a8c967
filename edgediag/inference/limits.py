"""Where a limit begins, read out of trains that expire."""

from edgediag.inference.ladders import ladders_of
from edgediag.inference.share import chance_of_so_few
from edgediag.model.answer import NotChecked
from edgediag.model.evidence import FlowEvidence
from edgediag.model.flow import Address, Protocol
from edgediag.model.train import Train
from edgediag.model.verdict import Landmark, Locus

# Of a hundred walks that meet no limit, one may be read as if it did.
_CHANCE = 0.01


def limit_begins(evidence: FlowEvidence, check: str) -> tuple[Locus, Address] | None:
    """The last hop in front of the limit and the first behind it, None where the walk cannot tell.

    In front of it a router answers all questions; all that are behind it together answer far fewer
    of them than of the echoes beside them. A router that answers no echo either tells nothing.
    Where one answers all behind one that does not, the limit is somewhere about both. Of another
    check's walk only what lies on the path of this one counts.
    """
    pairs = [(question, echo) for question, echo in _pairs(evidence, check) if echo.answered]
    whole = [question.sent > 0 and question.answered == question.sent for question, _ in pairs]
    front = whole.index(False) if False in whole else len(whole)
    last = max((place for place, is_whole in enumerate(whole) if is_whole), default=-1)
    behind = pairs[last + 1 :]
    if not behind or not _is_limited(behind):
        return None
    after: Locus = (_router(pairs[front - 1][0]) if front else None) or Landmark.EDGE
    upto = _router(behind[0][1])
    is_on_path = check == evidence.target.check or after in _own_hops(evidence)
    return (after, upto) if upto is not None and is_on_path else None


def _own_hops(evidence: FlowEvidence) -> set[Locus]:
    return {Landmark.EDGE, *(hop.sender for item in ladders_of(evidence) for hop in item.hops)}


def _router(train: Train) -> Address | None:
    return None if isinstance(train.expired_at, NotChecked) else train.expired_at


def _is_limited(behind: list[tuple[Train, Train]]) -> bool:
    questions, echoes = (
        (sum(train.sent - train.answered for train in kind), sum(train.sent for train in kind))
        for kind in zip(*behind, strict=True)
    )
    return chance_of_so_few(echoes, questions) <= _CHANCE


def _pairs(evidence: FlowEvidence, check: str) -> list[tuple[Train, Train]]:
    trains = () if isinstance(evidence.trains, NotChecked) else evidence.trains
    walked = [
        train
        for train in trains
        if train.check == check and not isinstance(train.hop_limit, NotChecked)
    ]
    questions = [train for train in walked if train.protocol is not Protocol.ICMP]
    echoes = [train for train in walked if train.protocol is Protocol.ICMP]
    return list(zip(questions, echoes, strict=False))
